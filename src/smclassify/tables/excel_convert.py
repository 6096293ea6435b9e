"""Rows of any table as an Excel workbook. Needs the extra `excel`."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime, time
from typing import IO, TYPE_CHECKING, Any
from zipfile import ZIP_DEFLATED, ZipFile

import openpyxl
from openpyxl.writer.excel import ExcelWriter as PackageWriter

from smclassify.errors import TableError
from smclassify.tables.convert import as_text, labelled_rows, with_new_cells
from smclassify.tables.excel_texts import stored_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smclassify.tables.values import Chunk, NewColumn, Table

_MOST_ROWS = 1 << 20
_MOST_COLUMNS = 1 << 14
_LONGEST_TEXT = (1 << 15) - 1
_LARGEST_NUMBER = 10**15  # Excel keeps fifteen digits
_FIRST_YEAR = 1901  # Excel takes 1900 for a leap year


class ExcelConverter:
    """Writes the rows of any table as a workbook with one sheet; texts stay texts.

    Characters that no workbook can hold become the replacement character.
    """

    def __init__(self, table: Table, handle: IO[bytes]) -> None:
        self._table = table
        self._handle = handle
        self._book = openpyxl.Workbook(write_only=True)
        self._sheet = self._book.create_sheet("labelled")
        self._n_rows = 0

    def start(self, new_headers: Sequence[str]) -> None:
        """Write the header."""
        self._append(1, [*self._table.names, *new_headers])

    def write(self, chunk: Chunk, columns: Sequence[NewColumn]) -> None:
        """Write rows with their new cells.

        Raises:
            TableError: A row, a cell or all of them are more than a workbook can hold.
        """
        width = len(self._table.names)
        for line, row, cells in labelled_rows(chunk, columns):
            self._append(line, with_new_cells(row, cells, width, None))

    def finish(self) -> None:
        """Write the workbook as its own `save` does, which leaves its archive open if the disk is full."""
        self._book.properties.modified = datetime.now(UTC).replace(tzinfo=None)
        with ZipFile(self._handle, "w", ZIP_DEFLATED) as archive:
            PackageWriter(self._book, archive).write_data()

    def __del__(self) -> None:
        if not self._sheet.closed:
            with suppress(OSError):
                self._sheet.close()  # after an error, it would complain about its own closed draft

    def _append(self, line: int, row: Sequence[object]) -> None:
        self._n_rows += 1
        self._check(line, len(row), _MOST_COLUMNS, "cells in a row")
        self._check(line, self._n_rows, _MOST_ROWS, "rows")
        self._sheet.append([self._cell(line, value) for value in row])

    def _cell(self, line: int, value: object) -> Any:  # noqa: ANN401 - what openpyxl takes
        is_kept = value is None or _has_excel_type(value)
        if is_kept and not isinstance(value, float):
            return value
        cell = openpyxl.cell.WriteOnlyCell(self._sheet)
        if is_kept:
            cell._value = repr(value)  # noqa: SLF001 - openpyxl writes a number with sixteen digits
            return cell
        text = as_text(value)
        self._check(line, len(text.encode("utf-16-le")) // 2, _LONGEST_TEXT, "characters in a cell")
        cell._value = stored_text(text)  # noqa: SLF001 - openpyxl cuts a text that is longer as it is stored
        cell.data_type = "s"  # a text that starts with = is no formula
        return cell

    def _check(self, line: int, count: int, most: int, what: str) -> None:
        if count > most:
            message = f"{self._table.name}:{line}: a workbook can hold no more than {most:,} {what}."
            raise TableError(message, "Write CSV or JSON Lines instead: -o out.csv")


def _has_excel_type(value: object) -> bool:
    """Return whether Excel can hold a value as more than its text: without losing digits, zone or century."""
    match value:
        case int() | float():  # a truth value is a number too
            return abs(value) < _LARGEST_NUMBER
        case datetime():
            return value.tzinfo is None and value.year >= _FIRST_YEAR
        case date():
            return value.year >= _FIRST_YEAR
        case time():
            return value.tzinfo is None
    return False
