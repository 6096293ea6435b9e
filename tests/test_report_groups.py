from __future__ import annotations

import numpy as np
import pytest

from smclassify import report_groups
from smclassify.errors import UsageError
from smclassify.report_gather import GroupOptions
from smclassify.report_groups import GroupColumn, Grouping, GroupRow, GroupTally, period_of


def counted(cells: list[str], column: GroupColumn, labels: list[int] | None = None) -> Grouping:
    """Return the groups of rows of two labels, the first one unless said; the second row is unsure."""
    tally = GroupTally(column, 2)
    label = np.array(labels or [0] * len(cells), dtype=np.int64)
    tally.add(cells, label, np.arange(len(cells)) == 1)
    return tally.grouping()


OWNER = GroupColumn(2, "owner")


def test_values_are_counted_by_label_the_most_frequent_first() -> None:
    grouping = counted(["Bob", " Ann ", "Ann", "", "Ann"], OWNER, [0, 1, 0, 1, -1])
    assert grouping.rows == (
        GroupRow("Ann", "value", (1, 1), 3, 1),
        GroupRow("Bob", "value", (1, 0), 1, 0),
        GroupRow("", "blank", (0, 1), 1, 0),
    )
    assert not grouping.has_more


def test_chunks_add_up() -> None:
    tally = GroupTally(OWNER, 1)
    for cells in (["a", "b"], ["b"], []):
        tally.add(cells, np.zeros(len(cells), dtype=np.int64), np.zeros(len(cells), dtype=np.bool_))
    assert [(row.value, row.n_rows) for row in tally.grouping().rows] == [("b", 2), ("a", 1)]


def test_more_than_fifty_values_become_other_ones() -> None:
    cells = [f"v{place:03}" for place in range(60) for _ in range(60 - place)]
    *shown, rest = counted(cells, OWNER).rows
    assert [row.value for row in shown] == [f"v{place:03}" for place in range(50)]
    assert rest == GroupRow("", "other", (sum(range(1, 11)), 0), sum(range(1, 11)), 0, 10)


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report_groups, "KEPT_VALUES", 3)
    grouping = counted(["a", "b", "c", "d", "e", "a", ""], OWNER)
    assert [(row.kind, row.value, row.n_rows) for row in grouping.rows] == [
        ("value", "a", 2),
        ("value", "b", 1),
        ("value", "c", 1),
        ("other", "", 2),
        ("blank", "", 1),
    ]
    assert grouping.has_more


def test_long_values_are_cut() -> None:
    [row] = counted(["x" * 81, "x" * 99], OWNER).rows
    assert (row.value, row.n_rows) == ("x" * 79 + "…", 2)


@pytest.mark.parametrize(
    ("cell", "period", "date_format", "expected"),
    [
        pytest.param("2026-03-04", "day", None, "2026-03-04", id="a day"),
        pytest.param("2026-03-04", "week", None, "2026-03-02", id="the Monday before"),
        pytest.param("2026-03-02", "week", None, "2026-03-02", id="a Monday"),
        pytest.param("2026-01-01", "week", None, "2025-12-29", id="a week in two years"),
        pytest.param("2026-03-04", "month", None, "2026-03", id="a month"),
        pytest.param("2026-03-04T23:59:00Z", "day", None, "2026-03-04", id="ISO with a time"),
        pytest.param("2026-03-04 10:00:00 UTC", "day", None, "2026-03-04", id="a time that is not ISO"),
        pytest.param("2026/03/04", "day", None, "2026-03-04", id="slashes, year first"),
        pytest.param("4.3.2026 9:15", "day", None, "2026-03-04", id="points"),
        pytest.param("03/04/2026", "day", None, " unreadable", id="two readings"),
        pytest.param("03/04/2026", "day", "%d/%m/%Y", "2026-04-03", id="by a format"),
        pytest.param("2026-03-04", "day", "%d/%m/%Y", " unreadable", id="not by the format"),
        pytest.param("soon", "day", None, " unreadable", id="no date"),
        pytest.param("0001-01-01", "week", None, "0001-01-01", id="the first day"),
        pytest.param("", "day", None, "", id="blank"),
    ],
)
def test_periods(cell: str, period: report_groups.Period, date_format: str | None, expected: str) -> None:
    assert period_of(cell, GroupColumn(0, "due", period, date_format)) == expected


def test_periods_are_in_order_without_gaps_and_what_is_no_date_is_counted() -> None:
    cells = ["2026-01-15", "2025-11-30", "soon", " ", "2025-11-02"]
    assert [(row.kind, row.value, row.n_rows) for row in counted(cells, GroupColumn(0, "due", "month")).rows] == [
        ("value", "2025-11", 2),
        ("value", "2025-12", 0),
        ("value", "2026-01", 1),
        ("unreadable", "", 1),
        ("blank", "", 1),
    ]


@pytest.mark.parametrize(
    ("period", "cells", "expected"),
    [
        ("day", ["2026-02-27", "2026-03-02"], ["2026-02-27", "2026-02-28", "2026-03-01", "2026-03-02"]),
        ("week", ["2026-02-27", "2026-03-12"], ["2026-02-23", "2026-03-02", "2026-03-09"]),
        ("day", ["9999-12-30", "9999-12-31"], ["9999-12-30", "9999-12-31"]),
        ("day", ["1999-01-01", "2026-01-01"], ["1999-01-01", "2026-01-01"]),
    ],
    ids=["days", "weeks", "the last day", "too far apart"],
)
def test_gaps(period: report_groups.Period, cells: list[str], expected: list[str]) -> None:
    assert [row.value for row in counted(cells, GroupColumn(0, "due", period)).rows] == expected


@pytest.mark.parametrize(("last", "n_shown"), [("2026-04-30", 120), ("2026-05-01", 2)])
def test_gaps_that_would_make_too_many_stay(last: str, n_shown: int) -> None:
    assert len(counted(["2026-01-01", last], GroupColumn(0, "due", "day")).rows) == n_shown


@pytest.mark.parametrize("date_format", ["%d/%m/%Y %H:%m", "%d/%d", "%Q", "%", "%d/%m/%", "%d.%m."])
def test_a_format_that_reads_no_date_is_refused(date_format: str) -> None:
    with pytest.raises(UsageError) as caught:
        GroupOptions(date_format=date_format)
    assert caught.value.message == f"No date can be read by the format {date_format!r}."
    assert caught.value.tip == "It needs a year, and each part once, for instance %d/%m/%Y or %Y-%m-%d %H:%M."


@pytest.mark.parametrize("date_format", [None, "%d.%m.%y", "%b %d, %Y", "%m/%Y", "%Y-%m-%dT%H:%M:%S", "%G week %V %u"])
def test_a_format_that_reads_dates(date_format: str | None) -> None:
    assert GroupOptions(date_format=date_format).date_format == date_format


def test_only_the_latest_periods_are_shown() -> None:
    cells = [f"{year}-06-01" for year in range(1800, 1925)]
    *shown, rest = counted(cells, GroupColumn(0, "due", "month")).rows
    assert [row.value for row in shown] == [f"{year}-06" for year in range(1805, 1925)]
    assert rest == GroupRow("", "earlier", (5, 0), 5, 1, 5)
