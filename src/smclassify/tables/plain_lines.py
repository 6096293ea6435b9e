"""Files with one text a line and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import IO, TYPE_CHECKING, Self

from smclassify.tables.cells import joined_rows
from smclassify.tables.delimited import encoded
from smclassify.tables.dialect import Dialect, detect_dialect
from smclassify.tables.values import CHUNK_ROWS, Chunk, numbered_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from smclassify.tables.source import Source
    from smclassify.tables.values import NewColumn, ReadOptions

_SIGN = "\t"


@dataclass(frozen=True, slots=True)
class LinesChunk(Chunk):
    """A chunk of lines.

    Attributes:
        ends: What ends each line.
    """

    ends: list[str] = field(default_factory=list)

    def cut(self, start: int, stop: int) -> Self:
        """Return some of the records, by their places."""
        return replace(Chunk.cut(self, start, stop), ends=self.ends[start:stop])

    def rows(self) -> Iterator[list[object]]:
        """Yield the lines as rows of one cell."""
        return ([text] for text in self.texts)

    def column(self, place: int) -> list[str]:  # noqa: ARG002 - there is only one
        """Return the lines."""
        return self.texts


class LinesTable:
    """An open file of lines: a table of one column without a header.

    Attributes:
        dialect: How it is written.
    """

    format = "lines"
    headers = None
    names = numbered_names(1)
    width = 1

    def __init__(self, source: Source, options: ReadOptions) -> None:
        self._source = source
        self.name = source.name
        self.dialect: Dialect = detect_dialect(source, options.encoding, _SIGN)
        source.skip(len(self.dialect.bom))
        self.size = source.size

    def position(self) -> int:
        """Return how many bytes have been read."""
        return self._source.position()

    def describe(self) -> str:
        """Return how the file is written."""
        return f"lines, {str(self.dialect).partition(', ')[2]}"

    def chunks(self, column: int) -> Iterator[LinesChunk]:  # noqa: ARG002 - there is only one
        """Yield the lines, as many at a time as have arrived."""
        number = 1
        for block in self._source.lines(self.dialect.encoding):
            for start in range(0, len(block), CHUNK_ROWS):
                lines = block[start : start + CHUNK_ROWS]
                texts = [line.rstrip("\r\n") for line in lines]
                ends = [line[len(text) :] for line, text in zip(lines, texts, strict=True)]
                yield LinesChunk(texts, range(number, number + len(lines)), ends=ends)
                number += len(lines)


@dataclass(frozen=True, slots=True)
class LinesWriter:
    """Writes each line with the new cells after it and tabs between them; there is no header.

    Attributes:
        table: The table whose lines are written.
        handle: Where the bytes go.
    """

    table: LinesTable
    handle: IO[bytes]

    def start(self, new_headers: Sequence[str]) -> None:  # noqa: ARG002 - there is no header
        """Write the byte order mark, if there was one."""
        self.handle.write(self.table.dialect.bom)

    def write(self, chunk: Chunk, columns: Sequence[NewColumn]) -> None:
        """Write lines with their new cells."""
        assert isinstance(chunk, LinesChunk)  # noqa: S101 - tells the type
        rows = [
            f"{text}{_SIGN}{added}{end}"
            for text, added, end in zip(chunk.texts, joined_rows(columns, _SIGN), chunk.ends, strict=True)
        ]
        self.handle.write(encoded("".join(rows), self.table.dialect.encoding, self.table.name))

    def finish(self) -> None:
        """Write nothing: the last line is the end."""
