from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from conftest import ROOT, Run, make_model

from smclassify.artifact import save_model

if TYPE_CHECKING:
    from pathlib import Path

COMMANDS = ["classify", "explain", "batch", "review", "define", "info", "train", "evaluate", "diff"]


def test_version(run: Run) -> None:
    from smclassify import __version__

    assert run("--version").out == f"smclassify {__version__}\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_help_ends_with_examples(run: Run, command: str) -> None:
    done = run(command, "--help")
    assert done.code == 0
    assert "Examples:\n" in done.out
    assert f"smclassify {command}" in done.out.split("Examples:")[1]


def test_without_a_command_the_help_is_shown(run: Run) -> None:
    done = run()
    assert (done.code, done.out) == (2, "")
    assert all(command in done.err for command in COMMANDS)


# --- classify ------------------------------------------------------------------------------------------------------


def test_classify(run: Run) -> None:
    done = run("classify", "cold call", "SEO audit")
    assert (done.code, done.err) == (0, "")
    answers = [line.split("\t") for line in done.out.splitlines()]
    assert [answer[:2] + answer[3:5] for answer in answers] == [
        ["cold call", "sales", "ok", "cold-outreach"],
        ["SEO audit", "marketing", "ok", "seo"],
    ]
    assert all(0.5 < float(answer[2]) <= 1 for answer in answers)
    assert answers[0][5].startswith("First contact with a particular person")


def test_classify_json(run: Run) -> None:
    done = run("classify", "--json", "cold call", "naïve [b]text")
    first, second = map(json.loads, done.out.splitlines())
    assert (first["label"], first["activity"], first["definition"]["name"]) == (
        "sales",
        "cold-outreach",
        "Cold outreach",
    )
    assert first["label_definition"]["relationship"].startswith("one-to-one")
    assert sum(first["scores"].values()) == pytest.approx(1, abs=1e-5)
    assert second["text"] == "naïve [b]text"


PIPES = [
    pytest.param(b"cold call\nSEO audit\n", ["sales", "marketing"], id="lines"),
    pytest.param(b"cold call\r\nSEO audit", ["sales", "marketing"], id="CRLF and no final newline"),
    pytest.param(b"\xef\xbb\xbfcold call\n", ["sales"], id="byte order mark"),
    pytest.param(b"cold call\n\nSEO audit\n", ["sales", "", "marketing"], id="blank line"),
    pytest.param(b"", [], id="empty"),
]


@pytest.mark.parametrize("arguments", [("classify",), ("classify", "-")], ids=["no argument", "hyphen"])
@pytest.mark.parametrize(("content", "labels"), PIPES)
def test_classify_a_pipe(run: Run, arguments: tuple[str, ...], content: bytes, labels: list[str]) -> None:
    done = run(*arguments, stdin=content)
    assert (done.code, done.err) == (0, "")
    assert [line.split("\t")[1] for line in done.out.splitlines()] == labels
    assert {line.split("\t")[0] for line in done.out.splitlines()} <= {"cold call", "SEO audit", ""}


def test_classify_many_lines(run: Run) -> None:
    done = run("classify", stdin="cold call\nSEO audit\n" * 3000)
    assert [line.split("\t")[1] for line in done.out.splitlines()] == ["sales", "marketing"] * 3000


def test_texts_and_a_pipe(run: Run) -> None:
    done = run("classify", "SEO audit", "-", "follow-up call", stdin="cold call\n")
    assert [line.split("\t")[0] for line in done.out.splitlines()] == ["SEO audit", "cold call", "follow-up call"]


def test_a_text_that_starts_with_a_hyphen(run: Run) -> None:
    done = run("classify", "-50% campaign")
    assert done.code == 2
    assert "goes after --, as in: smclassify classify -- '-50% campaign'" in done.err
    assert run("classify", "--", "-50% campaign").code == 0


def test_hostile_text_is_shown_not_sent(run: Run) -> None:
    done = run("classify", "\x1b[31mred [/x] :smile:\u202e")
    assert done.out.startswith(r"\x1b[31mred [/x] :smile:\u202e")


