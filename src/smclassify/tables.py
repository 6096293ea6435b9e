"""Rows of a CSV file: read as a stream with all their warts, written back with new cells and nothing else changed.

A row keeps the characters it had in the file. New cells go in after the cells of the header, so that they stand
under their own headings also where a row is too short or too long.
"""

from __future__ import annotations

import csv
import io
import os
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import IO, TYPE_CHECKING

from smclassify.atomic import whole_file
from smclassify.dialect import PEEK, Dialect, detect_dialect
from smclassify.errors import TableError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

STANDARD_STREAM = "-"
_LARGEST_CELL = (1 << 31) - 1


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What the user says of a file; None stands for "find out".

    Attributes:
        encoding: Name of the encoding.
        delimiter: The delimiter: one character, or comma, semicolon, tab or pipe.
        header: Whether the first row holds the names of the columns.
    """

    encoding: str | None = None
    delimiter: str | None = None
    header: bool = True


@dataclass(frozen=True, slots=True)
class Row:
    """One record of a file.

    Attributes:
        line: Number of the line where it starts, from 1.
        cells: Its cells; none for a blank line.
        raw: Its characters as in the file, with its line end.
        unclosed: Whether the file ended inside a quoted cell of this row.
    """

    line: int
    cells: list[str]
    raw: str
    unclosed: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """An open file of rows.

    Attributes:
        name: The file's name, for messages.
        dialect: How it is written.
        lead: Blank lines before the first row.
        header: The row with the names of the columns; None if there is none.
        width: Number of columns.
        rows: The rows below the header; they can be gone through once.
        size: Number of bytes; None for a stream.
        position: Returns how many bytes have been read.
    """

    name: str
    dialect: Dialect
    lead: str
    header: Row | None
    width: int
    rows: Iterator[Row]
    size: int | None
    position: Callable[[], int]


@contextmanager
def open_table(source: str, options: ReadOptions) -> Iterator[Table]:
    """Open a CSV file, or standard input for `-`.

    Raises:
        TableError: The file cannot be opened or read, is empty, or is not text in its encoding.
        UsageError: The options make no sense.
    """
    name = "<stdin>" if source == STANDARD_STREAM else source
    try:
        with _open_bytes(source) as handle:
            start = handle.peek(PEEK)
            if not start:
                raise TableError(f"{name}: the file is empty.", "Give a CSV file with a header and at least one row.")
            dialect = detect_dialect(name, handle, start, options.encoding, options.delimiter)
            handle.read(len(dialect.bom))
            lines = io.TextIOWrapper(handle, dialect.encoding, newline="")
            try:
                yield _table(name, dialect, lines, header=options.header)
            finally:
                lines.detach()
    except UnicodeDecodeError as error:
        bad = error.object[error.start : error.start + 1].hex()
        message = f"{name}: not valid {error.encoding} (byte 0x{bad} cannot stand where it does)."
        raise TableError(message, "Name the encoding with -e, for instance -e cp1252.") from error
    except UnicodeError as error:
        raise TableError(f"{name}: {error}.", "Name the encoding with -e, for instance -e utf-8.") from error


@contextmanager
def _open_bytes(source: str) -> Iterator[io.BufferedReader[io.FileIO]]:
    if source == STANDARD_STREAM:
        with io.BufferedReader(io.FileIO(sys.stdin.fileno(), closefd=False), PEEK) as handle:
            yield handle
        return
    try:
        handle = io.BufferedReader(io.FileIO(source), PEEK)
    except IsADirectoryError as error:
        raise TableError(f"{source}: this is a folder, not a file.", "Name a file inside it.") from error
    except FileNotFoundError as error:
        raise TableError(f"{source}: there is no such file.", "Check the path; `ls` shows what is there.") from error
    except OSError as error:
        raise TableError(f"{source}: cannot open the file: {error.strerror}.") from error
    with handle:
        yield handle


def _table(name: str, dialect: Dialect, lines: io.TextIOWrapper, *, header: bool) -> Table:
    rows = _records(lines, dialect.delimiter)
    blank: list[Row] = []
    for first in rows:
        if first.cells:
            break
        blank.append(first)
    else:
        raise TableError(f"{name}: the file has no rows.", "Give a CSV file with a header and at least one row.")
    return Table(
        name=name,
        dialect=dialect,
        lead="".join(row.raw for row in blank),
        header=first if header else None,
        width=len(first.cells),
        rows=rows if header else chain((first,), rows),
        size=os.fstat(lines.fileno()).st_size if lines.seekable() else None,
        position=lambda: os.lseek(lines.fileno(), 0, os.SEEK_CUR),
    )


def _records(lines: Iterable[str], delimiter: str) -> Iterator[Row]:
    """Yield the records that lines of text hold, each with the very characters it was read from."""
    taken: list[str] = []
    ended = False

    def watched() -> Iterator[str]:
        nonlocal ended
        for line in lines:
            taken.append(line)
            yield line
        ended = True

    csv.field_size_limit(_LARGEST_CELL)
    number = 1
    for cells in csv.reader(watched(), delimiter=delimiter):
        # the reader asks for more after the last line only when a quoted cell is still open
        yield Row(number, cells, "".join(taken), unclosed=ended)
        number += len(taken)
        taken.clear()


@dataclass(frozen=True, slots=True)
class TableWriter:
    """Writes the rows of a table with new cells.

    Attributes:
        table: The table whose rows are written: their dialect and width hold for the output too.
        handle: Where the bytes go.
    """

    table: Table
    handle: IO[bytes]

    def start(self, new_headers: Sequence[str]) -> None:
        """Write what comes before the rows: byte order mark, blank lines, and the header with the new names."""
        self.handle.write(self.table.dialect.bom)
        self.handle.write(self._encode(self.table.lead))
        if self.table.header:
            self.write([(self.table.header, new_headers)])

    def write(self, rows: Iterable[tuple[Row, Sequence[str]]]) -> None:
        """Write rows, each with its new cells; a blank line stays one."""
        dialect, width = self.table.dialect, self.table.width
        self.handle.write(self._encode("".join(_widened(row, cells, width, dialect) for row, cells in rows)))

    def _encode(self, text: str) -> bytes:
        try:
            return text.encode(self.table.dialect.encoding)
        except UnicodeEncodeError as error:
            bad = error.object[error.start : error.start + 1]
            message = f"{self.table.name}: {bad!r} cannot be written in {self.table.dialect.encoding}."
            raise TableError(message, "Convert the input to UTF-8 first.") from error


@contextmanager
def open_target(target: str) -> Iterator[IO[bytes]]:
    """Open where the output goes: standard output for `-`, else a file that appears whole or not at all.

    Raises:
        TableError: The file cannot be written.
    """
    if target == STANDARD_STREAM:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    try:
        with whole_file(Path(target)) as handle:
            yield handle
    except OSError as error:
        raise TableError(f"{target}: cannot write the file: {error.strerror}.") from error


def check_target(target: str, source: str, *, force: bool) -> None:
    """Raise unless a target may be written; done before any work.

    Raises:
        UsageError: The target is the input.
        TableError: The target exists and `force` is not set, or it is a folder or inside a missing one.
    """
    if target == STANDARD_STREAM:
        return
    path = Path(target)
    if path.is_dir():
        raise TableError(f"{path}: this is a folder, not a file.", "Name a file inside it.")
    if not path.parent.is_dir():
        raise TableError(f"{path}: there is no folder {path.parent}.", f"Make it first: mkdir -p {path.parent}")
    if path.is_file():
        if source != STANDARD_STREAM and Path(source).exists() and path.samefile(source):
            raise UsageError(f"{path}: the output would replace the input.", "Name another file with -o.")
        if not force:
            raise TableError(f"{path}: the file exists already.", "Replace it with --force, or name another.")


def _widened(row: Row, new: Sequence[str], width: int, dialect: Dialect) -> str:
    """Return the characters of a row with new cells after its first `width` ones."""
    if not row.cells:
        return row.raw
    body = row.raw.rstrip("\r\n") if not row.unclosed else ""
    end = row.raw[len(body) :] if not row.unclosed else ""
    if row.unclosed or len(row.cells) > width:
        return _joined([*row.cells[:width], *new, *row.cells[width:]], dialect.delimiter) + end
    missing = [""] * (width - len(row.cells))
    return dialect.delimiter.join((body, *missing, _joined(new, dialect.delimiter))) + end


def _joined(cells: Sequence[str], delimiter: str) -> str:
    """Return cells as one record, quoted where they must be."""
    if len(cells) == 1 and not cells[0]:
        return ""
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\r\n").writerow(cells)
    return text.getvalue().removesuffix("\r\n")
