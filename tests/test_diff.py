from __future__ import annotations

import json
import os
import pty
import re
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from comparing import TASKS, swapped_model
from conftest import ROOT, make_model

from smclassify.artifact import default_model_path, named_model_path, save_model

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Run

RANK = "3\trank\tmarketing\t0.5761\tok\tsales\t0.7881\tok\n"
SIGN = "\tsign\tsales\t0.7881\tok\tmarketing\t0.5761\tunsure\n"
CALL_X = "5\tcall x\tsales\t0.7517\tunsure\tsales\t0.7517\tok\n"
COUNTS = (
    "7 rows: 4 changed (3 labels, 3 statuses)\n"
    "  label sales -> marketing: 2\n"
    "  label marketing -> sales: 1\n"
    "  status ok -> unsure: 2\n"
    "  status unsure -> ok: 1\n"
)
READ = "tasks.csv: comma-separated, UTF-8, LF line ends; activities in column 2 'task'\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with two models and a table."""
    save_model(make_model(), tmp_path / "old.safetensors")
    save_model(swapped_model(), tmp_path / "new.safetensors")
    rows = "".join(f"{number},{task}\n" for number, task in enumerate(TASKS))
    (tmp_path / "tasks.csv").write_text(f"id,task\n{rows}")
    return tmp_path


@pytest.mark.usefixtures("folder")
def test_plain_lines(run: Run) -> None:
    done = run("diff", "old.safetensors", "new.safetensors", "tasks.csv")
    assert (done.code, done.out) == (0, f"{RANK}6{SIGN}7{SIGN}{CALL_X}")
    assert done.err == READ + COUNTS


@pytest.mark.usefixtures("folder")
def test_a_limit(run: Run) -> None:
    done = run("diff", "old.safetensors", "new.safetensors", "tasks.csv", "--limit", "1")
    assert (done.code, done.out) == (0, RANK)
    assert done.err == f"{READ}{COUNTS}note: 1 of 4 changed rows shown; --limit 0 shows all\n"


def test_without_a_limit(run: Run, folder: Path) -> None:
    (folder / "many.txt").write_text("sign\n" * 30)
    for limit, n_shown in ((), 20), (("--limit", "0"), 30):
        done = run("diff", "old.safetensors", "new.safetensors", "many.txt", *limit)
        assert (done.code, len(done.out.splitlines())) == (0, n_shown)


@pytest.mark.usefixtures("folder")
def test_json(run: Run) -> None:
    done = run("diff", "old.safetensors", "new.safetensors", "tasks.csv", "--json", "--limit", "2")
    first, second, last = map(json.loads, done.out.splitlines())
    assert (first["line"], first["text"], first["changed"]) == (3, "rank", ["label"])
    assert (second["line"], second["before"]["label"], second["after"]["status"]) == (6, "sales", "unsure")
    summary = last["summary"]
    assert (summary["before"], summary["after"]) == ("old.safetensors", "new.safetensors")
    assert (summary["file"], summary["rows"], summary["changed"]) == ("tasks.csv", 7, 4)
    assert done.err == f"{READ}note: 2 of 4 changed rows shown; --limit 0 shows all\n"


@pytest.mark.parametrize("how", [(), ("--json",)], ids=["plain", "JSON"])
@pytest.mark.usefixtures("folder")
def test_the_gate(run: Run, how: tuple[str, ...]) -> None:
    missed = run("diff", "old.safetensors", "new.safetensors", "tasks.csv", "--fail-on-change", *how)
    assert (missed.code, missed.err.splitlines()[-1]) == (4, "changed: 4 of 7 rows")
    assert len(missed.out.splitlines()) == 4 + len(how)
    passed = run("diff", "old.safetensors", "old.safetensors", "tasks.csv", "--fail-on-change")
    assert (passed.code, passed.out) == (0, "")
    assert passed.err == f"{READ}7 rows: 0 changed (0 labels, 0 statuses)\n"


def test_a_quoted_cell_that_never_ends(run: Run, folder: Path) -> None:
    (folder / "open.csv").write_text('task\ncall\n"sign\nrank\n')
    done = run("diff", "old.safetensors", "old.safetensors", "open.csv")
    problem = "problem: a quoted cell that starts on line 3 never ends; all below it became one cell"
    assert (done.code, done.err.splitlines()[-1]) == (3, problem)


