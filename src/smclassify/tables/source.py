"""Bytes of a file, a pipe or a gzip archive, and the lines of text in them, as they arrive."""

from __future__ import annotations

import codecs
import gzip
import io
import os
import sys
import zlib
from contextlib import contextmanager
from itertools import chain
from typing import TYPE_CHECKING

from smclassify.errors import TableError
from smclassify.tables.values import LARGEST_CELL, STANDARD_STREAM

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_BLOCK = 1 << 19
"""Most bytes to read at a time."""
_PEEK = 1 << 16
_GZIP = b"\x1f\x8b"


class Source:
    """An open file or pipe, unpacked if it is packed.

    Attributes:
        name: The file's name, for messages.
        start: Its first bytes.
        size: Number of bytes on disk; None for a stream, also one that somebody has begun to read.
    """

    def __init__(self, name: str, raw: io.FileIO) -> None:
        self.name = name
        self._raw = raw
        self._bytes: io.BufferedReader = io.BufferedReader(raw, _PEEK)
        self.size = os.fstat(raw.fileno()).st_size if raw.seekable() and raw.tell() == 0 else None
        self.start = self._peek()
        if self.start.startswith(_GZIP):
            self._bytes = io.BufferedReader(gzip.GzipFile(fileobj=self._bytes), _PEEK)
            self.start = self._peek()

    def position(self) -> int:
        """Return how many bytes have been read from disk; 0 for a pipe, which has no positions."""
        return self._raw.tell() if self._raw.seekable() else 0

    def seekable(self) -> bool:
        """Return whether the bytes can be gone through twice."""
        return self.size is not None

    def skip(self, count: int) -> None:
        """Pass over some bytes."""
        self._bytes.read(count)

    def blocks(self) -> Iterator[bytes]:
        """Yield the bytes, as many at a time as have arrived."""
        while block := self._read():
            yield block

    def _peek(self) -> bytes:
        return self._guarded(lambda: self._bytes.peek(_PEEK))[:_PEEK]

    def _read(self) -> bytes:
        return self._guarded(lambda: self._bytes.read1(_BLOCK))

    def _guarded(self, read: Callable[[], bytes]) -> bytes:
        try:
            return read()
        except (OSError, EOFError, zlib.error) as error:
            raise TableError(f"{self.name}: cannot read the file: {error}.", "Is it damaged?") from error

    def is_text(self, encoding: str) -> bool:
        """Return whether all bytes are text in an encoding; of a stream, only the first are judged."""
        decoder = codecs.getincrementaldecoder(encoding)()
        try:
            if not self.seekable():
                decoder.decode(self.start)
                return True
            for block in self.blocks():
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
        finally:
            if self.seekable():
                self._bytes.seek(0)
        return True

    def lines(self, encoding: str) -> Iterator[list[str]]:
        """Yield the lines of text with their ends, as many at a time as have arrived; they end at LF, CR or CRLF.

        Raises:
            TableError: A line is too long to be one, has a NUL character, or is not text in the encoding.
        """
        decoder = codecs.getincrementaldecoder(encoding)()
        rest, number = "", 1
        for block in chain(self.blocks(), (b"",)):
            text = rest + self._decoded(decoder, block, rest, number, encoding)
            lines = _split(text)
            # the last line may go on; one that ends with CR may be half of CRLF
            rest = "" if not block or not lines or lines[-1].endswith("\n") else lines.pop()
            if len(rest) > LARGEST_CELL:
                message = f"{self.name}:{number + len(lines)}: the line has more than {LARGEST_CELL:,} characters."
                raise TableError(message, "Is it a text file?")
            if lines:
                yield lines
            number += len(lines)

    def _decoded(self, decoder: codecs.IncrementalDecoder, block: bytes, rest: str, number: int, encoding: str) -> str:
        """Return the text of a block, which goes on after `rest` in the line with a number."""
        try:
            text = decoder.decode(block, final=not block)
        except UnicodeDecodeError as error:
            before = rest + error.object[: error.start].decode(encoding, "ignore")
            bad = error.object[error.start : error.start + 1].hex()
            place = f"{self.name}:{_last_line(before, number)}"
            message = f"{place}: not valid {encoding} (byte 0x{bad} cannot stand where it does)."
            raise TableError(message, "Name the encoding with -e, for instance -e cp1252.") from error
        if "\0" in text:
            place = f"{self.name}:{_last_line(rest + text.partition(chr(0))[0], number)}"
            tip = "If it is UTF-16 without a mark, say so: -e utf-16-le."
            raise TableError(f"{place}: a NUL character: this is binary data, not text.", tip)
        return text


def _split(text: str) -> list[str]:
    # where no CR ends a line alone, lines are found twice as fast
    return io.StringIO(text, newline="\n" if text.count("\r") == text.count("\r\n") else "").readlines()


def _last_line(text: str, number: int) -> int:
    """Return the number of the line in which a text ends that starts in the line with a number."""
    return number + len(_split(text + ".")) - 1


@contextmanager
def open_source(path: str) -> Iterator[Source]:
    """Open a file, or standard input for `-`.

    Raises:
        TableError: The file cannot be opened or read, is empty, damaged, or not text in its encoding.
    """
    name = "<stdin>" if path == STANDARD_STREAM else path
    try:
        with _open_raw(path) as raw:
            source = Source(name, raw)
            if not source.start:
                raise TableError(f"{name}: the file is empty.", "Give a file with at least one row.")
            yield source
    except UnicodeError as error:
        raise TableError(f"{name}: {error}.", "Name the encoding with -e, for instance -e utf-8.") from error


def _open_raw(path: str) -> io.FileIO:
    if path == STANDARD_STREAM:
        return io.FileIO(sys.stdin.fileno(), closefd=False)
    try:
        return io.FileIO(path)
    except IsADirectoryError as error:
        raise TableError(f"{path}: this is a folder, not a file.", "Name a file inside it.") from error
    except FileNotFoundError as error:
        raise TableError(f"{path}: there is no such file.", "Check the path; `ls` shows what is there.") from error
    except OSError as error:
        raise TableError(f"{path}: cannot open the file: {error.strerror}.") from error
