from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from smclassify.errors import SmclassifyError, TableError, UsageError
from smclassify.many import Part, Plan, plan_parts

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Run

CALLS = "task\ncold call\n"
AUDITS = "task\nSEO audit\n\n"
NO_TASKS = "x,y\n1,2\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the working folder, with inputs in `in` and in `old`, and an empty folder `there`."""
    monkeypatch.chdir(tmp_path)
    for name, content in {"b.csv": CALLS, "a.csv": AUDITS, "c.jsonl": '{"task": "cold call"}\n'}.items():
        (tmp_path / "in").mkdir(exist_ok=True)
        (tmp_path / "in" / name).write_text(content)
    (tmp_path / "in" / "deep").mkdir()
    (tmp_path / "in" / "deep" / "d.csv").write_text(CALLS)
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "a.csv").write_text(CALLS)
    (tmp_path / "there").mkdir()
    return tmp_path


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


PLANS = [
    pytest.param(["in/a.csv"], "x.csv", {"in/a.csv": "x.csv"}, False, id="one file to a file"),
    pytest.param(["in/a.csv"], "-", {"in/a.csv": "-"}, False, id="one file to a pipe"),
    pytest.param(["-"], "x.csv", {"-": "x.csv"}, False, id="a pipe to a file"),
    pytest.param(["in/none.csv"], "x.csv", {"in/none.csv": "x.csv"}, False, id="a file that is not there"),
    pytest.param(["in/a.csv"], "new/", {"in/a.csv": "new/a.csv"}, True, id="one file to a new folder"),
    pytest.param(["in/a.csv"], "x.csv/", {"in/a.csv": "x.csv/a.csv"}, True, id="a folder with a file's name"),
    pytest.param(["in/a.csv"], "there", {"in/a.csv": "there/a.csv"}, True, id="one file to a folder that is there"),
    pytest.param(
        ["in/b.csv", "in/a.csv"], "new", {"in/b.csv": "new/b.csv", "in/a.csv": "new/a.csv"}, True, id="files as given"
    ),
    pytest.param(
        ["in/*.csv"], "new", {"in/a.csv": "new/a.csv", "in/b.csv": "new/b.csv"}, True, id="a pattern, in order"
    ),
    pytest.param(["in/c*"], "new", {"in/c.jsonl": "new/c.jsonl"}, True, id="a pattern that fits one file"),
    pytest.param(["in/d*", "in/?.jsonl"], "new", {}, True, id="a pattern that fits a folder only"),
    pytest.param(
        ["in/**/[bd].csv"],
        "new",
        {"in/b.csv": "new/b.csv", "in/deep/d.csv": "new/d.csv"},
        True,
        id="folders in folders",
    ),
    pytest.param(
        ["old/*", "in/b.csv"], "new", {"old/a.csv": "new/a.csv", "in/b.csv": "new/b.csv"}, True, id="both kinds"
    ),
]


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(("files", "output", "parts", "as_folder"), PLANS)
def test_plan(files: list[str], output: str, parts: dict[str, str], as_folder: bool) -> None:
    if not parts:
        with pytest.raises(TableError, match=r"^in/d\*: no file has such a name\.$"):
            plan_parts(files, output)
        return
    plan = plan_parts(files, output)
    assert plan.parts == tuple(Part(source, target) for source, target in parts.items())
    assert (plan.folder is not None) == as_folder


def test_a_file_that_has_the_name_of_a_pattern(folder: Path) -> None:
    (folder / "in" / "[ab].csv").write_text(CALLS)
    assert plan_parts(["in/[ab].csv"], "x.csv") == Plan((Part("in/[ab].csv", "x.csv"),), None)


