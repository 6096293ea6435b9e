from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
import pytest
from conftest import make_model
from hypothesis import given, settings
from hypothesis import strategies as st

from smclassify import report
from smclassify.errors import TableError, UsageError
from smclassify.model import Thresholds
from smclassify.report import ActivityCount, ListedRow, ReportData, ReportTally
from smclassify.report_gather import FileAnswers, Gatherer, GroupOptions, LabelledColumns, find_groups
from smclassify.report_groups import GroupColumn, GroupRow
from smclassify.runs import RunOptions, label_file
from smclassify.tables.formats import open_table
from smclassify.tables.values import Chunk, ReadOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from smclassify.model import Model
    from smclassify.tables.values import Table

HEADER = "n,text,owner,due,label,confidence,status,activity,definition\n"
ROWS = [
    "1,call,Ann,2026-03-04,sales,0.9123,ok,cold-outreach,First contact.",
    "2,sign call,Bob,2026-03-05,marketing,0.4567,unsure,seo,Being found.",
    "",
    "3,,Ann,soon,,,empty,,",
    '4,"two\nlines",,2026-03-10,sales,0.4,unsure,closing,Getting it.',
]


def of_file(path: Path, model: Model, *by: str, prefix: str = "", read: ReadOptions | None = None) -> ReportData:
    gatherer = Gatherer(model, GroupOptions(by))
    with open_table(str(path), read or ReadOptions()) as table:
        for _ in gatherer.watched(table, LabelledColumns(table, prefix, model).answered(table.chunks(1))):
            pass
    return gatherer.data()


def written(folder: Path, rows: list[str], header: str = HEADER) -> Path:
    path = folder / "labelled.csv"
    path.write_text(header + "\n".join(rows) + "\n")
    return path


def test_the_report_of_a_file(tmp_path: Path, model: Model) -> None:
    path = written(tmp_path, ROWS)
    data = of_file(path, model, "owner", "due:week")
    ok, unsure = [0] * 20, [0] * 20
    ok[18], unsure[8], unsure[9] = 1, 1, 1
    assert data == ReportData(
        source=str(path),
        labels={"sales": 2, "marketing": 1},
        statuses={"ok": 1, "unsure": 2, "empty": 1},
        activities=(ActivityCount("cold-outreach", 1, 0), ActivityCount("closing", 1, 1), ActivityCount("seo", 1, 1)),
        confidences={"ok": tuple(ok), "unsure": tuple(unsure)},
        groupings=data.groupings,
        listed=(
            ListedRow(6, "two\nlines", "sales", "closing", 0.4, ("", "2026-03-10")),
            ListedRow(3, "sign call", "marketing", "seo", 0.4567, ("Bob", "2026-03-05")),
        ),
    )
    assert data.n_rows == 4
    owners, weeks = data.groupings
    assert (owners.column, weeks.column) == (GroupColumn(2, "owner"), GroupColumn(3, "due", "week"))
    assert owners.rows == (
        GroupRow("Ann", "value", (1, 0), 2, 0),
        GroupRow("Bob", "value", (0, 1), 1, 1),
        GroupRow("", "blank", (1, 0), 1, 1),
    )
    assert weeks.rows == (
        GroupRow("2026-03-02", "value", (1, 1), 2, 1),
        GroupRow("2026-03-09", "value", (1, 0), 1, 1),
        GroupRow("", "unreadable", (0, 0), 1, 0),
    )


TEXTS = st.lists(st.sampled_from(["call", "sign", "rank", "sign call", "what", "call what", ""]), max_size=30)


@settings(max_examples=25, deadline=None)
@given(TEXTS)
def test_a_batch_and_the_file_that_it_writes_make_the_same_report(texts: list[str]) -> None:
    with TemporaryDirectory() as folder:
        model = make_model(thresholds=Thresholds(0.8, 0.1, 0.6))
        source, target = Path(folder, "in.csv"), Path(folder, "out.csv")
        rows = [f"{n},{text},{'AB'[n % 2]},2026-01-{n + 1:02}\n" for n, text in enumerate(texts)]
        source.write_text("n,text,owner,due\n" + "".join(rows))
        gatherer = Gatherer(model, GroupOptions(("owner", "due:week")))
        label_file(str(source), str(target), RunOptions(), model, unwatched, gatherer.watched)
        of_batch = gatherer.data()
        assert of_batch.n_rows == len(texts)
        assert of_file(target, model, "owner", "due:week") == replace(of_batch, source=str(target))


@contextmanager
def unwatched(_table: Table, _column: int) -> Iterator[Callable[[int], None]]:
    yield lambda _: None


def test_what_a_report_counts_is_written_as_without_it(tmp_path: Path, model: Model) -> None:
    source = tmp_path / "in.csv"
    source.write_text("text,owner\ncall,Ann\n\nsign\nrank,Bob,more\n")
    summaries = [
        label_file(str(source), str(tmp_path / name), RunOptions(), model, unwatched, observe)
        for name, observe in (("a.csv", None), ("b.csv", Gatherer(model, GroupOptions(("owner",))).watched))
    ]
    assert summaries[0] == summaries[1]
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()


def test_the_least_sure_rows_are_listed(monkeypatch: pytest.MonkeyPatch, model: Model) -> None:
    monkeypatch.setattr(report, "LISTED_ROWS", 3)
    tally = ReportTally("in.csv", model, [])
    for start in range(0, 40, 4):
        lines, ones = range(start, start + 4), np.ones(4, dtype=np.int64)
        confidence = np.array([(line * 7 % 10) / 10 for line in lines])
        tally.add(Chunk([f"t{line}" for line in lines], lines), FileAnswers(ones, ones, ones, confidence))
        assert len(tally._listed) <= 6
    assert [(row.line, row.confidence) for row in tally.data().listed] == [(0, 0.0), (10, 0.0), (20, 0.0)]
    assert tally.data().statuses == {"ok": 0, "unsure": 40, "empty": 0}