# --- explain -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [["explain"], ["classify", "--explain"]], ids=" ".join)
def test_explain(run: Run, command: list[str]) -> None:
    done = run(*command, "cold call", "discuss next steps")
    assert (done.code, done.err) == (0, "")
    lines = [line.split("\t") for line in done.out.splitlines()]
    assert [line[:3] for line in lines if line[0] == "answer"] == [
        ["answer", "cold call", "sales"],
        ["answer", "discuss next steps", "sales"],
    ]
    kinds = [line[0] for line in lines]
    assert kinds[: kinds.index("answer", 1)] == [
        *("answer", "runner-up"),
        *("word", "word", "first", "pair", "last"),
        *("example", "example", "example"),
    ]
    assert lines[2][0] == "word"
    assert float(lines[2][1]) > float(lines[3][1]) > 0
    assert lines[7] == ["example", "1.0000", "cold call", "sales", "cold-outreach"]


@pytest.mark.parametrize("command", [["explain"], ["classify", "--explain"]], ids=" ".join)
def test_explain_json(run: Run, command: list[str]) -> None:
    done = run(*command, "--json", stdin="cold call\n\n12\n")
    first, blank, number = map(json.loads, done.out.splitlines())
    assert (first["label"], first["unsure_because"], len(first["nearest"])) == ("sales", [], 3)
    assert [part["text"] for part in first["contributions"] if part["kind"] == "word"] == ["cold", "call"]
    assert (blank["status"], blank["contributions"]) == ("empty", [])
    assert [missed["measure"] for missed in number["unsure_because"]] == ["confidence", "known"]


@pytest.mark.parametrize(("n", "examples"), [(0, 0), (1, 1), (5, 5)])
def test_explain_with_so_many_examples(run: Run, n: int, examples: int) -> None:
    lines = run("explain", "-k", n, "cold call").out.splitlines()
    assert sum(line.startswith("example\t") for line in lines) == examples
    assert not any(line.startswith("note\t") for line in lines)


def test_explain_with_another_model(run: Run, tmp_path: Path) -> None:
    save_model(make_model(), tmp_path / "small")
    done = run("explain", "--model", "small", "call")
    assert done.code == 0
    assert done.out.splitlines()[-1] == "note\tThe model does not say which examples it learnt from."


def test_a_character_that_the_pipe_cannot_take(run: Run) -> None:
    done = run("classify", "caf\u00e9", PYTHONIOENCODING="ascii")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("caf\\u00e9\t")


def test_json_stays_json_where_the_pipe_cannot_take_a_character(run: Run) -> None:
    done = run("classify", "--json", "caf\u00e9 \U0001f600", PYTHONIOENCODING="latin-1")
    assert b"caf\xe9 \\ud83d\\ude00" in done.out_bytes
    assert json.loads(done.out_bytes.decode("latin-1"))["text"] == "caf\u00e9 \U0001f600"


# --- batch ---------------------------------------------------------------------------------------------------------

TASKS = "id,task\n1,cold call\n2,SEO audit\n3,\n"


@pytest.fixture
def tasks(tmp_path: Path) -> Path:
    path = tmp_path / "tasks.csv"
    path.write_text(TASKS)
    return path


def test_batch_to_a_file(run: Run, tasks: Path, tmp_path: Path) -> None:
    done = run("batch", "tasks.csv", "-o", "out.csv")
    assert (done.code, done.out) == (0, "")
    assert "tasks.csv: comma-separated, UTF-8, LF line ends; activities in column 2 'task'" in done.err
    assert "3 rows: 1 sales, 1 marketing; 2 ok, 1 empty" in done.err
    lines = (tmp_path / "out.csv").read_text().splitlines()
    assert lines[0] == "id,task,label,confidence,status,activity,definition"
    assert lines[1].startswith("1,cold call,sales,")
    assert lines[3] == "3,,,,empty,,"
    assert tasks.read_text() == TASKS


def test_batch_to_a_pipe(run: Run, tasks: Path) -> None:
    done = run("batch", tasks.name, "--columns", "label", "-q")
    assert (done.out, done.err) == ("id,task,label\n1,cold call,sales\n2,SEO audit,marketing\n3,,\n", "")


