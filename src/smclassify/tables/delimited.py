"""CSV and its relatives. A row keeps the characters it had in the file.

New cells go in after the cells of the header, so that they stand under their own headers also where a row is too
short or too long.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, field
from functools import cache
from itertools import chain
from operator import itemgetter
from typing import IO, TYPE_CHECKING

from smclassify.errors import TableError
from smclassify.tables.cells import joined_rows
from smclassify.tables.dialect import SEPARATOR_LINE, Dialect, detect_dialect
from smclassify.tables.values import CHUNK_ROWS, LARGEST_CELL, LARGEST_ROW, Chunk, format_of, numbered_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from smclassify.tables.source import Source
    from smclassify.tables.values import NewColumn, ReadOptions

_TOO_LONG = "row too long"
_LONGEST_LEAD = 1 << 20


@dataclass(frozen=True, slots=True)
class _Records:
    """Neighbouring records: cells (none for a blank line), characters with the line end, and first lines."""

    cells: list[list[str]]
    raws: list[str]
    lines: list[int]
    unclosed: bool = False


@dataclass(frozen=True, slots=True)
class DelimitedChunk(Chunk):
    """A chunk that knows the characters of its rows.

    Attributes:
        cells: The cells of each record; none for a blank line.
        raws: The characters of each record with its line end.
    """

    cells: list[list[str]] = field(default_factory=list)
    raws: list[str] = field(default_factory=list)

    def rows(self) -> Iterator[list[object]]:
        """Yield the cells of the rows."""
        return (list[object](row) for row in self.cells if row)

    def column(self, place: int) -> list[str]:
        """Return the cells of a column."""
        return [row[place] if place < len(row) else "" for row in self.cells]


class DelimitedTable:
    """An open CSV file, or one with another delimiter.

    Attributes:
        dialect: How it is written.
        lead: What comes before the first row: blank lines, or a line that names the delimiter.
        first: The first row with all its characters.
    """

    def __init__(self, source: Source, options: ReadOptions) -> None:
        """Read the first row of a file.

        Raises:
            TableError: The file is not text, or has no rows.
            UsageError: The options make no sense.
        """
        self.source = source
        self.name = source.name
        delimiter = options.delimiter or ("tab" if options.format == "tsv" else None)
        self.dialect = detect_dialect(source, options.encoding, delimiter)
        source.skip(len(self.dialect.bom))
        self._parts = _iter_records(source, self.dialect)
        self.lead = ""
        self._head = self._first_part()
        self.first = _Records(self._head.cells[:1], self._head.raws[:1], self._head.lines[:1])
        self.width = len(self._head.cells[0])
        self.headers = tuple(self._head.cells[0]) if options.header else None
        self.names = numbered_names(self.width) if self.headers is None else self.headers
        self.size = source.size
        said = (kind for kind in (format_of(self.name), options.format) if kind in {"csv", "tsv"})
        self.format = next(said, None) or ("tsv" if self.dialect.delimiter == "\t" else "csv")

    def _first_part(self) -> _Records:
        """Return the first records that hold a row, without the lines before it."""
        for part in self._parts:
            start = 0
            if not self.lead and part.lines[0] == 1 and SEPARATOR_LINE.fullmatch(part.raws[0]):
                start = 1
            while start < len(part.cells) and not part.cells[start]:
                start += 1
            self.lead += "".join(part.raws[:start])
            if len(self.lead) > _LONGEST_LEAD:
                message = f"{self.name}: the first {_LONGEST_LEAD:,} characters hold no row."
                raise TableError(message, "Is it a table?")
            if start < len(part.cells):
                return _Records(part.cells[start:], part.raws[start:], part.lines[start:], part.unclosed)
        raise TableError(f"{self.name}: the file has no rows.", "Give a file with a header and at least one row.")

    def position(self) -> int:
        """Return how many bytes have been read."""
        return self.source.position()

    def describe(self) -> str:
        """Return how the file is written."""
        return str(self.dialect)

    def chunks(self, column: int) -> Iterator[DelimitedChunk]:
        """Yield the rows below the header."""
        head = self._head
        if self.headers is not None:
            head = _Records(head.cells[1:], head.raws[1:], head.lines[1:], head.unclosed)
        for part in chain((head,), self._parts):
            if part.cells:
                yield self._chunk(part, column)

    def _chunk(self, part: _Records, column: int) -> DelimitedChunk:
        width, cells = self.width, part.cells
        blanks, ragged = frozenset[int](), tuple[int, ...]()
        if set(map(len, cells)) == {width}:
            texts = list(map(itemgetter(column), cells))
        else:
            blanks = frozenset(place for place, row in enumerate(cells) if not row)
            ragged = tuple(line for line, row in zip(part.lines, cells, strict=True) if row and len(row) != width)
            texts = [row[column] if column < len(row) else "" for row in cells]
        unclosed = part.lines[-1] if part.unclosed else None
        return DelimitedChunk(texts, part.lines, blanks, ragged, unclosed, cells, part.raws)


class _Lines:
    """Lines of text, in handfuls or one by one."""

    def __init__(self, blocks: Iterator[list[str]]) -> None:
        self._blocks = blocks
        self._block: list[str] = []
        self._next = 0
        self.ended = False

    def handful(self) -> list[str]:
        """Return some lines; none at the end."""
        if self._next == len(self._block):
            self._block, self._next = next(self._blocks, []), 0
        taken = self._block[self._next : self._next + CHUNK_ROWS]
        self._next += len(taken)
        return taken

    def one_by_one(self, taken: list[str]) -> Iterator[str]:
        """Yield one line more at a time, adding it to those taken.

        Raises:
            csv.Error: The lines are longer together than a row can be.
        """
        left = LARGEST_ROW
        while left >= 0:
            if self._next == len(self._block):
                self._block, self._next = next(self._blocks, []), 0
            if not self._block:
                self.ended = True
                return
            taken.append(self._block[self._next])
            self._next += 1
            left -= len(taken[-1])
            yield taken[-1]
        raise csv.Error(_TOO_LONG)


def _iter_records(source: Source, dialect: Dialect) -> Iterator[_Records]:
    """Yield the records of a file, as many at a time as have arrived."""
    lines, number = _Lines(source.lines(dialect.encoding)), 1
    while taken := lines.handful():
        yield _parse(taken, number, dialect.delimiter, lines, source.name)
        number += len(taken)


def _parse(taken: list[str], number: int, delimiter: str, lines: _Lines, name: str) -> _Records:
    """Return the records that start in some lines; where the last one goes on, its lines are taken too."""
    n_lines, cells, ends = len(taken), list[list[str]](), list[int]()
    csv.field_size_limit(LARGEST_CELL)
    reader = csv.reader(chain(taken[:], lines.one_by_one(taken)), delimiter=delimiter)
    try:
        for record in reader:
            cells.append(record)
            ends.append(reader.line_num)
            if reader.line_num >= n_lines:
                break
    except csv.Error as error:
        line = number + (ends[-1] if ends else 0)
        most = f"more than {LARGEST_ROW:,}" if str(error) == _TOO_LONG else f"a cell of more than {LARGEST_CELL:,}"
        message = f"{name}:{line}: the row has {most} characters."
        raise TableError(message, "Is a closing quote missing?") from error
    # the reader asks for more after the last line only when a quoted cell is still open
    unclosed = lines.ended
    starts = [0, *ends[:-1]]
    raws = taken if len(cells) == len(taken) else ["".join(taken[a:b]) for a, b in zip(starts, ends, strict=True)]
    return _Records(cells, raws, [number + start for start in starts], unclosed)


@dataclass(frozen=True, slots=True)
class DelimitedWriter:
    """Writes the rows of a delimited file with new cells, and nothing else changed.

    Attributes:
        table: The table whose rows are written: dialect and width hold for the output too.
        handle: Where the bytes go.
    """

    table: DelimitedTable
    handle: IO[bytes]

    def start(self, new_headers: Sequence[str]) -> None:
        """Write what comes before the rows: byte order mark, blank lines, and the header with the new names."""
        self.handle.write(self.table.dialect.bom)
        self._write(self.table.lead)
        if self.table.headers is not None:
            first = self.table.first
            chunk = DelimitedChunk([""], first.lines, cells=first.cells, raws=first.raws)
            self.write(chunk, [[name] for name in new_headers])

    def write(self, chunk: Chunk, columns: Sequence[NewColumn]) -> None:
        """Write rows, each with its new cells; a blank line stays one."""
        assert isinstance(chunk, DelimitedChunk)  # noqa: S101 - tells the type
        table, sign = self.table, self.table.dialect.delimiter
        new = joined_rows(columns, sign)
        if chunk.blanks or chunk.ragged or chunk.unclosed is not None:
            rows = [
                _widened(raw, cells, added, table, unclosed=line == chunk.unclosed)
                for raw, cells, added, line in zip(chunk.raws, chunk.cells, new, chunk.lines, strict=True)
            ]
        else:
            # the old cells of each row, a delimiter, the new cells and the line end, joined in one go
            rows = [sign] * (4 * len(chunk.raws))
            rows[0::4] = bodies = [raw.rstrip("\r\n") for raw in chunk.raws]
            rows[2::4] = new
            rows[3::4] = [raw[len(body) :] for body, raw in zip(bodies, chunk.raws, strict=True)]
        self._write("".join(rows))

    def finish(self) -> None:
        """Write nothing: the last row is the end."""

    def _write(self, text: str) -> None:
        self.handle.write(encoded(text, self.table.dialect.encoding, self.table.name))


def encoded(text: str, encoding: str, name: str) -> bytes:
    """Return a text in an encoding.

    Raises:
        TableError: The encoding has no such character.
    """
    try:
        return text.encode(encoding)
    except UnicodeEncodeError as error:
        bad = error.object[error.start : error.start + 1]
        raise TableError(
            f"{name}: {bad!r} cannot be written in {encoding}.", "Convert the input to UTF-8 first."
        ) from error


def _widened(raw: str, cells: list[str], added: str, table: DelimitedTable, *, unclosed: bool) -> str:
    """Return the characters of a row with new cells, already joined, after its first `width` ones."""
    if not cells:
        return raw
    width, sign = table.width, table.dialect.delimiter
    body = f'{raw}"' if unclosed else raw.rstrip("\r\n")
    end = raw[len(body) :]
    if len(cells) <= width:
        return sign.join((body, *[""] * (width - len(cells)), added)) + end
    place = next(_first_cells(width, sign).finditer(body)).end()
    return f"{body[:place]}{added}{sign}{body[place:]}{end}"


@cache
def _first_cells(count: int, delimiter: str) -> re.Pattern[str]:
    """Return what matches cells and their delimiters: perhaps a quoted part, then whatever is no delimiter."""
    sign = re.escape(delimiter)
    return re.compile(rf'(?:(?:"(?:[^"]|"")*+"?)?[^{sign}]*{sign}){{{count}}}')
