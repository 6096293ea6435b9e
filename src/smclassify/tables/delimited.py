"""CSV and its relatives. A row keeps the characters it had in the file.

New cells go in after the cells of the header, so that they stand under their own headers also where a row is too
short or too long.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import chain
from typing import IO, TYPE_CHECKING, Self

from smclassify.errors import TableError
from smclassify.tables.cells import led_cells, pieces
from smclassify.tables.dialect import SEPARATOR_LINE, detect_dialect
from smclassify.tables.records import RecordReader, column_of, cut_records
from smclassify.tables.values import Chunk, format_of, numbered_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from smclassify.tables.records import Records
    from smclassify.tables.source import Source
    from smclassify.tables.values import NewColumn, ReadOptions

_LONGEST_LEAD = 1 << 20


@dataclass(frozen=True, slots=True)
class DelimitedChunk(Chunk):
    """A chunk that knows the characters of its rows, and cuts them into cells when asked.

    Attributes:
        raws: The characters of each record with its line end.
        delimiter: What stands between its cells.
    """

    raws: list[str] = field(default_factory=list)
    delimiter: str = ","

    def cut(self, start: int, stop: int) -> Self:
        """Return some of the records, by their places."""
        return replace(Chunk.cut(self, start, stop), raws=self.raws[start:stop])

    def rows(self) -> Iterator[list[object]]:
        """Yield the cells of the rows."""
        return (list[object](cells) for cells in cut_records(self.raws, self.delimiter) if cells)

    def column(self, place: int) -> list[str]:
        """Return the cells of a column."""
        return column_of(self.raws, self.delimiter, place)


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
        self._reader = RecordReader(source.lines(self.dialect.encoding), self.dialect.delimiter, source.name)
        self.lead = ""
        self._head = self._first_part()
        self.first = self._head.raws[0]
        if options.header and self._head.unclosed and len(self._head.raws) == 1:
            message = f"{self.name}:{self._head.lines[0]}: a quoted cell of the header never ends."
            raise TableError(message, "Close the quote in the file.")
        [cells] = cut_records([self.first], self.dialect.delimiter)
        self.width = len(cells)
        self.headers = tuple(cells) if options.header else None
        self.names = numbered_names(self.width) if self.headers is None else self.headers
        self.size = source.size
        said = (kind for kind in (format_of(self.name), options.format) if kind in {"csv", "tsv"})
        self.format = next(said, None) or ("tsv" if self.dialect.delimiter == "\t" else "csv")

    def _first_part(self) -> Records:
        """Return the first records that hold a row, without the lines before it."""
        for part in self._reader.records(0):
            start = 0
            if not self.lead and part.lines[0] == 1 and SEPARATOR_LINE.fullmatch(part.raws[0]):
                start = 1
            while start < len(part.raws) and not part.widths[start]:
                start += 1
            self.lead += "".join(part.raws[:start])
            if len(self.lead) > _LONGEST_LEAD:
                message = f"{self.name}: the first {_LONGEST_LEAD:,} characters hold no row."
                raise TableError(message, "Is it a table?")
            if start < len(part.raws):
                return part.since(start)
        raise TableError(f"{self.name}: the file has no rows.", "Give a file with a header and at least one row.")

    def position(self) -> int:
        """Return how many bytes have been read."""
        return self.source.position()

    def describe(self) -> str:
        """Return how the file is written."""
        return str(self.dialect)

    def chunks(self, column: int) -> Iterator[DelimitedChunk]:
        """Yield the rows below the header."""
        head = self._head.since(0 if self.headers is None else 1)
        texts = column_of(head.raws, self.dialect.delimiter, column)
        for part in chain((replace(head, texts=texts),), self._reader.records(column)):
            if part.raws:
                yield self._chunk(part)

    def _chunk(self, part: Records) -> DelimitedChunk:
        width = self.width
        blanks, ragged = frozenset[int](), tuple[int, ...]()
        if set(part.widths) != {width}:
            blanks = frozenset(place for place, cells in enumerate(part.widths) if not cells)
            ragged = tuple(
                line for line, cells in zip(part.lines, part.widths, strict=True) if cells and cells != width
            )
        unclosed = part.lines[-1] if part.unclosed else None
        return DelimitedChunk(part.texts, part.lines, blanks, ragged, unclosed, part.raws, self.dialect.delimiter)


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
            chunk = DelimitedChunk([""], [1], raws=[self.table.first], delimiter=self.table.dialect.delimiter)
            self.write(chunk, [[name] for name in new_headers])

    def write(self, chunk: Chunk, columns: Sequence[NewColumn]) -> None:
        """Write rows, each with its new cells; a blank line stays one."""
        assert isinstance(chunk, DelimitedChunk)  # noqa: S101 - tells the type
        table, sign = self.table, self.table.dialect.delimiter
        new = led_cells(columns, sign)
        if chunk.blanks or chunk.ragged or chunk.unclosed is not None:
            widths = map(len, cut_records(chunk.raws, sign))
            rows = (
                _widened(raw, n_cells, "".join(added), table, unclosed=line == chunk.unclosed)
                for raw, n_cells, line, *added in zip(chunk.raws, widths, chunk.lines, *new, strict=True)
            )
            for piece in pieces(rows):
                self._write(piece)
            return
        # the old cells of each row, the new ones and the line end, joined in one go
        bodies = [raw.rstrip("\r\n") for raw in chunk.raws]
        ends = [raw[len(body) :] for body, raw in zip(bodies, chunk.raws, strict=True)]
        parts = (bodies, *new, ends)
        cells = [""] * (len(parts) * len(bodies))
        for place, part in enumerate(parts):
            cells[place :: len(parts)] = part
        self._write("".join(cells))

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


def _widened(raw: str, n_cells: int, added: str, table: DelimitedTable, *, unclosed: bool) -> str:
    """Return the characters of a row with new cells, each after a delimiter, behind its first `width` ones."""
    if not n_cells:
        return raw
    width, sign = table.width, table.dialect.delimiter
    body = f'{raw}"' if unclosed else raw.rstrip("\r\n")
    end = raw[len(body) :]
    if n_cells <= width:
        return body + sign * (width - n_cells) + added + end
    place = next(_first_cells(width, sign).finditer(body)).end() - len(sign)
    return body[:place] + added + body[place:] + end


@cache
def _first_cells(count: int, delimiter: str) -> re.Pattern[str]:
    """Return what matches cells and their delimiters: perhaps a quoted part, then whatever is no delimiter."""
    sign = re.escape(delimiter)
    return re.compile(rf'(?:(?:"(?:[^"]|"")*+"?)?[^{sign}]*{sign}){{{count}}}')
