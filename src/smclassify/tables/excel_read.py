"""The cells of the sheets of a workbook. Needs the extra `excel`."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, time
from typing import IO, TYPE_CHECKING, Any

from openpyxl.cell.text import Text
from openpyxl.reader.excel import ExcelReader
from openpyxl.styles.stylesheet import apply_stylesheet
from openpyxl.utils.cell import range_boundaries
from openpyxl.worksheet._reader import CELL_TAG, FORMULA_TAG, MERGE_TAG, ROW_TAG, VALUE_TAG, WorkSheetParser
from openpyxl.xml.constants import SHARED_STRINGS, SHEET_MAIN_NS
from openpyxl.xml.functions import iterparse

from smclassify.tables.excel_texts import shown_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element
    from zipfile import ZipFile

_STRING_TAG = f"{{{SHEET_MAIN_NS}}}si"
_FILLING = frozenset({"array", "dataTable"})


@dataclass(frozen=True, slots=True)
class Cells:
    """What the cells of a sheet hold. A formula is what it gave when the workbook was last saved.

    Attributes:
        rows: By row and column, from 1, the values of the cells that are not blank; None is a formula without a value.
        height: The last row with such a cell; 0 if there is none.
        width: The last column with such a cell, in a merged area, or in one that a formula fills.
    """

    rows: dict[int, dict[int, object]]
    height: int
    width: int

    @property
    def n_unsaved(self) -> int:
        """How many formulas have no value, since what wrote the workbook did not work them out."""
        return sum(value is None for row in self.rows.values() for value in row.values())


class Book:
    """An open workbook.

    Attributes:
        archive: Its parts.
        part: Name of the part that lists the sheets.
        sheets: The names of the parts of the sheets with cells, by their titles.
        n_sheets: How many sheets there are, those that are charts too.
        date_looks: The looks of cells, as sheets name them, that show a number as a date, a time or a duration.
    """

    def __init__(self, handle: IO[bytes]) -> None:
        """Read what the sheets share. What is wrong with a workbook makes openpyxl raise errors of a dozen kinds."""
        reader = ExcelReader(handle, data_only=True, keep_links=False)
        reader.read_manifest()
        reader.read_workbook()
        apply_stylesheet(reader.archive, reader.wb)
        self._book = reader.wb
        self._strings = list(_shared_strings(reader))
        self.archive: ZipFile = reader.archive
        self.part: str = reader.parser.workbook_part_name
        parts = {part.lower(): part for part in reader.valid_files}  # a reference need not have the case of the name
        parts |= {part: part for part in reader.valid_files}
        found = [
            (sheet.name, parts.get(rel.target, parts.get(rel.target.lower())), rel.Type)
            for sheet, rel in reader.parser.find_sheets()
        ]
        sheets = [(title, part, kind) for title, part, kind in found if part is not None]
        self.sheets: dict[str, str] = {title: part for title, part, kind in sheets if "chartsheet" not in kind}
        self.n_sheets = len(sheets)
        dates = {*self._book._date_formats, *self._book._timedelta_formats}  # noqa: SLF001 - openpyxl's own
        self.date_looks = frozenset(map(str, dates))

    def cells(self, title: str) -> Cells:
        """Return the cells of a sheet, without those under merged ones. Errors are of many kinds here too."""
        book, rows, merged = self._book, defaultdict[int, dict[int, object]](dict), list[tuple[int, int, int, int]]()
        width = 0
        with self.archive.open(self.sheets[title]) as source:
            parser = WorkSheetParser(
                source, self._strings, True, book.epoch, book._date_formats, book._timedelta_formats  # noqa: FBT003, SLF001 - openpyxl's own
            )  # fmt: skip
            for _, element in iterparse(source):
                if element.tag == ROW_TAG:
                    for node, cell in zip(element, parser.parse_row(element)[1], strict=True):
                        if node.tag == CELL_TAG and _is_content(node, cell):
                            rows[cell["row"]][cell["column"]] = _value(node, cell)
                            width = max(width, _last_filled(node))
                    element.clear()
                elif element.tag == MERGE_TAG:
                    merged = [range_boundaries(area.get("ref")) for area in element]
        _uncover(rows, merged)
        kept = {line: row for line, row in sorted(rows.items()) if row}
        width = max([width, *(max(row) for row in kept.values()), *(area[2] for area in merged)])
        return Cells(kept, max(kept, default=0), width)


def _shared_strings(reader: ExcelReader) -> Iterator[str]:
    """Yield the texts that cells refer to, as they are stored: openpyxl's own reader drops `x005F_`."""
    if (part := reader.package.find(SHARED_STRINGS)) is None:
        return
    with reader.archive.open(part.PartName[1:]) as source:
        for _, element in iterparse(source):
            if element.tag == _STRING_TAG:
                yield Text.from_tree(element).content
                element.clear()


def _is_content(node: Element, cell: dict[str, Any]) -> bool:
    return cell["value"] is not None or node.find(FORMULA_TAG) is not None


def _last_filled(node: Element) -> int:
    """Return the last column of the area that the formula of a cell fills; 0 if it fills the cell alone."""
    formula = node.find(FORMULA_TAG)
    if formula is None or formula.get("t") not in _FILLING or (area := formula.get("ref")) is None:
        return 0
    last: int = range_boundaries(area)[2]
    return last


def _value(node: Element, cell: dict[str, Any]) -> object:
    """Return the value of a cell; a day, which Excel keeps as its midnight, as a day."""
    match cell["value"]:
        case "#VALUE!" if node.get("t", "n") == "n":  # openpyxl's word for a number that is no date, shown as one
            number = float(node.findtext(VALUE_TAG, ""))
            return int(number) if number.is_integer() else number
        case None if node.get("t") == "str":
            return ""  # a formula that gave a blank text
        case str(text):
            return shown_text(text)
        case datetime() as moment if moment.time() == time():
            return moment.date()
    return cell["value"]


def _uncover(rows: dict[int, dict[int, object]], merged: list[tuple[int, int, int, int]]) -> None:
    """Take away the cells of merged areas that the first one covers: nobody sees them."""
    last = max(rows, default=0)
    for left, top, right, bottom in merged:
        area = range(top, min(bottom, last) + 1)
        for line in area if len(area) < len(rows) else [line for line in rows if line in area]:
            row = rows.get(line, {})
            covered = [place for place in row if left <= place <= right and (line, place) != (top, left)]
            for place in covered:
                del row[place]
