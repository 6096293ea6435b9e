"""Excel workbooks (.xlsx). Needs the extra `excel`."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time
from pathlib import Path
from typing import IO, TYPE_CHECKING, Self
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile

import openpyxl
from openpyxl.writer.excel import ExcelWriter as PackageWriter

from smclassify.errors import TableError, UsageError
from smclassify.tables.convert import as_text, first_line
from smclassify.tables.values import CHUNK_ROWS, Chunk, numbered_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from openpyxl.worksheet.worksheet import Worksheet

    from smclassify.tables.values import NewColumn, ReadOptions

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
        book: The workbook, with formulas as formulas.
        sheet: The sheet that is read.
    """

    format = "excel"

    def __init__(
        self, name: str, options: ReadOptions, book: openpyxl.Workbook, values: openpyxl.Workbook, losses: Sequence[str]
    ) -> None:
        """Take what was read: the workbook, what its formulas gave when it was last saved, and what cannot be kept.

        Raises:
            TableError: The sheet is blank.
            UsageError: There is no such sheet.
        """
        self.name = name
        self.book = book
        self._losses = losses
        self.sheet = _sheet(book, name, options.sheet)
        if (n_cells := self.sheet.max_row * self.sheet.max_column) > _MOST_CELLS:
            message = f"{name}: the sheet {self.sheet.title!r} reaches over {n_cells:,} cells."
            raise TableError(message, "Is there a cell far off? Delete the blank rows and columns before it.")
        ends = [_end(row) for row in self.sheet.iter_rows(values_only=True)]
        first = next((place for place, end in enumerate(ends) if end), None)
        if first is None:
            message = f"{name}: the sheet {self.sheet.title!r} has no rows."
            raise TableError(message, "Choose another with --sheet.")
        self.width: int = max([*ends, *(merged.max_col for merged in self.sheet.merged_cells.ranges)])
        sheet = _sheet(values, name, options.sheet)
        rows = sheet.iter_rows(max_row=len(ends), max_col=self.width, values_only=True)
        self._values = [[_as_date(value) for value in row] for row in rows]
        self._is_blank = [not end for end in ends]
        self.headers = tuple(as_text(value) for value in self._values[first]) if options.header else None
        self.names = numbered_names(self.width) if self.headers is None else self.headers
        self.header_row = first + 1
        self.size = len(self._values)
        self._n_read = 0

    def position(self) -> int:
        """Return how many rows have been read."""
        return self._n_read

    def describe(self) -> str:
        """Return how the file is written, and what of it cannot be kept."""
        others = len(self.book.sheetnames) - 1
        more = f" ({others} other sheet{'s' if others > 1 else ''} kept)" if others else ""
        return "; ".join((f"Excel, sheet {self.sheet.title!r}{more}", *self._losses))

    def chunks(self, column: int) -> Iterator[ExcelChunk]:
        """Yield the rows; dates and numbers are labelled as texts, and wholly blank rows are kept as they are."""
        first = self.header_row + (self.headers is not None)
        for start in range(first - 1, self.size, CHUNK_ROWS):
            cells = self._values[start : start + CHUNK_ROWS]
            self._n_read = start + len(cells)
            lines = range(start + 1, self._n_read + 1)
            blanks = frozenset(place for place, line in enumerate(lines) if self._is_blank[line - 1])
            yield ExcelChunk([as_text(row[column]) for row in cells], lines, blanks, cells=cells)


@contextmanager
def open_workbook(name: str, options: ReadOptions) -> Iterator[ExcelTable]:
    """Open a sheet of a workbook.

    Raises:
        TableError: It is not a workbook, or the sheet is blank.
        UsageError: There is no such sheet.
    """
    _check_size(name)
    values, _ = _load(name, data_only=True)
    book, losses = _load(name, keep_vba=name.lower().endswith(".xlsm"))
    try:
        table = ExcelTable(name, options, book, values, losses)
        del values  # it is as large as the workbook
        yield table
    finally:
        if book.vba_archive is not None:
            book.vba_archive.close()  # it writes as it closes, and so cannot be left to the garbage collector


@dataclass(frozen=True, slots=True)
class ExcelWriter:
    """Writes a workbook back with new columns on the sheet that was read; new headers look like the one beside them.

    Attributes:
        table: The sheet.
        handle: Where the bytes go.
    """

    table: ExcelTable
    handle: IO[bytes]

    def start(self, new_headers: Sequence[str]) -> None:
        """Write the new headers."""
        if self.table.headers is None:
            return
        self._row(self.table.header_row, new_headers)
        cells = self.table.sheet[self.table.header_row]
        beside = cells[self.table.width - 1]
        if beside.has_style:
            for cell in cells[self.table.width :]:
                cell._style = copy(beside._style)  # noqa: SLF001 - openpyxl's own way to copy a look

    def write(self, chunk: Chunk, columns: Sequence[NewColumn]) -> None:
        """Write the new cells of rows."""
        for place, (line, cells) in enumerate(zip(chunk.lines, zip(*columns, strict=True), strict=True)):
            if place not in chunk.blanks:
                self._row(line, cells)

    def finish(self) -> None:
        """Write the workbook."""
        save_workbook(self.table.book, self.handle)

    def _row(self, line: int, cells: Sequence[str | float | None]) -> None:
        for place, value in enumerate(cells, self.table.width + 1):
            self.table.sheet.cell(line, place).value = None if value == "" else value


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


def _load(name: str, **options: bool) -> tuple[openpyxl.Workbook, list[str]]:
    """Return a workbook read with some of openpyxl's options, and what of it cannot be kept."""
    try:
        with Path(name).open("rb") as handle, warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            book = openpyxl.load_workbook(handle, **options)
    except Exception as error:  # a damaged workbook makes openpyxl raise errors of a dozen kinds
        message = f"{name}: cannot read the workbook: {first_line(error)}."
        raise TableError(message, "Is it damaged, or not .xlsx?") from error
    return book, list(dict.fromkeys(first_line(warning.message) for warning in caught))


def save_workbook(book: openpyxl.Workbook, handle: IO[bytes]) -> None:
    """Write a workbook as `book.save` does, which leaves its archive open if the disk is full."""
    book.properties.modified = datetime.now(UTC).replace(tzinfo=None)
    with ZipFile(handle, "w", ZIP_DEFLATED) as archive:
        PackageWriter(book, archive).write_data()


def _sheet(book: openpyxl.Workbook, name: str, wanted: str | None) -> Worksheet:
    sheets: dict[str, Worksheet] = {sheet.title: sheet for sheet in book.worksheets}
    found = next(iter(sheets.values()), None) if wanted is None else sheets.get(wanted)
    if found is None:
        message = f"{name}: there is no sheet" + (f" {wanted!r}." if wanted else " with cells.")
        raise UsageError(message, f"The sheets are: {', '.join(sheets)}.")
    return found


def _end(row: Sequence[object]) -> int:
    """Return the place, from 1, of the last cell that is not blank; 0 if all are."""
    return max((place for place, value in enumerate(row, 1) if value is not None), default=0)


def _as_date(value: object) -> object:
    """Return a value; a day, which Excel keeps as its midnight, as a day."""
    return value.date() if isinstance(value, datetime) and value.time() == time() else value
