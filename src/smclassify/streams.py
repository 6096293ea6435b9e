"""The standard streams: fit for whatever is written to them, and terminals safe from what they take for commands."""

from __future__ import annotations

import codecs
import json
import os
import re
import sys
import unicodedata
from io import RawIOBase, TextIOWrapper
from typing import TYPE_CHECKING, TextIO

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

    def __init__(self, terminal: TextIO) -> None:
        super().__init__()
        self._terminal = terminal
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def writable(self) -> bool:
        """Return True."""
        return True

    def write(self, content: ReadableBuffer, /) -> int:
        """Show some bytes, in UTF-8, and return their number."""
        content = bytes(content)
        parts = _BETWEEN.split(self._decoder.decode(content))
        self._terminal.write("".join(part if _BETWEEN.fullmatch(part) else visible(part) for part in parts))
        return len(content)


def prepare_streams() -> None:
    """Make every character writable, and put something in the place of the standard streams that are closed.

    Standard input and output that were closed cannot be read and written afterwards either, but the error says so, and
    no file that is opened later takes their place; what goes to a closed standard error goes nowhere.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            os.open(os.devnull, os.O_RDONLY if name == "stdout" else os.O_WRONLY)  # takes the lowest number: this one
            mode = "r" if name == "stdin" else "w"
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115 - stays open
    codecs.register_error("escape", _escaped)
    if isinstance(sys.stdout, TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="escape")  # not every pipe or terminal takes every character


def _escaped(error: UnicodeError) -> tuple[str, int]:
    """Return characters that an encoding does not have as JSON writes them, so that JSON remains JSON."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return json.dumps(error.object[error.start : error.end])[1:-1], error.end
