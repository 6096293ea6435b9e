"""Lines of standard input, as they arrive."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

from smclassify.errors import TableError

if TYPE_CHECKING:
    from collections.abc import Iterator

_BLOCK = 1 << 16


def iter_lines() -> Iterator[list[str]]:
    """Yield the lines of standard input without their ends, as many at a time as have arrived.

    Raises:
        TableError: A line is not UTF-8.
    """
    rest, number = b"", 1
    stream = io.BufferedReader(io.FileIO(sys.stdin.fileno(), closefd=False), _BLOCK)
    while block := stream.read1(_BLOCK):
        *lines, rest = (rest + block).split(b"\n")
        if lines:
            yield [_decoded(line, place) for place, line in enumerate(lines, number)]
            number += len(lines)
    if rest:
        yield [_decoded(rest, number)]


def _decoded(line: bytes, number: int) -> str:
    try:
        return line.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r")
    except UnicodeDecodeError as error:
        message = f"<stdin>:{number}: the line is not UTF-8."
        raise TableError(message, "Convert it first, for instance with iconv -f cp1252 -t utf-8.") from error
