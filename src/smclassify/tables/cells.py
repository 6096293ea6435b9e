"""New cells as they are written between delimiters."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from smclassify.tables.values import NewColumn


_PIECE = 1 << 20


class Quoted(dict[str, str]):
    """Cells as they are written, with quotes where they need them."""

    def __init__(self, delimiter: str) -> None:
        super().__init__()
        self._special = (delimiter, '"', "\r", "\n")

    def __missing__(self, cell: str) -> str:
        special = any(sign in cell for sign in self._special)
        self[cell] = written = '"' + cell.replace('"', '""') + '"' if special else cell
        return written


class _Written(dict[str | float | None, str]):
    """New cells as they are written, with a lead; there are few different ones, as a confidence has four decimals."""

    def __init__(self, delimiter: str, lead: str) -> None:
        super().__init__()
        self._quoted = Quoted(delimiter)
        self._lead = lead

    def __missing__(self, cell: str | float | None) -> str:
        [text] = as_texts([cell])
        self[cell] = written = self._lead + self._quoted[text]
        return written


_written = cache(_Written)


def led_cells(columns: Sequence[NewColumn], delimiter: str) -> list[Iterator[str]]:
    """Return the new cells of each column with a delimiter before them, quoted where they must be."""
    return [map(_written(delimiter, delimiter).__getitem__, column) for column in columns]


def joined_rows(columns: Sequence[NewColumn], delimiter: str) -> Iterator[str]:
    """Yield the new cells of each row with delimiters between them, quoted where they must be."""
    cells = (map(_written(delimiter, "").__getitem__, column) for column in columns)
    return map(delimiter.join, zip(*cells, strict=True))


def pieces(rows: Iterable[str]) -> Iterator[str]:
    """Yield rows joined, about a million characters at a time, so that none of them need be there at once."""
    some, size = list[str](), 0
    for row in rows:
        some.append(row)
        size += len(row)
        if size >= _PIECE:
            yield "".join(some)
            some, size = [], 0
    yield "".join(some)


def as_texts(column: Sequence[str | float | None]) -> Sequence[str]:
    """Return new cells as texts; numbers have four decimals."""
    return [cell if isinstance(cell, str) else "" if cell is None else f"{cell:.4f}" for cell in column]
