"""New cells in the XML of a sheet, the rest of which stays as it is."""

from __future__ import annotations

import re
from functools import lru_cache
from html import escape
from itertools import count
from typing import TYPE_CHECKING
from xml.parsers import expat

from openpyxl.utils.cell import coordinate_to_tuple, get_column_letter, range_boundaries

from smclassify.tables.convert import as_text
from smclassify.tables.excel_texts import stored_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SPANS = re.compile(rb"""\sspans\s*=\s*("[^"]*"|'[^']*')""")
_SEPARATOR = "}"
_REF = re.compile(rb"""\sref\s*=\s*("[^"]*"|'[^']*')""")


class NewCells:
    """Finds in the XML of a sheet where new cells go: after those of their row, and in place of blank ones.

    Attributes:
        missing: The rows of new cells that the sheet does not have.
    """

    def __init__(
        self,
        xml: bytes,
        width: int,
        rows: Mapping[int, Sequence[str | float | None]],
        header: int | None,
        date_looks: frozenset[str] = frozenset(),
    ) -> None:
        """Read the XML.

        Args:
            xml: The sheet, in an encoding that has ASCII in it.
            width: The column before the new ones.
            rows: The new cells of each row.
            header: The row whose new cells look like the one before them; None if there is none.
            date_looks: The looks that show a number as a date, a time or a duration, which new numbers do not take.
        """
        self.missing = set(rows)
        self._xml = xml
        self._width = width
        self._rows = rows
        self._n_new = max(map(len, rows.values()), default=0)
        self._letters = [get_column_letter(width + place) for place in range(1, self._n_new + 1)]
        self._header = header
        self._date_looks = date_looks
        self._edits: list[tuple[int, int, bytes]] = []
        self._path: list[str] = []
        self._namespace = ""
        self._tag_start = -1  # of a row or the dimension, until its end is known
        self._line = self._column = 0
        self._start_row()
        self._parser = expat.ParserCreate(namespace_separator=_SEPARATOR)
        self._parser.namespace_prefixes = True
        self._parser.StartElementHandler = self._opened
        self._parser.EndElementHandler = self._closed
        self._parser.Parse(xml, True)  # noqa: FBT003 - expat takes no name for it

    def written(self) -> bytes:
        """Return the XML with the new cells."""
        pieces, done, xml = list[bytes | memoryview](), 0, memoryview(self._xml)
        for start, stop, new in sorted(self._edits):
            pieces += [xml[done:start], new]
            done = stop
        return b"".join([*pieces, xml[done:]])

    def _start_row(self) -> None:
        self._place: int | None = None  # where the cells after the last one that stays begin
        self._blank = -1  # where a blank cell begins that a new one takes the place of
        self._looks: dict[int, str] = {}
        self._look_before: str | None = None
        self._column = 0
        self._has_entity = False

    def _opened(self, tag: str, attributes: dict[str, str]) -> None:
        index = self._parser.CurrentByteIndex
        self._end_tag(index)
        namespace, name, _ = _apart(tag)
        if not self._path:
            self._namespace = namespace
        elif namespace != self._namespace:
            name = tag
        match [*self._path[1:], name]:
            case ["dimension"]:
                self._tag_start = index
            case ["sheetData", "row"]:
                self._start_row()
                number = attributes.get("r")
                self._line = self._line + 1 if number is None else int(float(number))
                self._tag_start = index if self._line in self._rows else -1
            case ["sheetData", "row", inner]:
                self._end_blank(index)
                if inner == "c":
                    self._take_cell(index, attributes)
                elif self._place is None:
                    self._place = index  # what else a row has stands after its cells
        self._has_entity |= not self._xml.startswith(b"<", index)
        self._path.append(name)

    def _closed(self, tag: str) -> None:
        index = self._parser.CurrentByteIndex
        self._end_tag(index)
        if self._path[1:] == ["sheetData", "row"]:
            self._end_blank(index)
            prefix = _apart(tag)[2]
            if self._line in self.missing and self._is_open_until(index, prefix):
                self.missing.remove(self._line)
                place = index if self._place is None else self._place
                self._edits.append((place, place, self._new_cells(prefix)))
        self._path.pop()

    def _is_open_until(self, index: int, prefix: str) -> bool:
        """Return whether a row ends with a tag at a place: one of a single tag, or in an entity, does not."""
        return not self._has_entity and self._xml.startswith(f"</{prefix}row".encode(), index)

    def _take_cell(self, index: int, attributes: dict[str, str]) -> None:
        """Note where a cell stands."""
        self._column += 1
        if coordinate := attributes.get("r"):
            self._line, self._column = coordinate_to_tuple(coordinate)
        if self._column <= self._width:
            self._place = None
            if self._column == self._width:
                self._look_before = attributes.get("s")
            return
        self._place = index if self._place is None else self._place
        if self._column <= self._width + self._n_new and self._line in self._rows:
            self._blank = index
            self._looks[self._column] = attributes.get("s", "")

    def _end_blank(self, index: int) -> None:
        """Take away a blank cell that ends before a place."""
        if self._blank >= 0:
            self._edits.append((self._blank, index, b""))
            self._blank = -1

    def _end_tag(self, index: int) -> None:
        """Change the tag that ends before a place: it would say that the sheet or the row is as wide as it was."""
        if self._tag_start >= 0:
            old = self._xml[self._tag_start : index]
            new = _SPANS.sub(b"", old) if len(self._path) == 3 else _REF.sub(self._reach, old, count=1)
            self._edits.append((self._tag_start, index, new))
            self._tag_start = -1

    def _reach(self, old: re.Match[bytes]) -> bytes:
        """Return the dimension of the sheet with its new columns."""
        try:
            left, top, right, bottom = range_boundaries(old[1][1:-1].decode())
            right = max(right, self._width + self._n_new)
            return f' ref="{get_column_letter(left)}{top:d}:{get_column_letter(right)}{bottom:d}"'.encode()
        except (ValueError, TypeError):  # it is no area with corners
            return old[0]

    def _new_cells(self, prefix: str) -> bytes:
        cells = []
        for letter, value, column in zip(self._letters, self._rows[self._line], count(self._width + 1)):
            look = self._looks.get(column, "")
            if self._line == self._header and self._look_before:
                look = self._look_before
            if look in self._date_looks and isinstance(value, int | float):
                look = ""
            cells.append(_cell(prefix, f"{letter}{self._line}", look, value))
        return "".join(cells).encode("ascii", "xmlcharrefreplace")


@lru_cache(maxsize=64)  # it is asked for each tag
def _apart(tag: str) -> tuple[str, str, str]:
    """Return the namespace, the name and the prefix of an element, of which expat leaves out what there is not."""
    match tag.split(_SEPARATOR):
        case [namespace, name]:
            return namespace, name, ""
        case [namespace, name, prefix]:
            return namespace, name, f"{prefix}:"
    return "", tag, ""


def _cell(prefix: str, place: str, look: str, value: str | float | None) -> str:
    """Return the XML of a cell."""
    start = f'<{prefix}c r="{place}"' + (f' s="{escape(look)}"' if look else "")
    if value is None or value == "":
        return f"{start}/>" if look else ""
    if not isinstance(value, str):
        return f"{start}><{prefix}v>{float(value)!r}</{prefix}v></{prefix}c>"
    text = escape(stored_text(as_text(value)), quote=False)
    inner = f'<{prefix}is><{prefix}t xml:space="preserve">{text}</{prefix}t></{prefix}is>'
    return f'{start} t="inlineStr">{inner}</{prefix}c>'
