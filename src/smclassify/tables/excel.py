"""Excel workbooks (.xlsx). Needs the extra `excel`."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Self
from zipfile import BadZipFile, ZipFile

from smclassify.errors import TableError, UsageError
from smclassify.tables.convert import as_text, first_line
from smclassify.tables.excel_read import Book
from smclassify.tables.values import CHUNK_ROWS, Chunk, numbered_names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smclassify.tables.excel_read import Cells
    from smclassify.tables.values import ReadOptions

_MOST_CELLS = 1 << 25
_LARGEST_FILE = 1 << 30


@dataclass(frozen=True, slots=True)
class ExcelChunk(Chunk):
    """A chunk of a sheet.

    Attributes:
        cells: The values of each row.
    """

    cells: list[list[object]] = field(default_factory=list)

    def cut(self, start: int, stop: int) -> Self:
        """Return some of the records, by their places."""
        return replace(Chunk.cut(self, start, stop), cells=self.cells[start:stop])

    def rows(self) -> Iterator[list[object]]:
        """Yield the values of the rows."""
        return (row for place, row in enumerate(self.cells) if place not in self.blanks)

    def column(self, place: int) -> list[str]:
        """Return the values of a column as texts."""
        return [as_text(row[place]) for row in self.cells]


class ExcelTable:
    """A sheet of an open workbook, wholly in memory. Its first row that is not blank is the header.

    The table is as wide as the widest row, so that no cell stands where the new ones go.

    Attributes:
        book: The workbook.
        title: The sheet that is read.
    """

    format = "excel"

    def __init__(self, name: str, options: ReadOptions, book: Book, title: str, cells: Cells) -> None:
        """Take the cells of a sheet.

        Raises:
            TableError: The sheet is blank, or reaches too far.
        """
        self.name = name
        self.book = book
        self.title = title
        if not cells.rows:
            raise TableError(f"{name}: the sheet {title!r} has no rows.", "Choose another with --sheet.")
        if (n_cells := cells.height * cells.width) > _MOST_CELLS:
            message = f"{name}: the sheet {title!r} reaches over {n_cells:,} cells."
            raise TableError(message, "Is there a cell far off? Delete the blank rows and columns before it.")
        self.width = cells.width
        self.size = cells.height
        self._cells = cells
        self.header_row = min(cells.rows)
        self.headers = tuple(map(as_text, self._row(self.header_row))) if options.header else None
        self.names = numbered_names(self.width) if self.headers is None else self.headers
        self._n_read = 0

    def position(self) -> int:
        """Return how many rows have been read."""
        return self._n_read

    def describe(self) -> str:
        """Return how the file is written, and which formulas were never worked out."""
        others = self.book.n_sheets - 1
        more = f" ({others} other sheet{'s' if others > 1 else ''} kept)" if others else ""
        n = self._cells.n_unsaved
        unsaved = f"{n:,} formulas without saved values are" if n > 1 else "a formula without a saved value is"
        note = f"; {unsaved} read as blank: save the workbook in Excel first" if n else ""
        return f"Excel, sheet {self.title!r}{more}{note}"

    def chunks(self, column: int) -> Iterator[ExcelChunk]:
        """Yield the rows; dates and numbers are labelled as texts, and wholly blank rows are kept as they are."""
        first = self.header_row + (self.headers is not None)
        for start in range(first, self.size + 1, CHUNK_ROWS):
            lines = range(start, min(start + CHUNK_ROWS, self.size + 1))
            self._n_read = lines[-1]
            cells = [self._row(line) for line in lines]
            blanks = frozenset(place for place, line in enumerate(lines) if line not in self._cells.rows)
            yield ExcelChunk([as_text(row[column]) for row in cells], lines, blanks, cells=cells)

    def _row(self, line: int) -> list[object]:
        """Return the values of a row, None where a cell is blank."""
        row: list[object] = [None] * self.width
        for place, value in self._cells.rows.get(line, {}).items():
            row[place - 1] = value
        return row


@contextmanager
def open_workbook(name: str, options: ReadOptions) -> Iterator[ExcelTable]:
    """Open a sheet of a workbook.

    Raises:
        TableError: It is not a workbook that can be read, or the sheet is blank.
        UsageError: There is no such sheet.
    """
    _check_size(name)
    with Path(name).open("rb") as handle:
        with _one_sentence(name):
            book = Book(handle)
        with book.archive:
            title = _title(book, name, options.sheet)
            with _one_sentence(name):
                cells = book.cells(title)
            yield ExcelTable(name, options, book, title, cells)


def _check_size(name: str) -> None:
    """Raise TableError if a workbook is larger, once unpacked, than can be held in memory."""
    try:
        with ZipFile(name) as archive:
            size = sum(part.file_size for part in archive.infolist())
    except (OSError, ValueError, NotImplementedError, BadZipFile):
        return  # openpyxl says what is wrong
    if size > _LARGEST_FILE:
        message = f"{name}: the workbook has {size:,} bytes when it is unpacked, more than {_LARGEST_FILE:,}."
        raise TableError(message, "Export the sheet as CSV.")


@contextmanager
def _one_sentence(name: str) -> Iterator[None]:
    """Raise TableError for all that can be wrong with a workbook.

    openpyxl warns of what it cannot write, which is copied here.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except Exception as error:  # a damaged workbook makes openpyxl raise errors of a dozen kinds
        message = f"{name}: cannot read the workbook: {first_line(error)}."
        raise TableError(message, "Is it damaged, or not .xlsx?") from error


def _title(book: Book, name: str, wanted: str | None) -> str:
    """Return the title of the sheet to read."""
    if not book.n_sheets:
        tip = "Is it a Strict Open XML workbook? Save it as Excel Workbook (.xlsx)."
        raise TableError(f"{name}: no sheets are found in the workbook.", tip)
    found = next(iter(book.sheets), None) if wanted is None else wanted
    if found is None or found not in book.sheets:
        message = f"{name}: there is no sheet" + (" with cells." if wanted is None else f" {wanted!r}.")
        tip = f"The sheets are: {', '.join(book.sheets)}." if book.sheets else "All that it has are charts."
        raise UsageError(message, tip)
    return found
