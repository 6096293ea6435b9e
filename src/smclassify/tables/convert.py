"""The rows of any table written as CSV or JSON Lines in UTF-8."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import zip_longest
from math import isfinite
from typing import IO, TYPE_CHECKING, Any

from smclassify.errors import TableError
from smclassify.tables.cells import Quoted, as_texts, pieces
from smclassify.tables.jsonl import new_values
from smclassify.tables.written_json import as_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from smclassify.tables.values import Chunk, NewColumn, Table


@dataclass(frozen=True, slots=True)
class CsvConverter:
    """Writes the rows of any table as CSV, or with another delimiter. Surplus cells go after the new ones.

    Attributes:
        table: The table whose rows are written.
        handle: Where the bytes go.
        delimiter: What stands between cells.
    """

    table: Table
    handle: IO[bytes]
    delimiter: str

    def start(self, new_headers: Sequence[str]) -> None:
        """Write the header."""
        self._write([(1, [*map(as_text, self.table.names), *new_headers])])

    def write(self, chunk: Chunk, columns: Sequence[NewColumn]) -> None:
        """Write rows with their new cells.

        Raises:
            TableError: A cell has a NUL character, with which no file is text any more.
        """
        width = len(self.table.names)
        rows = labelled_rows(chunk, [as_texts(column) for column in columns])
        self._write(
            (line, with_new_cells([as_text(value) for value in row], cells, width, "")) for line, row, cells in rows
        )

    def finish(self) -> None:
        """Write nothing: the last row is the end."""

    def _write(self, rows: Iterable[tuple[int, list[str]]]) -> None:
        for piece in pieces(self._lines(rows)):
            self.handle.write(piece.encode())

    def _lines(self, rows: Iterable[tuple[int, list[str]]]) -> Iterator[str]:
        quoted = Quoted(self.delimiter)
        for line, row in rows:
            written = self.delimiter.join(map(quoted.__getitem__, row)) + "\n"
            if "\0" in written:
                message = f"{self.table.name}:{line}: a NUL character, which no CSV file can hold."
                raise TableError(message, "Write JSON Lines instead: -o out.jsonl")
            yield written


@dataclass(slots=True)
class JsonConverter:
    """Writes the rows of any table as JSON Lines.

    Every key is there once: columns and surplus cells without a header get the keys `column5`, `column6` and so on,
    repeated headers a number. Missing cells, NaN and infinity are null.

    Attributes:
        table: The table whose rows are written.
        handle: Where the bytes go.
    """

    table: Table
    handle: IO[bytes]
    _keys: list[str] = field(default_factory=list)
    _new: Sequence[str] = ()

    def start(self, new_headers: Sequence[str]) -> None:
        """Take the new keys; JSON Lines have no header."""
        self._keys = unique_names(self.table.names)
        self._new = new_headers

    def write(self, chunk: Chunk, columns: Sequence[NewColumn]) -> None:
        """Write rows as objects."""
        for piece in pieces(self._lines(chunk, columns)):
            self.handle.write(piece.encode())

    def _lines(self, chunk: Chunk, columns: Sequence[NewColumn]) -> Iterator[str]:
        width = len(self.table.names)
        for _, row, cells in labelled_rows(chunk, columns):
            if len(row) > len(self._keys):
                self._keys = unique_names([*self.table.names, *[""] * (len(row) - width)])
            keys = self._keys[: max(width, len(row))]
            yield _json(dict(zip_longest(keys, row)) | new_values(self._new, cells)) + "\n"

    def finish(self) -> None:
        """Write nothing: the last line is the end."""


def unique_names(names: Sequence[str]) -> list[str]:
    """Return names that differ: blank ones get their place, repeated ones a number.

    >>> unique_names(["a", "", "a", "column2"])
    ['a', 'column2_2', 'a_2', 'column2']
    """
    names = list(map(as_text, names))
    taken, used, numbers = set(names), dict[str, None](), Counter[str]()
    for place, name in enumerate(names, 1):
        base = unique = name or f"column{place}"
        while unique in used or (unique != name and unique in taken):
            numbers[base] += 1
            unique = f"{base}_{numbers[base] + 1}"
        used[unique] = None
    return list(used)


def labelled_rows(
    chunk: Chunk, columns: Sequence[Sequence[Any]]
) -> Iterator[tuple[int, list[object], tuple[Any, ...]]]:
    """Yield the line, the cells and the new cells of each row; blank lines are left out."""
    records = enumerate(zip(chunk.lines, zip(*columns, strict=True), strict=True))
    kept = (record for place, record in records if place not in chunk.blanks)
    return ((line, row, cells) for (line, cells), row in zip(kept, chunk.rows(), strict=True))


def with_new_cells(row: list[Any], cells: Sequence[Any], width: int, missing: object) -> list[Any]:
    """Return a row with new cells after its first `width` ones, so that they stand under their headers."""
    return [*row[:width], *[missing] * (width - len(row)), *cells, *row[width:]]


def as_text(value: object) -> str:
    """Return a value of any format as the text of a cell.

    Dates and times are written as ISO 8601 has them, durations as hours, minutes and seconds, lists and objects as
    JSON, bytes as UTF-8, else in hexadecimal.
    """
    match value:
        case str():
            return _whole(value)
        case None:
            return ""
        case bool() | dict() | list():
            return _whole(as_json(value, as_text))
        case bytes():
            try:
                return value.decode() if b"\0" not in value else value.hex()
            except UnicodeDecodeError:
                return value.hex()
        case timedelta():
            value = _clock(value)
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _clock(duration: timedelta) -> str:
    sign, length = ("-", -duration) if duration < timedelta() else ("", duration)
    minutes, seconds = divmod(length, timedelta(minutes=1))
    return f"{sign}{minutes // 60:02}:{minutes % 60:02}:{str(seconds).removeprefix('0:00:')}"


def _whole(text: str) -> str:
    """Return a text that a file can hold: half of a pair of surrogates, which JSON can escape, is no character."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def first_line(error: object) -> str:
    """Return what an error or a warning says, as the start of a sentence."""
    return str(error).partition("\n")[0].rstrip(".")


def _json(value: object) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, default=as_text)
    except ValueError:  # NaN or infinity, which JSON does not have
        return json.dumps(_without_nan(value), ensure_ascii=False, default=as_text)


def _without_nan(value: object) -> object:
    match value:
        case float():
            return value if isfinite(value) else None
        case dict():
            return {key: _without_nan(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_without_nan(inner) for inner in value]
    return value