NO_PLANS = [
    pytest.param(
        ["in/a.csv", "in/b.csv"], "-", UsageError, "Several inputs need a folder for their outputs.", id="pipe"
    ),
    pytest.param(
        ["-", "in/b.csv"], "new", UsageError, "Standard input has no file name for its output in a folder.", id="stdin"
    ),
    pytest.param(
        ["in/a.csv", "old/a.csv"],
        "new",
        UsageError,
        "in/a.csv and old/a.csv have the same file name, and so would their outputs.",
        id="same name",
    ),
    pytest.param(
        ["in/a.csv", "in/[a].csv"],
        "new",
        UsageError,
        "in/a.csv and in/a.csv have the same file name, and so would their outputs.",
        id="same file",
    ),
    pytest.param(["in/*.xlsx"], "new", TableError, "in/*.xlsx: no file has such a name.", id="no file fits"),
    pytest.param(
        ["in/*.csv"], "old/a.csv", TableError, "old/a.csv: this is a file, not a folder.", id="the folder is a file"
    ),
    pytest.param(
        ["in/*.csv"],
        "all.csv",
        UsageError,
        "all.csv: several inputs go into a folder, and this is the name of a file.",
        id="one file for all",
    ),
]


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(("files", "output", "kind", "message"), NO_PLANS)
def test_no_plan(files: list[str], output: str, kind: type[SmclassifyError], message: str) -> None:
    with pytest.raises(kind, match=f"^{re.escape(message)}$"):
        plan_parts(files, output)


def test_each_part_is_what_it_is_alone(run: Run, folder: Path) -> None:
    done = run("batch", "in/*", "-o", "new/deeper", "-q")
    assert (done.code, done.out, done.err) == (0, "", "")
    assert names(folder / "new" / "deeper") == ["a.csv", "b.csv", "c.jsonl"]
    for name in ("a.csv", "b.csv", "c.jsonl"):
        assert run("batch", f"in/{name}", "-q").out_bytes == (folder / "new" / "deeper" / name).read_bytes()


@pytest.mark.usefixtures("folder")
def test_what_is_said_of_the_parts(run: Run) -> None:
    done = run("batch", "in/b.csv", "in/a.csv", "-o", "there")
    assert (done.code, done.out) == (0, "")
    assert done.err.splitlines() == [
        "in/b.csv: comma-separated, UTF-8, LF line ends; activities in column 1 'task'",
        "in/a.csv: comma-separated, UTF-8, LF line ends; activities in column 1 'task'",
        "2 rows in 2 files: 1 sales, 1 marketing; 2 ok",
        "note: in/a.csv: 1 blank line, which is no row",
    ]


def test_a_part_that_fails_does_not_stop_the_others(run: Run, folder: Path) -> None:
    (folder / "in" / "a.csv").write_text(NO_TASKS)
    done = run("batch", "in/a.csv", "in/none.csv", "in/b.csv", "-o", "new")
    assert done.code == 1
    errors = [line for line in done.err.splitlines() if line.startswith("smclassify: error: ")]
    assert [line.split(": ")[2] for line in errors] == ["in/a.csv", "in/none.csv"]
    assert done.err.splitlines()[-2:] == ["1 row in 1 file: 1 sales; 1 ok", "problem: 2 files failed"]
    assert names(folder / "new") == ["b.csv"]


@pytest.mark.usefixtures("folder")
def test_errors_are_said_to_the_quiet_and_once(run: Run) -> None:
    done = run("batch", "in/a.csv", "in/b.csv", "-o", "new", "-q", "--columns", "labels")
    assert done.code == 1
    assert done.err == (
        "smclassify: error: There is no new column 'labels'. "
        "Choose from label, confidence, status, activity, definition, source.\n"
    )


@pytest.mark.parametrize("other", [CALLS, NO_TASKS], ids=["alone", "beside a failure"])
def test_exit_code_of_an_open_quote(run: Run, folder: Path, other: str) -> None:
    (folder / "in" / "a.csv").write_text('task\n"cold call\n')
    (folder / "in" / "b.csv").write_text(other)
    done = run("batch", "in/*.csv", "-o", "new")
    assert done.code == (3 if other == CALLS else 1)
    assert "problem: in/a.csv: a quoted cell that starts on line 2 never ends; all below it became one cell" in done.err


def test_parts_that_exist_are_not_replaced(run: Run, folder: Path) -> None:
    (folder / "there" / "b.csv").write_text("mine")
    done = run("batch", "in/*.csv", "-o", "there")
    assert (done.code, names(folder / "there")) == (1, ["b.csv"])
    assert done.err == (
        "smclassify: error: there/b.csv: the file exists already. Replace it with --force, or name another.\n"
    )
    assert (folder / "there" / "b.csv").read_text() == "mine"


