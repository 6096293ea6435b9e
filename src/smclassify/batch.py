"""Labelling the rows of a table, chunk by chunk."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from heapq import nsmallest
from itertools import islice
from typing import TYPE_CHECKING

from smclassify.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from smclassify.model import Model, Prediction
    from smclassify.tables import Row, Table, TableWriter

NEW_COLUMNS = ("label", "confidence", "status", "activity", "definition")
LIKELY_HEADERS = (
    "activity",
    "description",
    "event",
    "name",
    "subject",
    "summary",
    "task",
    "task name",
    "task title",
    "text",
    "title",
    "to-do",
    "todo",
)
_CHUNK = 2048
_SHOWN_LINES = 5
_SHOWN_ROWS = 5


@dataclass(frozen=True, slots=True)
class UnsureRow:
    """A row that a person should look at: where it starts, what it says, what the model makes of it."""

    line: int
    text: str
    label: str
    confidence: float


@dataclass(frozen=True, slots=True)
class BatchSummary:
    """What a batch did.

    Attributes:
        n_rows: Number of rows written, blank lines not counted.
        labels: Number of rows by label, the most frequent first.
        statuses: Number of rows by status.
        least_sure: The rows with status `unsure` that have the lowest confidence.
        n_ragged: Number of rows with too few or too many cells.
        ragged_lines: Lines where the first of them start.
        n_blank_lines: Number of blank lines, which stay as they are.
        unclosed_line: Line of a row whose quoted cell never ends; None if all do.
    """

    n_rows: int
    labels: dict[str, int]
    statuses: dict[str, int]
    least_sure: tuple[UnsureRow, ...]
    n_ragged: int
    ragged_lines: tuple[int, ...]
    n_blank_lines: int
    unclosed_line: int | None


@dataclass(slots=True)
class _Tally:
    """The counts of a batch while it runs."""

    width: int
    labels: Counter[str] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)
    least_sure: list[UnsureRow] = field(default_factory=list)
    n_ragged: int = 0
    ragged_lines: list[int] = field(default_factory=list)
    n_blank_lines: int = 0
    unclosed_line: int | None = None

    def add(self, rows: Sequence[Row], predictions: Sequence[Prediction]) -> None:
        unsure = list(self.least_sure)
        for row, prediction in zip(rows, predictions, strict=True):
            if not row.cells:
                self.n_blank_lines += 1
                continue
            if len(row.cells) != self.width:
                self.n_ragged += 1
                if len(self.ragged_lines) < _SHOWN_LINES:
                    self.ragged_lines.append(row.line)
            if row.unclosed:
                self.unclosed_line = row.line
            self.statuses[prediction.status] += 1
            if prediction.label is not None:
                self.labels[prediction.label] += 1
                if prediction.status == "unsure":
                    unsure.append(UnsureRow(row.line, prediction.text, prediction.label, prediction.confidence))
        self.least_sure = nsmallest(_SHOWN_ROWS, unsure, key=lambda row: (row.confidence, row.line))

    def summary(self) -> BatchSummary:
        return BatchSummary(
            n_rows=self.statuses.total(),
            labels=dict(self.labels.most_common()),
            statuses=dict(self.statuses.most_common()),
            least_sure=tuple(self.least_sure),
            n_ragged=self.n_ragged,
            ragged_lines=tuple(self.ragged_lines),
            n_blank_lines=self.n_blank_lines,
            unclosed_line=self.unclosed_line,
        )


def find_column(table: Table, wanted: str | None) -> int:
    """Return the place of the column with the texts, from 0.

    Args:
        table: The table.
        wanted: A header, or a number from 1; None to look for a header among the usual ones.

    Raises:
        UsageError: There is no such column, or it is not clear which one is meant; the tip lists the headers.
    """
    headers = [header.strip() for header in table.header.cells] if table.header else []
    tip = f"The columns are: {', '.join(f'{n} {header!r}' for n, header in enumerate(headers, 1))}."
    if not headers:
        tip = f"The file has no header and {table.width} columns; name one by its number, from 1."
    if wanted is None:
        usual = [place for place, header in enumerate(headers) if header.casefold() in LIKELY_HEADERS]
        if len(usual) == 1:
            return usual[0]
        if table.width == 1:
            return 0
        which = "more than one column looks like the activities" if usual else "no column has one of the usual names"
        raise UsageError(f"{table.name}: which column holds the activities? Here {which}.", f"{tip} Choose with -c.")
    exact = [place for place, header in enumerate(headers) if header == wanted.strip()]
    folded = [place for place, header in enumerate(headers) if header.casefold() == wanted.strip().casefold()]
    for found in (exact, folded):
        if len(found) > 1:
            raise UsageError(f"{table.name}: {len(found)} columns are called {wanted!r}.", f"{tip} Use the number.")
        if found:
            return found[0]
    if wanted.isdecimal() and 1 <= int(wanted) <= table.width:
        return int(wanted) - 1
    raise UsageError(f"{table.name}: there is no column {wanted!r}.", tip)


def new_headers(table: Table, columns: Sequence[str], prefix: str) -> list[str]:
    """Return the headers of the new columns.

    Raises:
        UsageError: A column is unknown, or the table has one with the same name already.
    """
    for column in columns:
        if column not in NEW_COLUMNS:
            raise UsageError(f"There is no new column {column!r}.", f"Choose from {', '.join(NEW_COLUMNS)}.")
    names = [prefix + column for column in columns]
    taken = {header.strip() for header in table.header.cells} if table.header else set()
    if clashes := [name for name in names if name in taken]:
        raise UsageError(
            f"{table.name}: the file has a column {clashes[0]!r} already.",
            "Put something before the new names, for instance --prefix sm_",
        )
    return names


def new_cells(prediction: Prediction, columns: Sequence[str]) -> list[str]:
    """Return the cells of the new columns; none of them can start a spreadsheet formula."""
    if prediction.definition is None:
        return ["empty" if column == "status" else "" for column in columns]
    cells = {
        "label": prediction.label or "",
        "confidence": f"{prediction.confidence:.4f}",
        "status": prediction.status,
        "activity": prediction.activity or "",
        "definition": prediction.definition.text,
    }
    return [cells[column] for column in columns]


def label_table(
    writer: TableWriter,
    column: int,
    columns: Sequence[str],
    model: Model,
    on_chunk: Callable[[int], None] = lambda _: None,
) -> BatchSummary:
    """Write all rows of a table with the new cells, and return what was done.

    Args:
        writer: Where the rows of its table go; the header has been written.
        column: Place of the texts, from 0.
        columns: Which new columns to write.
        model: What labels the texts.
        on_chunk: Called with the number of rows of each chunk once it is written.
    """
    tally = _Tally(writer.table.width)
    for rows in _chunks(writer.table.rows):
        predictions = model.predict([row.cells[column] if column < len(row.cells) else "" for row in rows])
        writer.write([(row, new_cells(p, columns)) for row, p in zip(rows, predictions, strict=True)])
        tally.add(rows, predictions)
        on_chunk(len(rows))
    return tally.summary()


def _chunks(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while chunk := list(islice(rows, _CHUNK)):
        yield chunk
