"""`smclassify report` and `smclassify batch --report`, as users run them."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

import pytest
from conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Run

TASKS = "Task title,owner,due\ncold call,Ann,2026-03-02\nSEO audit,Bob,soon\n,Ann,\n"
DONE = "report written to report.html\n"
NOTE = "note: 1 cell is no date in 'due'; --date-format says how dates are written\n"
BY = ("--by", "owner", "--by", "due:week")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "tasks.csv").write_text(TASKS)
    return tmp_path


def without_name(page: str) -> str:
    return re.sub(r"(tasks|labelled)\.csv", "FILE", page)


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_page_from_a_batch_and_from_its_file(run: Run, folder: Path, jobs: int) -> None:
    done = run("batch", "tasks.csv", "-o", "labelled.csv", "--report", "report.html", *BY, "--jobs", jobs)
    assert (done.code, done.out) == (0, "")
    assert done.err.endswith("3 rows: 1 sales, 1 marketing; 2 ok, 1 empty\n" + DONE + NOTE)
    of_batch = (folder / "report.html").read_text()
    plain = run("batch", "tasks.csv")
    assert plain.out == (folder / "labelled.csv").read_text()
    done = run("report", "labelled.csv", "-o", "report.html", *BY, "--force")
    assert (done.code, done.out) == (0, "")
    assert done.err.endswith("activities in column 1 'Task title'\n" + DONE + NOTE)
    assert without_name((folder / "report.html").read_text()) == without_name(of_batch)


def test_groups_are_called_by_their_paths(run: Run, folder: Path) -> None:
    (folder / "cards.jsonl").write_text('{"id": 1, "card": {"title": "cold call", "team": "north"}, "done": false}\n')
    by = ("--by", "card.team", "--by", "done", "-q")
    assert run("batch", "cards.jsonl", "-c", "card.title", "-o", "out.jsonl", "--report", "a.html", *by).code == 0
    assert run("report", "out.jsonl", "-c", "card.title", "-o", "b.html", *by).code == 0
    for page in ("a.html", "b.html"):
        assert re.findall(r"<h2[^>]*>By <bdi>(.*?)</bdi>", (folder / page).read_text())[-2:] == ["card.team", "done"]


def test_a_page_into_a_pipe(run: Run) -> None:
    labelled = run("batch", "-", "--prefix", "sm_", stdin=TASKS).out
    done = run("report", "-", "-o", "-", "--prefix", "sm_", "-q", stdin=labelled)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("<!doctype html>\n")
    assert done.out.endswith("</html>\n")


REFUSED = [
    pytest.param(("batch", "tasks.csv", "--by", "owner"), 2, "are about a report", id="by without a report"),
    pytest.param(("batch", "tasks.csv", "--date-format", "%d"), 2, "are about a report", id="format without a report"),
    pytest.param(("batch", "tasks.csv", "-o", "a.csv", "--report", "a.csv"), 2, "need a file each", id="one target"),
    pytest.param(("batch", "tasks.csv", "--report", "tasks.csv"), 2, "would replace the input", id="the input"),
    pytest.param(("batch", "tasks.csv", "--report", "old.html"), 1, "exists already", id="there already"),
    pytest.param(
        ("batch", "tasks.csv", "-o", "a.csv", "--resume", "--report", "r.html"), 2, "is for one file", id="resume"
    ),
    pytest.param(("batch", "tasks.csv", "tasks.csv", "-o", "a/", "--report", "r.html"), 2, "", id="several files"),
    pytest.param(("batch", "tasks.csv", "-o", "a/", "--report", "r.html"), 2, "is for one file", id="a folder"),
    pytest.param(
        ("batch", "tasks.csv", "-o", "a.csv", "--report", "r.html", "--engine", "dask"), 2, "is for one", id="dask"
    ),
    pytest.param(("batch", "tasks.csv", "--report", "r.html", "--by", "who"), 2, "no column 'who'", id="no column"),
    pytest.param(("report", "tasks.csv", "-o", "r.html"), 2, "is the file labelled?", id="not labelled"),
    pytest.param(("report", "labelled.csv", "-o", "old.html"), 1, "exists already", id="report: there already"),
    pytest.param(("report", "labelled.csv", "-o", "labelled.csv"), 2, "replace the input", id="report: the input"),
    pytest.param(("report", "none.csv", "-o", "r.html"), 1, "there is no such file", id="report: no file"),
    pytest.param(("report", "labelled.csv"), 2, "Missing option", id="report: no output"),
]


@pytest.mark.parametrize(("arguments", "code", "message"), REFUSED)
def test_what_is_refused_leaves_nothing_behind(
    run: Run, folder: Path, arguments: tuple[str, ...], code: int, message: str
) -> None:
    (folder / "old.html").write_text("old")
    (folder / "labelled.csv").write_text("text,label,confidence,status\ncold call,sales,0.9,ok\n")
    done = run(*arguments)
    assert (done.code, done.out) == (code, "")
    assert message in done.err.splitlines()[-1]
    assert sorted(path.name for path in folder.iterdir()) == ["labelled.csv", "old.html", "tasks.csv"]
    assert (folder / "old.html").read_text() == "old"


def test_the_commands_of_the_page_about_reports(run: Run, tmp_path: Path) -> None:
    page = (ROOT / "docs" / "report.md").read_text(encoding="utf-8")
    commands = [line for block in re.findall(r"```sh\n(.*?)```", page, re.DOTALL) for line in block.splitlines()]
    assert len(commands) == 4
    (tmp_path / "board.csv").write_text("Task,Owner,Due date,Done\ncold call,Ann,2026-03-02,04/03/2026\n")
    groups = []
    for command in commands:
        done = run(*shlex.split(command)[1:])
        assert done.code == 0, done.err
        assert "note:" not in done.err
        if (tmp_path / "report.html").exists():
            shown = (tmp_path / "report.html").read_text()
            groups.append(re.findall(r'<h2 id="group\d-heading">By <bdi>(.*?)</bdi>', shown))
    assert groups == [[], ["Owner", "Due date (week, from Monday)"], ["Done (month)", "Owner"]]