def test_batch_from_a_pipe(run: Run) -> None:
    done = run("batch", "-", "--columns", "label", stdin=TASKS)
    assert done.out == "id,task,label\n1,cold call,sales\n2,SEO audit,marketing\n3,,\n"
    assert done.err.startswith("<stdin>: comma-separated")


def test_batch_without_a_header(run: Run) -> None:
    done = run("batch", "-", "--no-header", "-c", "2", "--columns", "label", stdin="1,cold call\n2,SEO audit\n")
    assert done.out == "1,cold call,sales\n2,SEO audit,marketing\n"


def test_batch_with_an_open_quote(run: Run) -> None:
    done = run("batch", "-", "--columns", "status", stdin='task\ncold call\n"SEO audit\n')
    assert done.code == 3
    assert "a quoted cell that starts on line 3 never ends" in done.err
    assert done.out == 'task,status\ncold call,ok\n"SEO audit\n",ok'


def test_an_existing_output_is_replaced_only_by_force(run: Run, tasks: Path, tmp_path: Path) -> None:
    (tmp_path / "out.csv").write_text("precious")
    done = run("batch", tasks.name, "-o", "out.csv")
    assert done.code == 1
    assert "out.csv: the file exists already. Replace it with --force" in done.err
    assert (tmp_path / "out.csv").read_text() == "precious"
    assert run("batch", tasks.name, "-o", "out.csv", "--force").code == 0
    assert (tmp_path / "out.csv").read_text().startswith("id,task,label")


# --- review; with a terminal in test_review_terminal ---------------------------------------------------------------

SAID = "text,label,activity,was,confidence,model\ncold call,other,meetings,sales,0.9,0123456789ab\n"


def test_export_of_a_review(run: Run, tasks: Path, tmp_path: Path) -> None:
    (tmp_path / "tasks.corrections.csv").write_text(SAID)
    done = run("review", tasks.name, "--export", "out.csv")
    assert (done.code, done.out) == (0, "")
    assert "1 of 3 rows by a person" in done.err
    assert (tmp_path / "out.csv").read_text() == (
        "id,task,reviewed_label,reviewed_status,reviewed_activity,reviewed_source\n"
        "1,cold call,other,ok,meetings,person\n"
        "2,SEO audit,marketing,ok,seo,model\n"
        "3,,,empty,,\n"
    )
    assert tasks.read_text() == TASKS
    assert run("review", tasks.name, "--export", "-").out == (tmp_path / "out.csv").read_text()
    assert run("review", tasks.name, "--export", "out.csv", "--force").code == 0


def test_export_of_a_review_with_an_open_quote(run: Run, tmp_path: Path) -> None:
    (tmp_path / "tasks.corrections.csv").write_text(SAID)
    (tmp_path / "tasks.csv").write_text('task\ncold call\n"SEO audit\n')
    done = run("review", "tasks.csv", "--export", "out.csv")
    assert done.code == 3
    assert "a quoted cell that starts on line 3 never ends" in done.err


# --- define, info --------------------------------------------------------------------------------------------------


def test_define_all(run: Run) -> None:
    done = run("define")
    assert len(done.out.splitlines()) == 54
    assert done.out.splitlines()[0].startswith("sales\tsales\tSales\tWork with one particular prospect")


@pytest.mark.parametrize("name", ["cold-outreach", "Cold Outreach", "cold calling"])
def test_define_one(run: Run, name: str) -> None:
    assert run("define", name).out.startswith("cold-outreach\tsales\tCold outreach\tFirst contact")


def test_define_json(run: Run) -> None:
    answer = json.loads(run("define", "sales", "--json").out)
    assert (answer["slug"], len(answer["sources"])) == ("sales", 5)


def test_info(run: Run) -> None:
    lines = dict(line.split(": ", 1) for line in run("info").out.splitlines())
    assert lines["labels"] == "sales, marketing, other"
    assert lines["model"].endswith("MB)")
    assert {
        "version",
        "examples",
        "held-out accuracy",
        "held-out sales",
        "unlike accuracy of the surest",
        "ok from",
    } <= lines.keys()


