"""Files that appear whole or not at all."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def whole_file(path: Path) -> Iterator[IO[bytes]]:
    """Open a file for writing beside its target, and move it there in one step once the block is done.

    When the block fails or is interrupted, the target stays as it was and nothing is left behind. What is there and
    is not a regular file, such as a device or a named pipe, is written to directly.

    Raises:
        OSError: The file cannot be written or moved.
    """
    target = path.resolve()  # through a symbolic link, so that the link stays one
    if target.exists() and not target.is_file():
        with target.open("wb") as handle:
            yield handle
        return
    draft = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with draft.open("xb") as handle:
            yield handle
            handle.flush()
            os.fsync(handle.fileno())
        if target.exists():
            draft.chmod(target.stat().st_mode & 0o7777)
        draft.replace(target)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