def test_confidences_are_counted_as_a_file_has_them(model: Model) -> None:
    tally, two = ReportTally("in.csv", model, []), np.ones(2, dtype=np.int64)
    tally.add(Chunk(["a", "b"], [1, 2]), FileAnswers(two, two, two, np.array([0.89996, 0.89994])))
    assert tally.data().confidences["unsure"][17:] == (1, 1, 0)
    assert [row.confidence for row in tally.data().listed] == [0.8999, 0.9]


def test_long_texts_are_cut(model: Model) -> None:
    tally, one = ReportTally("in.csv", model, []), np.ones(1, dtype=np.int64)
    tally.add(Chunk(["x" * 241], [1]), FileAnswers(one, one, one, np.array([0.5])))
    assert tally.data().listed[0].text == "x" * 239 + "\N{HORIZONTAL ELLIPSIS}"


# --- labelled files ------------------------------------------------------------------------------------------------


def test_a_prefix(tmp_path: Path, model: Model) -> None:
    header = "n,text,label,sm_label,sm_confidence,sm_status\n"
    data = of_file(written(tmp_path, ["1,call,mine,sales,0.9,ok"], header), model, prefix="sm_")
    assert (data.labels, data.activities) == ({"sales": 1, "marketing": 0}, ())


def test_without_a_header_the_last_five_columns_are_those_of_a_batch(tmp_path: Path, model: Model) -> None:
    path = written(tmp_path, ROWS[:2], header="")
    assert of_file(path, model, read=ReadOptions(header=False)).statuses == {"ok": 1, "unsure": 1, "empty": 0}


GOOD = "1,call,Ann,,sales,0.9,ok,cold-outreach,"
BAD = [
    pytest.param("1,call,Ann,,other,0.9,ok,seo,", "3: unknown label 'other'.", "sales, marketing.", id="label"),
    pytest.param("1,call,Ann,,sales,0.9,fine,seo,", "3: unknown status 'fine'.", "ok, unsure, empty.", id="status"),
    pytest.param("1,call,Ann,,sales,0.9,ok,tea,", "3: unknown activity 'tea'.", "closing, seo.", id="activity"),
    pytest.param("1,call,Ann,,sales,high,ok,seo,", "3: 'high' is no confidence.", "with a point.", id="confidence"),
    pytest.param("1,call,Ann,,sales,1.5,ok,seo,", "3: '1.5' is no confidence.", "with a point.", id="too much"),
    pytest.param("1,call,Ann,,sales,nan,ok,seo,", "3: 'nan' is no confidence.", "with a point.", id="nan"),
    pytest.param("1,call,Ann,,,0.9,ok,seo,", "3: label and status do not go together.", "changed?", id="no label"),
    pytest.param("1,call,Ann,,sales,,empty,seo,", "3: label and status do not go together.", "changed?", id="empty"),
    pytest.param('1,call,Ann,,sales,0.9,ok,seo,"', "3: a quoted cell never ends.", "closing quote.", id="quote"),
]


@pytest.mark.parametrize(("row", "message", "tip"), BAD)
def test_cells_that_are_no_answers(tmp_path: Path, model: Model, row: str, message: str, tip: str) -> None:
    path = written(tmp_path, [GOOD, row])
    with pytest.raises(TableError) as caught:
        of_file(path, model)
    assert caught.value.message == f"{path}:{message}"
    assert tip in caught.value.tip


@pytest.mark.parametrize(
    ("header", "missing"),
    [("n,text\n", "label"), ("n,text,label\n", "confidence"), ("n,text,label,confidence\n", "status")],
)
def test_a_file_without_labels(tmp_path: Path, model: Model, header: str, missing: str) -> None:
    path = written(tmp_path, [], header)
    with pytest.raises(UsageError) as caught:
        of_file(path, model)
    assert caught.value.message == f"{path}: there is no column {missing!r}: is the file labelled?"
    assert "smclassify batch" in caught.value.tip


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        pytest.param("owner", GroupColumn(1, "owner"), id="header"),
        pytest.param("OWNER", GroupColumn(1, "owner"), id="other case"),
        pytest.param("2", GroupColumn(1, "owner"), id="number"),
        pytest.param("due:month", GroupColumn(2, "due", "month", "%y"), id="period"),
        pytest.param("3:day", GroupColumn(2, "due", "day", "%y"), id="number and period"),
        pytest.param("due:week", GroupColumn(3, "due:week"), id="a header that looks like a period"),
        pytest.param("a:b", GroupColumn(4, "a:b"), id="a header with a colon"),
        pytest.param("a:b:week", GroupColumn(4, "a:b", "week", "%y"), id="a header with a colon, and a period"),
    ],
)
def test_columns_to_group_by(tmp_path: Path, by: str, expected: GroupColumn) -> None:
    path = written(tmp_path, ["x"], "text,owner,due,due:week,a:b\n")
    with open_table(str(path), ReadOptions()) as table:
        assert find_groups(table, GroupOptions((by,), "%y")) == [expected]


@pytest.mark.parametrize("by", ["who", "owner:year", "who:week"])
def test_no_such_column_to_group_by(tmp_path: Path, model: Model, by: str) -> None:
    with pytest.raises(UsageError, match=r"there is no column '(who|owner:year)'"):
        of_file(written(tmp_path, ROWS), model, by)
