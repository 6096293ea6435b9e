"""What every table is made of, whatever the format of its file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Protocol, Self

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

STANDARD_STREAM = "-"
FORMATS = ("csv", "tsv", "jsonl", "lines", "excel", "parquet")
WHOLE_FORMATS = frozenset({"excel", "parquet"})
"""Formats that are no text: read from a file only, and written in one piece."""
_EXTENSIONS = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".lines": "lines",
    ".xlsx": "excel",
    ".xlsm": "excel",
    ".parquet": "parquet",
    ".pq": "parquet",
}
CHUNK_ROWS = 16384
LARGEST_CELL = 1 << 24
"""Most characters in a cell; a file with more has most likely lost a closing quote."""
LARGEST_ROW = 2 * LARGEST_CELL
"""Most characters in a row, or in what is read of a file before its rows, so that memory stays bounded."""

NewColumn = list[str] | list[float | None]
"""The new cells of one column, one per row: texts, blank for "none", or numbers."""


def format_of(path: str) -> str | None:
    """Return the format that a file's name stands for, `.gz` left out; None if it says nothing.

    >>> format_of("tasks.jsonl.gz")
    'jsonl'
    """
    return _EXTENSIONS.get(PurePath(path.lower().removesuffix(".gz")).suffix)


def numbered_names(width: int) -> tuple[str, ...]:
    """Return names for columns without headers: `text` for a single one, else `column1`, `column2`..."""
    return ("text",) if width == 1 else tuple(f"column{place}" for place in range(1, width + 1))


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What the user says of a file; None stands for "find out".

    Attributes:
        format: Key of the format, one of `FORMATS`.
        encoding: Name of the encoding.
        delimiter: The delimiter: one character, or comma, semicolon, tab or pipe.
        header: Whether the first row holds the names of the columns.
        sheet: Name of the sheet of a workbook; its first one if None.
    """

    format: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    header: bool = True
    sheet: str | None = None


@dataclass(frozen=True, slots=True)
class Chunk:
    """Neighbouring records of a table.

    Attributes:
        texts: The text of each record; blank where there is none.
        lines: Where each record starts: its line in a text file, its row in others, from 1.
        blanks: Places of the records that are blank lines and not rows.
        ragged: Lines of the rows that have too few or too many cells.
        unclosed: Line of a row in which the file ends inside a quoted cell.
    """

    texts: list[str]
    lines: Sequence[int]
    blanks: frozenset[int] = frozenset()
    ragged: tuple[int, ...] = ()
    unclosed: int | None = None

    def cut(self, start: int, stop: int) -> Self:
        """Return some of the records, by their places; a format that knows more of each cuts that too."""
        lines = self.lines[start:stop]
        return replace(
            self,
            texts=self.texts[start:stop],
            lines=lines,
            blanks=frozenset(place - start for place in self.blanks if start <= place < stop),
            ragged=tuple(line for line in self.ragged if lines[0] <= line <= lines[-1]),
            unclosed=self.unclosed if self.unclosed in lines[-1:] else None,
        )

    def rows(self) -> Iterator[list[object]]:
        """Yield the cells of the rows in the order of the table's `names`; blank lines are left out."""
        raise NotImplementedError

    def column(self, place: int) -> list[str]:
        """Return the texts of any column, given by its place from 0; one per record, as in `texts`."""
        raise NotImplementedError


class Table(Protocol):
    """An open table; its rows can be gone through once."""

    @property
    def name(self) -> str:
        """The file's name, for messages."""

    @property
    def format(self) -> str:
        """Key of the format, one of `FORMATS`."""

    @property
    def headers(self) -> tuple[str, ...] | None:
        """Names of the columns; None if the file has none."""

    @property
    def width(self) -> int:
        """Number of columns."""

    @property
    def names(self) -> tuple[str, ...]:
        """What a file of another format calls the columns."""

    @property
    def size(self) -> int | None:
        """What `position` ends at; None for a stream."""

    def position(self) -> int:
        """Return how much has been read: bytes, or rows where bytes mean nothing."""

    def describe(self) -> str:
        """Return a few words on how the file is written."""

    def chunks(self, column: int) -> Iterator[Chunk]:
        """Yield the rows, with the texts of a column, given by its place from 0."""


class Writer(Protocol):
    """Writes the rows of a table with new cells."""

    def start(self, new_headers: Sequence[str]) -> None:
        """Write what comes before the rows."""

    def write(self, chunk: Chunk, columns: Sequence[NewColumn]) -> None:
        """Write the rows of a chunk with their new cells, column by column, in the order of the headers."""

    def finish(self) -> None:
        """Write what comes after the rows."""