def test_parts_that_exist_are_not_done_again_by_resume(run: Run, folder: Path) -> None:
    (folder / "there" / "b.csv").write_text("mine")
    done = run("batch", "in/*.csv", "-o", "there", "--resume")
    assert done.code == 0
    assert done.err.splitlines()[-1] == "note: 1 file done before, left as it is"
    assert (folder / "there" / "b.csv").read_text() == "mine"
    assert run("batch", "in/a.csv", "-q").out_bytes == (folder / "there" / "a.csv").read_bytes()


@pytest.mark.usefixtures("folder")
def test_nothing_is_left_to_resume(run: Run) -> None:
    for _ in range(2):
        done = run("batch", "in/*.csv", "-o", "new", "--resume")
    assert (done.code, done.err) == (
        0,
        "0 rows in 0 files: no label; nothing to label\nnote: 2 files done before, left as they are\n",
    )


@pytest.mark.usefixtures("folder")
def test_parts_that_exist_are_replaced_by_force(run: Run, folder: Path) -> None:
    (folder / "there" / "b.csv").write_text("mine")
    assert run("batch", "in/*.csv", "-o", "there", "--force").code == 0
    assert (folder / "there" / "b.csv").read_text().startswith("task,label,")


def test_an_input_is_never_replaced(run: Run, folder: Path) -> None:
    done = run("batch", "old/a.csv", "in/b.csv", "-o", "in", "--force")
    assert (done.code, done.err) == (
        2,
        "smclassify: error: in/b.csv: the output would replace the input. Name another file with -o.\n",
    )
    assert (folder / "in" / "a.csv").read_text() == AUDITS


@pytest.mark.parametrize("options", [["--force"], ["--resume"]], ids=" ".join)
def test_an_input_is_not_replaced_in_the_place_of_another(run: Run, folder: Path, options: list[str]) -> None:
    (folder / "there" / "a.csv").symlink_to("../in/b.csv")
    before = (folder / "in" / "b.csv").read_bytes()
    done = run("batch", "in/a.csv", "in/b.csv", "-o", "there", *options)
    assert (done.code, done.err) == (
        2,
        "smclassify: error: there/a.csv: the output would replace an input. Name another folder with -o.\n",
    )
    assert (folder / "in" / "b.csv").read_bytes() == before


def test_two_outputs_are_not_one_file(run: Run, folder: Path) -> None:
    (folder / "there" / "a.csv").write_text("mine")
    (folder / "there" / "b.csv").symlink_to("a.csv")
    done = run("batch", "in/a.csv", "in/b.csv", "-o", "there", "--force")
    assert (done.code, done.err) == (
        2,
        "smclassify: error: there/a.csv: the output would replace another one. Name another folder with -o.\n",
    )
    assert (folder / "there" / "a.csv").read_text() == "mine"


@pytest.mark.usefixtures("folder")
def test_inputs_are_not_taken_for_what_was_done_before(run: Run) -> None:
    done = run("batch", "in/*.csv", "-o", "in", "--resume")
    assert (done.code, done.err) == (
        2,
        "smclassify: error: in/a.csv: the output would replace the input. Name another file with -o.\n",
    )


def test_a_folder_that_cannot_be_made(run: Run, folder: Path) -> None:
    done = run("batch", "in/*.csv", "-o", "old/a.csv/new")
    assert (done.code, done.err) == (
        1,
        "smclassify: error: old/a.csv/new: cannot make the folder: Not a directory.\n",
    )
    assert (folder / "old" / "a.csv").read_text() == CALLS


@pytest.mark.usefixtures("folder")
def test_a_scheduler_needs_the_engine(run: Run) -> None:
    done = run("batch", "in/*.csv", "-o", "new", "--scheduler", "tcp://127.0.0.1:8786")
    assert (done.code, done.err) == (
        2,
        "smclassify: error: --scheduler is the address of a Dask cluster. Ask for one: --engine dask\n",
    )
