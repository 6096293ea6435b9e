"""From rows to a report: those that a batch labels, or those that it labelled before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from smclassify.columns import NEW_COLUMNS, find_column, name_of
from smclassify.errors import TableError, UsageError
from smclassify.model import STATUSES
from smclassify.predictions import EMPTY, NONE
from smclassify.report import Answers, ReportTally
from smclassify.report_groups import PERIODS, GroupColumn, check_date_format

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from smclassify.model import Model
    from smclassify.report import ReportData
    from smclassify.tables.values import Chunk, Table

    Ints = NDArray[np.int64]

_Answers = TypeVar("_Answers", bound=Answers)
_NEEDED = ("label", "confidence", "status")


@dataclass(frozen=True, slots=True)
class GroupOptions:
    """What the user says of the groups of a report.

    Attributes:
        by: Columns to group by: each a header or a number from 1, perhaps with `:day`, `:week` or `:month`.
        date_format: How dates are written, as for `datetime.strptime`; None for the usual ways.
    """

    by: tuple[str, ...] = ()
    date_format: str | None = None

    def __post_init__(self) -> None:
        """Raise UsageError unless dates can be read by the format."""
        check_date_format(self.date_format)


class Gatherer:
    """Counts the rows that pass, for a report."""

    def __init__(self, model: Model, options: GroupOptions) -> None:
        self._model = model
        self._options = options
        self._tally: ReportTally | None = None

    def watched(self, table: Table, answered: Iterable[tuple[Chunk, _Answers]]) -> Iterator[tuple[Chunk, _Answers]]:
        """Return chunks with their answers as they are; each is counted when it passes.

        Raises:
            UsageError: The table has no such columns to group by; raised before the first chunk.
        """
        self._tally = tally = ReportTally(table.name, self._model, find_groups(table, self._options))
        return _counted(tally, answered)

    def data(self) -> ReportData:
        """Return what was counted."""
        assert self._tally is not None  # noqa: S101 - tells the type
        return self._tally.data()


def _counted(tally: ReportTally, answered: Iterable[tuple[Chunk, _Answers]]) -> Iterator[tuple[Chunk, _Answers]]:
    for chunk, answers in answered:
        tally.add(chunk, answers)
        yield chunk, answers


def find_groups(table: Table, options: GroupOptions) -> list[GroupColumn]:
    """Return the columns by which the rows of a table are grouped.

    A header that itself ends in `:week` or the like is found first.

    Raises:
        UsageError: There is no such column.
    """
    headers = {header.strip() for header in table.headers or ()}
    found = []
    for wanted in options.by:
        name, _, end = wanted.rpartition(":")
        period = next((period for period in PERIODS if period == end), None)
        if wanted.strip() in headers or period is None:
            name, period = wanted, None
        place = find_column(table, name)
        found.append(GroupColumn(place, name_of(table, place), period, options.date_format if period else None))
    return found


@dataclass(frozen=True, slots=True)
class FileAnswers:
    """The answers that the rows of a labelled file have; see `report.Answers`."""

    label: Ints
    activity: Ints
    status: Ints
    confidence: NDArray[np.float64]


class LabelledColumns:
    """The columns of a table that an earlier batch added to it."""

    def __init__(self, table: Table, prefix: str, model: Model) -> None:
        """Find them by their headers; without headers, all five must be there, as the last ones.

        Args:
            table: The table.
            prefix: What the batch put before the names of its columns.
            model: What made the answers.

        Raises:
            UsageError: One of them is missing; the tip lists the headers.
        """
        names = [name.strip() for name in table.headers or ()]
        if not names and table.width > len(NEW_COLUMNS):
            names = [*[""] * (table.width - len(NEW_COLUMNS)), *(prefix + name for name in NEW_COLUMNS)]
        self._columns = {name: names.index(prefix + name) for name in NEW_COLUMNS if prefix + name in names}
        if missing := [prefix + name for name in _NEEDED if name not in self._columns]:
            tip = f"The columns are: {', '.join(names)}. `smclassify batch` adds it; --prefix if it was given one."
            raise UsageError(f"{table.name}: there is no column {missing[0]!r}: is the file labelled?", tip)
        self._name = table.name
        self._known = {
            "label": {"": NONE} | {name: place for place, name in enumerate(model.labels)},
            "activity": {"": NONE} | {name: place for place, name in enumerate(model.activities)},
            "status": {"": EMPTY} | {name: place for place, name in enumerate(STATUSES)},
        }

    def answered(self, chunks: Iterable[Chunk]) -> Iterator[tuple[Chunk, FileAnswers]]:
        """Yield chunks with the answers that their rows have.

        Raises:
            TableError: A cell holds no answer of the model, or a quoted cell never ends.
        """
        for chunk in chunks:
            if chunk.unclosed is not None:
                raise TableError(f"{self._name}:{chunk.unclosed}: a quoted cell never ends.", "Add the closing quote.")
            label, status = self._places("label", chunk), self._places("status", chunk)
            for place in np.flatnonzero((label == NONE) != (status == EMPTY)).tolist():
                of_row = f"{self._name}:{chunk.lines[place]}"
                tip = "Only rows with status empty have no label. Were the cells changed?"
                raise TableError(f"{of_row}: label and status do not go together.", tip)
            yield chunk, FileAnswers(label, self._places("activity", chunk), status, self._confidences(chunk))

    def _places(self, name: str, chunk: Chunk) -> Ints:
        """Return the place of each cell among the names that the model knows."""
        if name not in self._columns:
            return np.full(len(chunk.texts), NONE)
        known, cells = self._known[name], chunk.column(self._columns[name])
        for line, cell in zip(chunk.lines, cells, strict=True):
            if cell.strip() not in known:
                tip = (
                    f"The model knows: {', '.join(filter(None, known))}. --model names the one that labelled the file."
                )
                raise TableError(f"{self._name}:{line}: unknown {name} {cell.strip()!r}.", tip)
        return np.array([known[cell.strip()] for cell in cells], dtype=np.int64)

    def _confidences(self, chunk: Chunk) -> NDArray[np.float64]:
        confidences = []
        for line, cell in zip(chunk.lines, chunk.column(self._columns["confidence"]), strict=True):
            try:
                confidence = float(cell.strip() or 0)
            except ValueError:
                confidence = np.nan
            if not 0 <= confidence <= 1:
                tip = "Confidences are numbers from 0 to 1, with a point."
                raise TableError(f"{self._name}:{line}: {cell.strip()!r} is no confidence.", tip)
            confidences.append(confidence)
        return np.array(confidences, dtype=np.float64)
