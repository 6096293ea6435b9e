"""Lines of standard input, as they arrive."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

from smclassify.errors import TableError, UsageError
from smclassify.streams import is_own_input

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_BLOCK = 1 << 16
_LONGEST = 1 << 24


def iter_texts(given: Sequence[str], command: str) -> Iterator[list[str]]:
    """Return the texts that a command was given, as many at a time as are there.

    Args:
        given: The arguments; `-`, or none at all, stands for the lines of standard input.
        command: The command, for the tip.

    Raises:
        UsageError: An argument is blank, or there is none and a person would have to type the lines.
        TableError: A line is not UTF-8.
    """
    if not given and sys.stdin.isatty():
        raise UsageError("There is no text to classify.", f'Give one, as in: smclassify {command} "cold call".')
    for place, text in enumerate(given, 1):
        if not text.strip():
            raise UsageError(f"Text {place} is blank.", "Give at least one word.")
    return (texts for text in given or ["-"] for texts in (iter_lines() if text == "-" else [[text]]))


def iter_lines() -> Iterator[list[str]]:
    """Yield the lines of standard input without their ends, as many at a time as have arrived.

    Raises:
        UsageError: They are those of the file that standard output goes to.
        TableError: A line is not UTF-8, or too long to be one.
    """
    if is_own_input():
        raise UsageError("standard output: the output would replace the input.", "Name another file after >.")
    rest, number = b"", 1
    stream = io.BufferedReader(io.FileIO(sys.stdin.fileno(), closefd=False), _BLOCK)
    while block := stream.read1(_BLOCK):
        *lines, rest = (rest + block).split(b"\n")
        if lines:
            yield [_decoded(line, place) for place, line in enumerate(lines, number)]
            number += len(lines)
        if len(rest) > _LONGEST:
            raise TableError(f"<stdin>:{number}: the line has more than {_LONGEST:,} bytes.", "Is it text?")
    if rest:
        yield [_decoded(rest, number)]


def _decoded(line: bytes, number: int) -> str:
    try:
        return line.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r")
    except UnicodeDecodeError as error:
        message = f"<stdin>:{number}: the line is not UTF-8."
        raise TableError(message, "Convert it first, for instance with iconv -f cp1252 -t utf-8.") from error