def test_reading_options(run: Run, folder: Path) -> None:
    (folder / "tasks.dat").write_bytes("1|rank\xe9|sign\n".encode("latin-1"))
    options = ["--format", "csv", "-d", "pipe", "-e", "cp1252", "--no-header", "-c", "3"]
    done = run("diff", "old.safetensors", "new.safetensors", "tasks.dat", *options)
    assert (done.code, done.out) == (0, f"1{SIGN}")
    piped = run("diff", "old.safetensors", "new.safetensors", "-", stdin="task\nsign\n")
    assert (piped.code, piped.out) == (0, f"2{SIGN}")


def test_names_of_models(run: Run, folder: Path) -> None:
    done = run("diff", "shipped", "default", "tasks.csv", "--json")
    [summary] = map(json.loads, done.out.splitlines())
    assert (done.code, summary["summary"]["changed"]) == (0, 0)
    assert summary["summary"]["before"] == str(named_model_path("shipped"))
    assert summary["summary"]["after"] == str(default_model_path())
    (folder / "shipped").write_bytes((folder / "new.safetensors").read_bytes())
    own = run("diff", "old.safetensors", "./shipped", "tasks.csv")
    assert (own.code, len(own.out.splitlines())) == (0, 4)


def test_settings_hold_for_both_models(run: Run, folder: Path) -> None:
    (folder / "team.csv").write_text("phrase,label\nrank,sales\n")
    (folder / "smclassify.toml").write_text(
        'model = "new.safetensors"\nglossary = "team.csv"\ncolumn = "what"\n[thresholds]\nknown = 0.9\n'
    )
    (folder / "tasks.csv").write_text("task,what\nx,rank\nx,call x\nx,sign\n")
    done = run("diff", "old.safetensors", "default", "tasks.csv")
    assert (done.code, done.out) == (0, f"4{SIGN}")


WRONG = [
    pytest.param(("old.safetensors", "none.safetensors", "tasks.csv"), 1, "none.safetensors: ", id="no such model"),
    pytest.param(("old.safetensors", "tasks.csv", "tasks.csv"), 1, "tasks.csv: not a model file.", id="no model"),
    pytest.param(("old.safetensors", "new.safetensors", "x.csv"), 1, "x.csv: there is no such file.", id="no table"),
    pytest.param(("shipped", "default", "tasks.csv", "-c", "9"), 2, "there is no column '9'.", id="no column"),
    pytest.param(("shipped", "default"), 2, "Missing argument 'FILE'.", id="no file"),
]


@pytest.mark.parametrize(("arguments", "code", "message"), WRONG)
@pytest.mark.usefixtures("folder")
def test_what_goes_wrong(run: Run, arguments: tuple[str, ...], code: int, message: str) -> None:
    done = run("diff", *arguments)
    assert (done.code, done.out) == (code, "")
    assert message in done.err
    assert done.err.count("\n") == 1
    assert "Traceback" not in done.err


def test_on_a_terminal(folder: Path) -> None:
    command = [sys.executable, "-m", "smclassify", "diff", "old.safetensors", "new.safetensors", "tasks.csv"]
    ours, theirs = pty.openpty()
    env = os.environ | {"TERM": "xterm", "COLUMNS": "60"}
    done = subprocess.run(command, cwd=folder, stdout=theirs, stderr=subprocess.PIPE, env=env, check=True)
    os.close(theirs)
    shown = re.sub("\x1b\\[[0-9;]*m", "", os.read(ours, 10_000).decode())
    os.close(ours)
    assert "7 rows: 4 changed (3 labels, 3 statuses)" in shown
    assert "marketing 58 %" in shown
    assert done.stderr.decode() == READ


PAGE = (ROOT / "docs" / "diff.md").read_text(encoding="utf-8")
COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_page(command: str, run: Run, folder: Path) -> None:
    feed, _, rest = command.rpartition("| ")
    stdin = (folder / "tasks.csv").read_bytes() if feed == "cat tasks.csv " else b""
    done = run(*shlex.split(rest)[1:], stdin=stdin)
    assert done.code == 0, done.err
    assert "row" in done.err or '"summary"' in done.out


def test_the_page_has_commands() -> None:
    assert len(COMMANDS) >= 5


def test_the_shown_json_is_what_is_printed(run: Run, folder: Path) -> None:
    [shown] = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    (folder / "tasks.csv").write_text("\n\n\n\ntask\nsign\n")
    done = run("diff", "old.safetensors", "new.safetensors", "tasks.csv", "--json")
    assert list(map(json.loads, done.out.splitlines())) == list(map(json.loads, shown.splitlines()))
