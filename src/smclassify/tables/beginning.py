"""The headers of a file, from its first bytes alone: for a shell, which cannot wait."""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING

from smclassify.errors import SmclassifyError
from smclassify.tables.formats import text_table
from smclassify.tables.source import Source
from smclassify.tables.values import WHOLE_FORMATS, format_of

if TYPE_CHECKING:
    from smclassify.tables.values import ReadOptions

MOST_BYTES = 1 << 16


class _Beginning(io.FileIO):
    """A file that ends after its first bytes; like a pipe, it is read once."""

    def seekable(self) -> bool:
        return False

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        return super().readinto(memoryview(buffer)[: MOST_BYTES - self.tell()]) or 0


def read_headers(path: str, options: ReadOptions) -> tuple[str, ...]:
    """Return the headers of a text file, without the blanks around them; none if its first 64 KB do not tell.

    A workbook or a Parquet file keeps them elsewhere than at its beginning, so that none are found either.
    """
    kind = options.format or format_of(path)
    path = os.path.expanduser(path)  # noqa: PTH111 - raises nothing, whoever is meant
    if kind in WHOLE_FORMATS or not os.path.isfile(path):  # noqa: PTH113 - likewise; a pipe would keep the shell waiting
        return ()
    try:
        with _Beginning(path) as raw:
            source = Source(path, raw)
            headers = text_table(source, kind, options).headers or ()
    except (SmclassifyError, OSError, UnicodeError):
        return ()
    return tuple(header.strip().lstrip("\ufeff").lstrip() for header in headers)