def test_info_json(run: Run) -> None:
    facts = json.loads(run("info", "--json").out)
    assert facts["labels"] == ["sales", "marketing", "other"]
    assert sum(facts["data"]["labels"].values()) == facts["data"]["rows"]
    assert 0 < facts["thresholds"]["confidence"] < 1


# --- errors --------------------------------------------------------------------------------------------------------

ERRORS = [
    pytest.param(("bogus",), 2, "No such command 'bogus'.", id="unknown command"),
    pytest.param(("clasify",), 2, "No such command 'clasify'. Did you mean 'classify'? See", id="misspelt command"),
    pytest.param(("classify", "--bogus"), 2, "No such option: --bogus.", id="unknown option"),
    pytest.param(("batch",), 2, "Missing argument 'FILE...'.", id="no file"),
    pytest.param(("classify", " "), 2, "Text 1 is blank. Give at least one word.", id="blank text"),
    pytest.param(("classify", "a", ""), 2, "Text 2 is blank.", id="second text blank"),
    pytest.param(("explain", " "), 2, "Text 1 is blank. Give at least one word.", id="blank text to explain"),
    pytest.param(("explain", "-k", "-1", "a"), 2, "Invalid value for '--nearest'", id="negative number"),
    pytest.param(("explain", "-50%"), 2, "as in: smclassify explain -- '-50% campaign'", id="hyphen"),
    pytest.param(("define", "negotiatoin"), 2, "Did you mean negotiation?", id="near miss"),
    pytest.param(("define", "xyzzy"), 2, "No definition is called 'xyzzy'.", id="unknown name"),
    pytest.param(("batch", "none.csv"), 1, "none.csv: there is no such file.", id="missing file"),
    pytest.param(("batch", "."), 1, ".: this is a folder, not a file.", id="folder"),
    pytest.param(("batch", "empty.csv"), 1, "empty.csv: the file is empty.", id="empty file"),
    pytest.param(("batch", "image.csv"), 1, "image.csv: this is binary data, not text.", id="binary file"),
    pytest.param(("batch", "excel.csv"), 1, "Export it as CSV", id="Excel file"),
    pytest.param(("batch", "tasks.csv", "-c", "what"), 2, "The columns are: 1 'id', 2 'task'.", id="no such column"),
    pytest.param(("batch", "tasks.csv", "--columns", "x"), 2, "There is no new column 'x'.", id="no such new column"),
    pytest.param(("batch", "tasks.csv", "-d", "xx"), 2, "is not a single character", id="delimiter"),
    pytest.param(("batch", "tasks.csv", "-e", "xx"), 2, "There is no encoding called 'xx'.", id="encoding"),
    pytest.param(("batch", "tasks.csv", "-e", "utf-16"), 1, "tasks.csv", id="wrong encoding"),
    pytest.param(("batch", "tasks.csv", "-o", "tasks.csv"), 2, "would replace the input", id="output is input"),
    pytest.param(("batch", "tasks.csv", "-o", "."), 2, "the output would replace the input", id="output is its folder"),
    pytest.param(("batch", "tasks.csv", "-o", "no/out.csv"), 1, "there is no folder no.", id="output folder missing"),
    pytest.param(("classify", "a", "--model", "none"), 1, "none: cannot read the model file", id="missing model"),
    pytest.param(("classify", "a", "--model", "tasks.csv"), 1, "tasks.csv: not a model file.", id="foreign model"),
    pytest.param(("info", "--model", "damaged"), 1, "the model file is damaged", id="damaged model"),
    pytest.param(("review", "tasks.csv"), 2, "standard input and standard output must be a terminal", id="no terminal"),
    pytest.param(("review", "-"), 2, "A review reads a file, not a pipe.", id="review of a pipe"),
    pytest.param(("review", "tasks.csv", "-o", "tasks.csv"), 2, "would replace the input", id="corrections are input"),
    pytest.param(("review", "tasks.csv", "-o", "no/x"), 1, "there is no folder no.", id="corrections folder missing"),
    pytest.param(("review", "tasks.csv", "-o", "said.csv", "--export", "x"), 1, "said.csv:2:", id="bad corrections"),
    pytest.param(("review", "tasks.csv", "--export", "x"), 1, "no such file of corrections", id="no corrections"),
    pytest.param(("review", "tasks.csv", "--export", "tasks.csv"), 2, "replace the input", id="export to input"),
    pytest.param(
        ("review", "tasks.csv", "-o", "said.csv", "--export", "said.csv", "--force"),
        2,
        "replace the",
        id="to corrections",
    ),
    pytest.param(("review", "tasks.csv", "--export", "bad.csv"), 1, "the file exists already", id="export exists"),
    pytest.param(("train", "none.csv", "-o", "m"), 1, "none.csv: there is no such file.", id="missing examples"),
    pytest.param(("train", "tasks.csv", "-o", "m"), 1, "tasks.csv: no column 'text'.", id="not examples"),
    pytest.param(("train", "bad.csv", "-o", "m"), 1, "bad.csv:3: 'Cold call!' contradicts line 2.", id="bad examples"),
    pytest.param(
        ("train", "tasks.csv", "--definitions", "tasks.csv", "-o", "m"), 1, "cannot read the definitions", id="not TOML"
    ),
    pytest.param(
        ("train", "bad.csv", "--definitions", "tasks.csv", "-o", "tasks.csv", "--force"),
        2,
        "tasks.csv: the output would replace the input",
        id="model is definitions",
    ),
    pytest.param(
        ("train", "bad.csv", "-o", "new", "--save-pipeline", "./new"),
        2,
        "new: model and pipeline cannot be",
        id="one file",
    ),
    pytest.param(("review", "."), 1, ".: this is a folder, not a file.", id="review of a folder"),
    pytest.param(("define", "--model", "damaged"), 1, "the model file is damaged", id="definitions of a damaged model"),
    pytest.param(("train", "-o", "tasks.csv"), 1, "tasks.csv: the file exists already.", id="model exists"),
]


