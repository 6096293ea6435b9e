"""A workbook with new columns: all but the cells of these is copied as it is."""

from __future__ import annotations

import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from smclassify.errors import TableError
from smclassify.tables.convert import first_line
from smclassify.tables.excel_cells import NewCells

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smclassify.tables.excel import ExcelTable
    from smclassify.tables.values import Chunk, NewColumn

_MOST_COLUMNS = 1 << 14
_SAYS_UTF_8 = 0x800
_PROPERTIES = "docProps/core.xml"
_UTF_16 = {BOM_UTF16_LE: "UTF-16", BOM_UTF16_BE: "UTF-16", b"<\0": "UTF-16-LE", b"\0<": "UTF-16-BE"}
_DECLARED = re.compile(r"""\A(<\?xml\s[^>]*?\sencoding\s*=\s*["'])[^"']*""")
_MODIFIED = re.compile(rb"(<dcterms:modified\b[^>]*(?<!/)>)[^<]*")
_WORKED_OUT = re.compile(rb"""(<(?:\w+:)?calcPr\b[^>]*\bfullCalcOnLoad\s*=\s*)["'](?:0|false)["']""")
_NOT_WORKED_OUT = re.compile(rb"(<(?:\w+:)?calcPr\b)(?![^>]*\bfullCalcOnLoad\b)")


@dataclass(frozen=True, slots=True)
class ExcelWriter:
    """Writes a workbook back with new columns on the sheet that was read; new headers look like the one beside them.

    Attributes:
        table: The sheet.
        handle: Where the bytes go.
    """

    table: ExcelTable
    handle: IO[bytes]
    _rows: dict[int, Sequence[str | float | None]] = field(default_factory=dict)

    def start(self, new_headers: Sequence[str]) -> None:
        """Take the new headers.

        Raises:
            TableError: There is no room for them.
        """
        width = self.table.width + len(new_headers)
        if width > _MOST_COLUMNS:
            title = self.table.title
            message = f"{self.table.name}: the sheet {title!r} would have {width:,} columns, more than Excel has."
            raise TableError(message, "Is there a cell or a merged area far off? Delete it, or write CSV: -o out.csv")
        if self.table.headers is not None:
            self._rows[self.table.header_row] = new_headers

    def write(self, chunk: Chunk, columns: Sequence[NewColumn]) -> None:
        """Take the new cells of rows."""
        for place, (line, cells) in enumerate(zip(chunk.lines, zip(*columns, strict=True), strict=True)):
            if place not in chunk.blanks:
                self._rows[line] = cells

    def finish(self) -> None:
        """Write the workbook.

        Raises:
            TableError: A part of the workbook that was read is damaged.
        """
        parts = {part.filename: part for part in self.table.book.archive.infolist()}
        with ZipFile(self.handle, "w", ZIP_DEFLATED) as archive:
            for part in parts.values():
                archive.writestr(ZipInfo(_name(part), part.date_time), self._part(part), ZIP_DEFLATED)

    def _part(self, part: ZipInfo) -> bytes:
        """Return what a part of the new workbook holds."""
        name, book = self.table.name, self.table.book
        sheet = book.sheets[self.table.title]
        try:
            content = book.archive.read(part)
            if part.filename in {book.part, sheet}:
                content = _in_utf8(content)
        except Exception as error:  # each way of packing has errors of its own for a damaged part
            message = f"{name}: cannot read {part.filename} in the workbook: {first_line(error)}."
            raise TableError(message, "Open it in Excel and save it, or write CSV instead: -o out.csv") from error
        if part.filename == _PROPERTIES:
            return _MODIFIED.sub(rb"\g<1>" + f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}".encode(), content)
        if part.filename == book.part:  # other sheets may count the new cells
            return _NOT_WORKED_OUT.sub(rb'\1 fullCalcOnLoad="1"', _WORKED_OUT.sub(rb'\1"1"', content))
        if part.filename != sheet:
            return content
        header = None if self.table.headers is None else self.table.header_row
        new_cells = NewCells(content, self.table.width, self._rows, header, book.date_looks)
        if new_cells.missing:
            message = f"{name}: the rows of the sheet {self.table.title!r} are numbered in two ways."
            raise TableError(message, "Open it in Excel and save it, or write CSV instead: -o out.csv")
        return new_cells.written()


def _name(part: ZipInfo) -> str:
    """Return the name of a part, which is UTF-8 also where the archive does not say so."""
    try:
        return part.filename if part.flag_bits & _SAYS_UTF_8 else part.filename.encode("cp437").decode()
    except UnicodeError:
        return part.filename


def _in_utf8(xml: bytes) -> bytes:
    """Return XML in an encoding that has ASCII in it."""
    encoding = _UTF_16.get(xml[:2])
    return xml if encoding is None else _DECLARED.sub(r"\1UTF-8", xml.decode(encoding)).encode()
