"""Bytes of a file, a pipe or a gzip archive, and the lines of text in them, as they arrive."""

from __future__ import annotations

import codecs
import gzip
import io
import os
import select
import sys
import zlib
from contextlib import contextmanager, suppress
from itertools import accumulate, chain
from typing import TYPE_CHECKING

from smclassify.errors import TableError
from smclassify.tables.values import LARGEST_CELL, STANDARD_STREAM

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from _typeshed import WriteableBuffer

_BLOCK = 1 << 19
"""Most bytes to read at a time."""
_PEEK = 1 << 16
_MOMENT = 0.05
"""Seconds that a program which writes as fast as it can may take to fill a pipe again."""
_GZIP = b"\x1f\x8b"
_NO_TEXT = b"\xef\xbb\xbf\xff\xfe\0 \t\r\n"
"""The bytes of which marks and blank lines are made."""
_EXACT = ("utf-8", "utf-16", "utf-32", "cp125", "iso8859", "ascii")
"""How the names of encodings begin in which no two sequences of bytes stand for the same text."""


class _Begun(io.RawIOBase):
    """A stream whose first bytes were read to look at them; they come first once more."""

    def __init__(self, first: bytes, stream: io.BufferedReader) -> None:
        super().__init__()
        self._first = first
        self._stream = stream

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Fill a buffer with what there is, and return the number of bytes; 0 at the end."""
        if not self._first:
            return self._stream.readinto1(buffer)
        room = memoryview(buffer)
        count = min(len(room), len(self._first))
        room[:count], self._first = self._first[:count], self._first[count:]
        return count


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
        self.start = self._first_bytes()
        if self.start.startswith(_GZIP):
            self._bytes = io.BufferedReader(gzip.GzipFile(fileobj=self._bytes), _PEEK)
            self.start = self._first_bytes()

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
        while block := self._read(_BLOCK):
            yield block

    def _first_bytes(self) -> bytes:
        """Return the first bytes, which will be read again; of a stream, those up to its first line at least."""
        start = b""
        while len(start) < _PEEK and (self.seekable() or not _says_something(start)):
            block = self._read(_PEEK - len(start))
            start += block
            if not block:
                break
        if self.seekable():
            self._bytes.seek(0)
        else:
            self._bytes = io.BufferedReader(_Begun(start, self._bytes), _PEEK)
        return start

    def _read(self, most: int) -> bytes:
        return self._guarded(lambda: self._bytes.read1(most))

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
        check = None if encoding.startswith(_EXACT) else _Check(self.name, encoding)
        rest, number = "", 1
        for block in chain(self.blocks(), (b"",)):
            text = rest + self._decoded(decoder, block, rest, number, encoding)
            lines = _split(text)
            # the last line may go on; one that ends with CR may be half of CRLF
            rest = "" if not block or not lines or lines[-1].endswith("\n") else lines.pop()
            if len(rest) > LARGEST_CELL:
                message = f"{self.name}:{number + len(lines)}: the line has more than {LARGEST_CELL:,} characters."
                raise TableError(message, "Is it a text file?")
            if check:
                check.same(block, lines, number)
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
            another = "latin-1" if encoding == "cp1252" else "cp1252"
            raise TableError(message, f"Name the encoding with -e, for instance -e {another}.") from error
        if "\0" in text:
            place = f"{self.name}:{_last_line(rest + text.partition(chr(0))[0], number)}"
            raise TableError(f"{place}: a NUL character: this is binary data, not text.", self.utf16_tip())
        return text

    def utf16_tip(self) -> str:
        """Return what to do if the text is UTF-16 in disguise: a western one in big-endian order starts with a zero."""
        order = "be" if self.start.startswith(b"\0") else "le"
        return f"If it is UTF-16 without a mark, say so: -e utf-16-{order}."


class _Check:
    """Sees to it that bytes can be had back from their text: some encodings have two ways to write a character."""

    def __init__(self, name: str, encoding: str) -> None:
        self._name = name
        self._encoding = encoding
        self._left = b""

    def same(self, block: bytes, lines: list[str], number: int) -> None:
        """Raise TableError unless the lines that end in a block are written as their bytes are, each by itself."""
        self._left += block
        written = [line.encode(self._encoding, "replace") for line in lines]
        whole = b"".join(written)
        if not self._left.startswith(whole) or (not block and self._left != whole):
            starts = accumulate(map(len, written), initial=0)
            parts = enumerate(zip(starts, written, strict=False), number)
            wrong = (line for line, (start, part) in parts if not self._left.startswith(part, start))
            line = next(wrong, number + max(0, len(lines) - 1))
            message = f"{self._name}:{line}: a character that {self._encoding} usually writes with other bytes."
            raise TableError(message, "Convert the file to UTF-8 first, so that no byte of it changes unseen.")
        self._left = self._left[len(whole) :]


def _says_something(start: bytes) -> bool:
    """Return whether the first bytes of a stream tell how it is written: they are packed, or hold a line of text."""
    text = start.lstrip(_NO_TEXT)
    return start.startswith(_GZIP) or b"\n" in text or b"\r" in text


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


def is_waiting(path: str) -> bool:
    """Return whether an input is standard input, and nothing arrives there for a moment."""
    with suppress(OSError, ValueError):  # Windows can ask sockets only
        return path == STANDARD_STREAM and not select.select([sys.stdin.fileno()], [], [], _MOMENT)[0]
    return False


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