@pytest.mark.parametrize(("arguments", "code", "message"), ERRORS)
def test_errors_are_one_line_with_a_code(
    run: Run, tmp_path: Path, tasks: Path, arguments: tuple[str, ...], code: int, message: str
) -> None:
    (tmp_path / "empty.csv").write_bytes(b"")
    (tmp_path / "image.csv").write_bytes(b"\x89PNG\r\n\x1a\n\0\0")
    (tmp_path / "excel.csv").write_bytes(b"PK\x03\x04")
    (tmp_path / "bad.csv").write_text(
        "text,label,activity,style,origin\ncold call,sales,closing,name,x\nCold call!,marketing,seo,name,x\n"
    )
    (tmp_path / "said.csv").write_text("text,label,activity,was,confidence,model\na,b\n")
    model = bytearray((ROOT / "models" / "smclassify.safetensors").read_bytes())
    model[-1] ^= 1
    (tmp_path / "damaged").write_bytes(model)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    done = run(*arguments)
    assert done.code == code
    assert done.out == ""
    assert done.err.startswith("smclassify: error: ")
    assert message in done.err
    assert done.err.count("\n") == 1
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    assert tasks.exists()


def test_a_wrong_byte_in_a_pipe_is_located(run: Run) -> None:
    done = run("classify", stdin=b"cold call\nbr\xfche\n")
    assert done.code == 1
    assert "<stdin>:2: the line is not UTF-8." in done.err


def test_unwritable_folder(run: Run, tasks: Path) -> None:
    done = run("batch", tasks.name, "-q", "-o", "/proc/out.csv")
    assert done.code == 1
    assert done.err.startswith("smclassify: error: /proc/out.csv: cannot write the file: ")
    assert done.err.count("\n") == 1


def test_a_full_disk(run: Run, tasks: Path) -> None:
    done = run("batch", tasks.name, "-q", "-o", "/dev/full")
    assert done.code == 1
    assert done.err == "smclassify: error: /dev/full: cannot write the file: No space left on device.\n"


