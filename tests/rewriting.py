"""Tables written with the same new cells in every row, for the tests of each format."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, cast

from smclassify.tables.formats import open_table, open_writer
from smclassify.tables.values import ReadOptions

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from smclassify.tables.values import Chunk, NewColumn

NEW = {"new": "X"}


def rewrite(
    path: Path | str,
    new: Mapping[str, object] = NEW,
    /,
    *,
    target: str | None = None,
    **options: Any,  # noqa: ANN401 - fields of ReadOptions
) -> bytes:
    """Return a file with new cells; in its own format unless the name of a target says otherwise."""
    out = io.BytesIO()
    with open_table(str(path), ReadOptions(**options)) as table:
        writer = open_writer(table, target or str(path), out)
        writer.start(list(new))
        for chunk in table.chunks(0):
            writer.write(chunk, [cast("NewColumn", [cell] * len(chunk.texts)) for cell in new.values()])
        writer.finish()
    return out.getvalue()


def written(path: Path, content: str | bytes) -> Path:
    """Return a file with some content, with its line ends as they are."""
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def chunks_of(path: Path, column: int = 0, **options: Any) -> list[Chunk]:  # noqa: ANN401
    """Return all chunks of a file."""
    with open_table(str(path), ReadOptions(**options)) as table:
        return list(table.chunks(column))


def rows_of(path: Path, **options: Any) -> list[list[object]]:  # noqa: ANN401
    """Return the cells of all rows of a file."""
    return [row for chunk in chunks_of(path, **options) for row in chunk.rows()]
