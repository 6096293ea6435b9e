"""JSON whose numbers stay as they are written: 1.10 is not 1.1."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable


class WrittenFloat(float):
    """A number with a point or an exponent, whose text is what was read.

    >>> str(WrittenFloat("1.10"))
    '1.10'
    """

    __slots__ = ("_written",)
    _written: str

    def __new__(cls, written: str) -> Self:
        """Return the number that a text stands for."""
        number = super().__new__(cls, written)
        number._written = written
        return number

    def __str__(self) -> str:
        return self._written


class _Sign(str):
    """A piece of JSON, beside values that are yet to be written."""

    __slots__ = ()


def _whole(written: str) -> int | WrittenFloat:
    return WrittenFloat(written) if written == "-0" else int(written)


read_json: Callable[[str], Any] = json.JSONDecoder(
    parse_float=WrittenFloat, parse_int=_whole, parse_constant=WrittenFloat
).decode
"""Return the value of a JSON text."""
_encoded = json.JSONEncoder(ensure_ascii=False).encode


def as_json(value: object, default: Callable[[object], object] | None = None) -> str:
    """Return a value as JSON, with a function for what JSON does not have."""
    if not _has_written(value):
        with suppress(RecursionError):  # what could just be read may be too deep to be written
            return json.dumps(value, ensure_ascii=False, default=default)
    return _joined(value)


def _has_written(value: object) -> bool:
    waiting = [value]
    while waiting:
        match waiting.pop():
            case WrittenFloat():
                return True
            case dict() as inner:
                waiting += inner.values()
            case list() as inner:
                waiting += inner
    return False


def _joined(value: object) -> str:
    """Return what `read_json` gave, as JSON; without recursion, as values may be nested to its limit."""
    pieces: list[str] = []
    waiting = [value]
    while waiting:
        match waiting.pop():
            case _Sign() | WrittenFloat() as piece:
                pieces.append(str(piece))
            case dict() as inner:
                parts = [part for key, item in inner.items() for part in (_Sign(f", {_encoded(key)}: "), item)]
                waiting += [_Sign("}"), *reversed(_without_comma(parts)), _Sign("{")]
            case list() as inner:
                parts = [part for item in inner for part in (_Sign(", "), item)]
                waiting += [_Sign("]"), *reversed(_without_comma(parts)), _Sign("[")]
            case plain:
                pieces.append(_encoded(plain))
    return "".join(pieces)


def _without_comma(parts: list[object]) -> list[object]:
    return [_Sign(str(parts[0])[2:]), *parts[1:]] if parts else []
