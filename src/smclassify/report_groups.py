"""How the rows of a report are grouped by the values of a column, or by the day, week or month of a date."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from smclassify.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

Period = Literal["day", "week", "month"]
PERIODS: tuple[Period, ...] = get_args(Period)
Kind = Literal["value", "blank", "unreadable", "other", "earlier"]
FOLDED = frozenset[Kind]({"other", "earlier"})
"""The kinds of groups that stand for more than one value."""

SHOWN_VALUES = 50
"""Most values of a column that are shown one by one."""
SHOWN_PERIODS = 120
"""Most days, weeks or months that are shown one by one."""
KEPT_VALUES = 10_000
"""Most values of a column that are told apart while rows are counted."""
LONGEST_VALUE = 80
"""Most characters of a value; what comes after them is cut off."""
_OTHER, _UNREADABLE = " other", " unreadable"
"""What stands for such cells among the values, none of which starts with a blank."""
_WRITTEN = ("%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y")


@dataclass(frozen=True, slots=True)
class GroupColumn:
    """A column by which the rows are grouped.

    Attributes:
        place: Place of the column, from 0.
        name: What it is called.
        period: What of a date counts; None if the cells count as they are.
        date_format: How dates are written, as for `datetime.strptime`; None for the usual ways.
    """

    place: int
    name: str
    period: Period | None = None
    date_format: str | None = None


@dataclass(frozen=True, slots=True)
class GroupRow:
    """The rows that have one value.

    Attributes:
        value: The value; of a period its first day, or year and month; of the other kinds `""`.
        kind: Whether it is a value, or stands for blank cells, for cells that are no dates, for all other values, or
            for all earlier periods.
        labels: Number of rows by label, in the order of the model's labels.
        n_rows: Number of rows, empty ones among them.
        n_unsure: Number of rows with status `unsure`.
        n_values: Number of values that this row stands for.
    """

    value: str
    kind: Kind
    labels: tuple[int, ...]
    n_rows: int
    n_unsure: int
    n_values: int = 1


@dataclass(frozen=True, slots=True)
class Grouping:
    """All rows by the values of one column.

    Attributes:
        column: The column.
        rows: The groups: periods in the order of time, values by number of rows; what they leave out comes last.
        has_more: Whether there were more values than could be told apart, so that those which first came late are all
            among the other ones.
    """

    column: GroupColumn
    rows: tuple[GroupRow, ...]
    has_more: bool


class GroupTally:
    """The counts by the values of one column while rows stream; memory is bounded."""

    def __init__(self, column: GroupColumn, n_labels: int) -> None:
        self.column = column
        self._places: dict[str, int] = {}
        self._periods: dict[str, str] = {}
        self._counts: Ints = np.zeros((64, n_labels + 2), dtype=np.int64)  # by label, then empty, then unsure
        self._has_more = False

    def add(self, cells: Sequence[str], label: Ints, is_unsure: NDArray[np.bool_]) -> None:
        """Count some rows.

        Args:
            cells: The cell of each row.
            label: Place of the label of each row, negative for an empty text; shape (n,).
            is_unsure: Whether the status of each row is `unsure`; shape (n,).
        """
        places = np.array([self._place(cell) for cell in cells], dtype=np.int64)
        while len(self._counts) < len(self._places):
            self._counts = np.concatenate((self._counts, np.zeros_like(self._counts)))
        np.add.at(self._counts, (places, np.where(label < 0, self._counts.shape[1] - 2, label)), 1)
        np.add.at(self._counts[:, -1], places[is_unsure], 1)

    def _place(self, cell: str) -> int:
        value = shown_cell(cell) if self.column.period is None else self._period(cell)
        place = self._places.get(value)
        if place is None:
            if len(self._places) >= KEPT_VALUES and value not in {"", _UNREADABLE}:
                self._has_more, value = True, _OTHER
            place = self._places.setdefault(value, len(self._places))
        return place

    def _period(self, cell: str) -> str:
        day = cell.strip()[:LONGEST_VALUE]
        period = self._periods.get(day)
        if period is None:
            if len(self._periods) >= KEPT_VALUES:
                self._periods.clear()
            self._periods[day] = period = period_of(day, self.column)
        return period

    def grouping(self) -> Grouping:
        """Return what was counted."""
        special: dict[str, Kind] = {_OTHER: "other", _UNREADABLE: "unreadable", "": "blank"}
        values = {value: self._counts[place] for value, place in self._places.items() if value not in special}
        kind: Kind = "other"
        if self.column.period is None:
            ordered = sorted(values, key=lambda value: (-values[value][:-1].sum(), value))
            shown, folded = ordered[:SHOWN_VALUES], ordered[SHOWN_VALUES:]
        else:
            ordered = sorted(values)
            folded, shown, kind = ordered[:-SHOWN_PERIODS], ordered[-SHOWN_PERIODS:], "earlier"
            shown = _without_gaps(shown, self.column.period)
        nothing = np.zeros(self._counts.shape[1], dtype=np.int64)
        rows = [_row(value, "value", values.get(value, nothing)) for value in shown]
        rest = {kind: [values[value] for value in folded]}
        for value, of_kind in special.items():
            if value in self._places:
                rest.setdefault(of_kind, []).append(self._counts[self._places[value]])
        rows += [
            _row("", of_kind, np.sum(counts, axis=0), len(folded) if of_kind == kind else 1)
            for of_kind, counts in rest.items()
            if counts
        ]
        return Grouping(self.column, tuple(rows), self._has_more)


def _row(value: str, kind: Kind, counts: Ints, n_values: int = 1) -> GroupRow:
    *labels, n_empty, n_unsure = counts.tolist()
    return GroupRow(value, kind, tuple(labels), sum(labels) + n_empty, n_unsure, n_values)


def shown_cell(cell: str) -> str:
    """Return a cell as a report has it: without space around it, and cut if it is long."""
    cell = cell.strip()
    return cell if len(cell) <= LONGEST_VALUE else cell[: LONGEST_VALUE - 1] + "\N{HORIZONTAL ELLIPSIS}"


def period_of(cell: str, column: GroupColumn) -> str:
    """Return the period of a date: its day, the Monday of its week, or its year and month; `""` for a blank cell.

    Without a format, dates are read as ISO 8601 has them, with or without a time, and as 2026/03/02 or 02.03.2026.
    What can be read in two ways, such as 02/03/2026, is no date.
    """
    if not cell:
        return ""
    day = _date(cell, column.date_format)
    if day is None:
        return _UNREADABLE
    if column.period == "week":
        day -= timedelta(days=day.weekday())
    return day.isoformat()[: len("2026-03")] if column.period == "month" else day.isoformat()


def check_date_format(date_format: str | None) -> None:
    """Raise unless dates can be read by a format.

    Raises:
        UsageError: It has no year, or names a part that there is not, or one twice.
    """
    if date_format is None:
        return
    year = 2026
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a format without a year, which is refused below
            day = datetime(year, 3, 2, tzinfo=UTC).strftime(date_format)
            if datetime.strptime(day, date_format).year == year:  # noqa: DTZ007 - as below
                return
    except (ValueError, re.error):
        pass
    tip = "It needs a year, and each part once, for instance %d/%m/%Y or %Y-%m-%d %H:%M."
    raise UsageError(f"No date can be read by the format {date_format!r}.", tip)


def _date(cell: str, date_format: str | None) -> date | None:
    if date_format is None:
        try:
            return datetime.fromisoformat(cell).date()
        except ValueError:
            cell = cell.split(maxsplit=1)[0]
    for written in (date_format,) if date_format else _WRITTEN:
        try:
            return datetime.strptime(cell, written).date()  # noqa: DTZ007 - a day needs no time zone
        except ValueError:
            continue
    return None


def _without_gaps(periods: Sequence[str], period: Period) -> list[str]:
    """Return the periods with those between them, unless that makes too many."""
    if not periods:
        return []
    filled = []
    for value in _iter_periods(periods[0], period):
        filled.append(value)
        if len(filled) > SHOWN_PERIODS:
            break
        if value >= periods[-1]:
            return filled
    return list(periods)


def _iter_periods(first: str, period: Period) -> Iterator[str]:
    if period == "month":
        year, month = map(int, first.split("-"))
        for place in range(SHOWN_PERIODS + 1):
            yield f"{year + (month - 1 + place) // 12:04}-{(month - 1 + place) % 12 + 1:02}"
        return
    day, step = date.fromisoformat(first), timedelta(days=7 if period == "week" else 1)
    for _ in range(SHOWN_PERIODS + 1):
        yield day.isoformat()
        day += step
