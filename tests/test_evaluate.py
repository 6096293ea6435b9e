from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from conftest import Run, make_model
from test_cli import on_terminal

from smclassify.artifact import save_model
from smclassify.examples import digest_of

if TYPE_CHECKING:
    from pathlib import Path

ROWS = """task,label,activity,team
call,sales,cold-outreach,north
sign off,sales,closing,south
rank,Marketing,seo,north
web,sales,closing,south
,sales,,north
sign,,,north
"""
NOTES = """\
rows.csv: comma-separated, UTF-8, LF line ends; activities in column 1 'task'; labels in column 2 'label'; \
kinds of work in column 3 'activity'
note: 1 row without a label, left out
note: 1 row with a label but without a text, left out
"""
REPORT = """\
all rows
figure                     value  95 % interval
rows                           4
accuracy                  0.7500    0.250-1.000
macro F1                  0.7333    0.200-1.000
log loss                  0.4566
Brier score               0.2916
calibration error         0.1319
status ok                 0.7500
accuracy of ok            0.6667
accuracy of always sales  0.7500
macro F1 of always sales  0.4286
rows with an activity          4
activity right            0.7500
activity in first three   1.0000

by label: scores, and rows by what was said
label      precision  recall      F1  support  said sales  said marketing
sales         1.0000  0.6667  0.8000        3           2               1
marketing     0.5000  1.0000  0.6667        1           0               1

the surest answers
share  accuracy  confidence from
 25 %    1.0000           0.8364
 50 %    1.0000           0.7881
 75 %    1.0000           0.5761
100 %    0.7500           0.5761

the surest mistakes
line  truth  said       confidence  text
5     sales  marketing      0.5761  web
"""


@pytest.fixture(autouse=True)
def rows(tmp_path: Path) -> Path:
    """Return a file of labelled rows, beside the small model."""
    save_model(make_model(), tmp_path / "m")
    path = tmp_path / "rows.csv"
    path.write_text(ROWS)
    return path


def test_the_report(run: Run) -> None:
    done = run("evaluate", "rows.csv", "--model", "m")
    assert (done.code, done.out, done.err) == (0, REPORT, NOTES)


def test_a_report_by_group(run: Run) -> None:
    done = run("evaluate", "rows.csv", "--model", "m", "--by", "team", "--mistakes", "0")
    assert done.code == 0
    assert "; groups in column 4 'team'\n" in done.err
    assert "the surest mistakes" not in done.out
    blocks = {block.split("\n")[0]: block.splitlines()[1:] for block in done.out.split("\n\n")}
    assert blocks["by team"] == [
        "team   rows  accuracy  95 % interval  macro F1  95 % interval  majority",
        "north     2    1.0000    1.000-1.000    1.0000    1.000-1.000    0.5000",
        "south     2    0.5000    0.000-1.000    0.3333    0.000-1.000    1.0000",
    ]
    assert blocks["by team: accuracy of the surest answers"] == [
        "team   10 %  20 %  30 %  40 %   50 %  60 %  70 %  80 %  90 %  100 %",
        "north     -     -     -     -  1.000     -     -     -     -  1.000",
        "south     -     -     -     -  1.000     -     -     -     -  0.500",
    ]
    assert blocks["by team and label"] == [
        "team   label      precision  recall      F1  support  said sales  said marketing",
        "north  sales         1.0000  1.0000  1.0000        1           1               0",
        "north  marketing     1.0000  1.0000  1.0000        1           0               1",
        "south  sales         1.0000  0.5000  0.6667        2           1               1",
        "south  marketing     0.0000  0.0000  0.0000        0           0               0",
    ]


def test_a_group_of_nested_values(run: Run) -> None:
    rows = '{"card": {"title": "call"}, "label": "sales", "team": "north"}\n'
    done = run("evaluate", "-", "--format", "jsonl", "--model", "m", "-c", "card.title", "--by", "team", stdin=rows)
    assert done.code == 0
    assert "\nby team\n" in done.out


def test_json(run: Run) -> None:
    done = run("evaluate", "-", "--format", "csv", "--model", "m", "--by", "team", "--json", stdin=ROWS)
    assert done.code == 0
    assert done.out.count("\n") == 1
    report = json.loads(done.out)
    assert (report["file"], report["model"], report["by"]) == ("<stdin>", "m", "team")
    assert (report["n"], report["accuracy"], report["accuracy_ok"]) == (4, 0.75, 0.666667)
    assert (report["n_unlabelled"], report["n_blank"], report["n_unknown_activity"], report["n_seen"]) == (
        1,
        1,
        0,
        None,
    )
    assert report["labels"]["sales"] == {
        "label": "sales",
        "precision": 1.0,
        "recall": 0.666667,
        "f1": 0.8,
        "support": 3,
    }
    assert report["confusion"] == {"sales": {"sales": 2, "marketing": 1}, "marketing": {"sales": 0, "marketing": 1}}
    assert report["curve"][0] == {"coverage": 0.25, "accuracy": 1.0, "confidence": 0.836421}
    assert report["reliability"][0]["n"] == 2
    assert {name: group["accuracy"] for name, group in report["groups"].items()} == {"north": 1.0, "south": 0.5}
    assert report["mistakes"] == [
        {"line": 5, "text": "web", "truth": "sales", "said": "marketing", "confidence": 0.576117}
    ]


