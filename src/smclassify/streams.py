"""The standard streams: fit for whatever is written to them, and terminals safe from what they take for commands."""

from __future__ import annotations

import codecs
import json
import os
import re
import stat
import sys
import unicodedata
from contextlib import suppress
from io import FileIO, RawIOBase, TextIOWrapper
from typing import IO, TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_BETWEEN = re.compile(r"(\r\n|\n|\t)")


def visible(text: str) -> str:
    r"""Return the text with control and invisible characters written as escapes, so that none reaches a terminal.

    >>> print(visible("red\x1b[31m, a\ttab"))
    red\x1b[31m, a\ttab
    """
    if text.isprintable():
        return text
    return "".join(char if is_visible(char) else char.encode("unicode_escape").decode() for char in text)


def is_visible(char: str) -> bool:
    """Return whether a character is one that is seen: no control, no mark of direction, no half of a pair."""
    return unicodedata.category(char) not in _INVISIBLE


class Shown(RawIOBase):
    """Takes the bytes of a table, and shows them on a terminal with its control characters written as escapes."""

    def __init__(self, terminal: TextIO, encoding: str) -> None:
        super().__init__()
        self._terminal = terminal
        self._decoder = codecs.getincrementaldecoder(encoding)("replace")

    def writable(self) -> bool:
        """Return True."""
        return True

    def write(self, content: ReadableBuffer, /) -> int:
        """Show some bytes, and return their number."""
        content = bytes(content)
        parts = _BETWEEN.split(self._decoder.decode(content))
        self._terminal.write("".join(part if _BETWEEN.fullmatch(part) else visible(part) for part in parts))
        return len(content)


class Flushed(RawIOBase):
    """Takes the bytes of a table, and hands them on at once to whoever reads standard output."""

    def __init__(self, stream: IO[bytes]) -> None:
        super().__init__()
        self._stream = stream

    def writable(self) -> bool:
        """Return True."""
        return True

    def write(self, content: ReadableBuffer, /) -> int:
        """Hand some bytes on, and return their number."""
        written = self._stream.write(content)
        self._stream.flush()
        return written


def prepare_streams() -> None:
    """Make every character writable, and put something in the place of the standard streams that are closed.

    Standard input and output that were closed cannot be read and written afterwards either, but the error says so, and
    no file that is opened later takes their place; what goes to a closed standard error goes nowhere. Standard streams
    that another program has set not to wait do wait again: what is not there yet is not the end.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            os.open(os.devnull, os.O_RDONLY if name == "stdout" else os.O_WRONLY)  # takes the lowest number: this one
            mode = "r" if name == "stdin" else "w"
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115 - stays open
        with suppress(OSError, AttributeError):  # Windows knows no such pipes
            os.set_blocking(number, True)
    codecs.register_error("escape", _escaped)
    if isinstance(getattr(sys.stdout, "buffer", None), FileIO):  # python -u; what a full disk cuts off it never tells
        names = sys.stdout.encoding, sys.stdout.errors
        sys.stdout = open(1, "w", encoding=names[0], errors=names[1], closefd=False)  # noqa: SIM115 - as above
    if isinstance(sys.stdout, TextIOWrapper) and sys.stdout.errors in {"strict", "surrogateescape"}:
        sys.stdout.reconfigure(errors="escape")  # not every pipe or terminal takes every character


def is_own_input() -> bool:
    """Return whether standard output is the file that standard input reads, so that there would be no end."""
    own = regular_file(0)
    return own is not None and own == regular_file(1)


def regular_file(name: str | int) -> tuple[int, int] | None:
    """Return what tells a regular file from others, whatever its names or the number it is open by; None if none."""
    with suppress(OSError):
        facts = os.stat(name)  # noqa: PTH116 - a path has no number
        if stat.S_ISREG(facts.st_mode):
            return facts.st_dev, facts.st_ino
    return None


def silence(stream: TextIO) -> None:
    """Send what is left for a stream to nowhere, since nobody reads on, so that the interpreter does not complain."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _escaped(error: UnicodeError) -> tuple[str, int]:
    """Return characters that an encoding does not have as JSON writes them, so that JSON remains JSON."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return json.dumps(error.object[error.start : error.end])[1:-1], error.end