# --- signals, pipes, terminals -------------------------------------------------------------------------------------


def start(
    *arguments: str, folder: Path, stdin: int, stdout: int | None = None, stderr: int | None = None
) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "smclassify", *arguments]
    return subprocess.Popen(command, cwd=folder, stdin=stdin, stdout=stdout, stderr=stderr)


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_control_c_leaves_no_output(tmp_path: Path, jobs: str) -> None:
    read, write = os.pipe()
    process = start("batch", "-", "-o", "out.csv", "--jobs", jobs, folder=tmp_path, stdin=read, stderr=subprocess.PIPE)
    os.write(write, b"task\n" + b"cold call\n" * 30_000)
    deadline = time.monotonic() + 30
    while not list(tmp_path.glob(".out.csv*")) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    os.close(write)
    os.close(read)
    assert process.returncode == 130
    assert b"Traceback" not in errors
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["classify", "batch - -q"])
def test_a_closed_pipe_is_quiet(tmp_path: Path, command: str) -> None:
    (tmp_path / "in").write_text("task\n" + "cold call\n" * 50_000)
    line = f"{sys.executable} -m smclassify {command} < in | head -1"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", line], capture_output=True, cwd=tmp_path, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"task")


def on_terminal(*arguments: str, folder: Path, **env: str) -> str:
    """Return what a command shows on a terminal of 80 columns."""
    main, side = pty.openpty()
    environment = os.environ | {"COLUMNS": "80", "TERM": "xterm-256color"} | env
    command = [sys.executable, "-m", "smclassify", *arguments]
    process = subprocess.Popen(command, stdin=side, stdout=side, stderr=side, cwd=folder, env=environment)
    os.close(side)
    shown = b""
    try:
        while block := os.read(main, 65536):
            shown += block
    except OSError:  # Linux says so when the other side is closed
        pass
    os.close(main)
    process.wait(timeout=30)
    return shown.decode().replace("\r\n", "\n")


def test_an_answer_on_a_terminal(tmp_path: Path) -> None:
    shown = on_terminal("classify", "cold call", folder=tmp_path)
    assert "\x1b[" in shown
    assert "Sales" in shown
    assert "Cold outreach" in shown
    assert "Work with one particular prospect" in shown
    assert "First contact with a particular person" in shown


def test_no_colour_when_asked(tmp_path: Path) -> None:
    shown = on_terminal("classify", "cold call", folder=tmp_path, NO_COLOR="1")
    assert "\x1b[3" not in shown
    assert "Sales" in shown


def test_quiet_on_a_terminal_is_plain(tmp_path: Path) -> None:
    assert on_terminal("classify", "-q", "cold call", folder=tmp_path).startswith("cold call\tsales\t")


@pytest.mark.parametrize("command", [["explain"], ["classify", "--explain"]], ids=" ".join)
def test_an_explanation_on_a_terminal(tmp_path: Path, command: list[str]) -> None:
    shown = on_terminal(*command, "cold call", folder=tmp_path)
    assert shown.startswith("\x1b[1")
    for what in ("Sales", "runner-up", "Follow-up", "log-odds of Sales", "cold call", "as first word", "examples"):
        assert what in shown
    assert on_terminal(*command, "-q", "cold call", folder=tmp_path).startswith("answer\tcold call\tsales\t")


def test_nothing_to_classify_on_a_terminal(tmp_path: Path) -> None:
    assert "There is no text to classify." in on_terminal("classify", folder=tmp_path)


def test_define_on_a_terminal(tmp_path: Path) -> None:
    assert "SALES" in on_terminal("define", folder=tmp_path)
    assert "synonyms" in on_terminal("define", "closing", folder=tmp_path)


def test_lines_are_answered_as_they_come(tmp_path: Path) -> None:
    process = start("classify", "-", folder=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin
    assert process.stdout
    for text in (b"cold call", b"SEO audit"):
        process.stdin.write(text + b"\n")
        process.stdin.flush()
        assert process.stdout.readline().startswith(text)
    process.stdin.close()
    assert process.wait(timeout=30) == 0
    process.stdout.close()