def test_gates_are_judged_after_the_report(run: Run) -> None:
    done = run("evaluate", "rows.csv", "--model", "m", "--fail-under", "accuracy=0.8,coverage=0.7,sales.f1=0.9,ece=0.1")
    assert (done.code, done.out) == (4, REPORT)
    assert done.err == (
        f"{NOTES}missed: accuracy is 0.75, under 0.8\nmissed: sales.f1 is 0.8, under 0.9\n"
        "missed: ece is 0.131939, over 0.1\n"
    )
    done = run("evaluate", "rows.csv", "--model", "m", "--fail-under", "accuracy=0.75")
    assert (done.code, done.err) == (0, NOTES)


def test_rows_seen_in_training_are_told(run: Run, tmp_path: Path) -> None:
    examples = [("Sign-off", "sales", ""), ("sign", "sales", "")]
    save_model(make_model(facts={"data": {"sha256": digest_of(examples)}}), tmp_path / "m")
    (tmp_path / "examples.csv").write_text("text,label\nSign-off,sales\nsign,sales\n")
    done = run("evaluate", "rows.csv", "--model", "m", "--fail-under", "n_seen=0")
    assert done.code == 4
    assert "warning: 1 of 4 rows (25.0 %) are among the examples that the model was made from;" in done.err
    assert done.err.endswith("missed: n_seen is 1, over 0\n")


def test_the_shipped_model(run: Run, tmp_path: Path) -> None:
    (tmp_path / "new.csv").write_text("text;kind\nCold call!;sales\nqwxz vvbn;other\n", encoding="cp1252")
    done = run("evaluate", "new.csv", "--label-column", "kind", "-d", "semicolon", "-e", "cp1252")
    assert done.code == 0
    assert "semicolon-separated, Windows-1252" in done.err
    assert "1 of 2 rows (50.0 %)" in done.err


def test_plots(run: Run, tmp_path: Path) -> None:
    done = run("evaluate", "rows.csv", "--model", "m", "--plot", "plots")
    assert (done.code, done.out) == (0, REPORT)
    assert len(list((tmp_path / "plots").iterdir())) == 6
    assert done.err.count("plot written to plots/") == 6
    (tmp_path / "plots" / "reliability.png").write_text("old")
    again = run("evaluate", "rows.csv", "--model", "m", "--plot", "plots")
    assert (again.code, again.out) == (1, "")
    assert "plots/reliability.png: the file exists already. Replace it with --force" in again.err
    assert run("evaluate", "rows.csv", "--model", "m", "--plot", "plots", "--force").code == 0
    assert (tmp_path / "plots" / "reliability.png").stat().st_size > 1000


def test_no_window_is_opened(rows: Path) -> None:
    code = """
import sys
from smclassify.cli import main
try:
    main()
except SystemExit as done:
    assert done.code is None, done.code
assert "matplotlib.figure" in sys.modules
assert "matplotlib.pyplot" not in sys.modules
"""
    arguments = ["evaluate", "rows.csv", "--model", "m", "--plot", "plots"]
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *arguments], cwd=rows.parent, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()


def test_a_report_on_a_terminal(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text(ROWS.replace("web", "[/x]web"))
    shown = on_terminal("evaluate", "rows.csv", "--model", "m", "--by", "team", folder=tmp_path, NO_COLOR="1")
    assert "\x1b[3" not in shown
    assert "─────" in shown
    assert "[/x]web" in shown
    for words in ("all rows", "accuracy of always sales", "by team and label", "the surest mistakes"):
        assert words in shown
    report = re.sub(r"\x1b\[\d*m", "", shown).partition("all rows")[2].partition("note:")[0]
    assert max(map(len, report.splitlines())) <= 80
    assert "0.7500" in shown


ERRORS = [
    pytest.param((), 2, "Missing argument 'FILE'.", id="no file"),
    pytest.param(("none.csv",), 1, "none.csv: there is no such file.", id="missing file"),
    pytest.param(("rows.csv", "-c", "what"), 2, "there is no column 'what'. The columns are: 1 'task'", id="column"),
    pytest.param(
        ("rows.csv", "--label-column", "task", "-c", "team"), 1, "rows.csv:2: unknown label 'call'.", id="label"
    ),
    pytest.param(("rows.csv", "--by", "what"), 2, "there is no column 'what'.", id="group"),
    pytest.param(("rows.csv", "--mistakes", "-1"), 2, "-1 is not in the range", id="mistakes"),
    pytest.param(("rows.csv", "--fail-under", "f1=0.9"), 2, "there is no figure 'f1'. Give figure=number", id="gate"),
    pytest.param(("rows.csv", "--format", "x"), 2, "There is no format 'x'.", id="format"),
    pytest.param(("rows.csv", "--model", "none"), 1, "none: cannot read the model file", id="model"),
    pytest.param(("rows.csv", "--plot", "rows.csv"), 1, "rows.csv: this is a file, not a folder.", id="plot"),
]


@pytest.mark.parametrize(("arguments", "code", "message"), ERRORS)
def test_errors_are_one_line_with_a_code(
    run: Run, tmp_path: Path, arguments: tuple[str, ...], code: int, message: str
) -> None:
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    done = run("evaluate", *arguments)
    *notes, last = done.err.splitlines()
    assert (done.code, done.out) == (code, "")
    assert last.startswith("smclassify: error: ")
    assert message in last
    assert len(notes) <= 1
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
