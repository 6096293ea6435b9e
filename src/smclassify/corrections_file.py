"""A corrections file that a person is adding to.

An answer is on the disk before the next question is asked: its row is appended in one step. What a crash left of a row
half written is dropped when the file is opened again; answers that were confirmed stay.
"""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from smclassify.atomic import close_locked, is_at, open_locked, sync_folder
from smclassify.corrections import HEADER_ROW, as_row, parse_corrections
from smclassify.errors import TableError
from smclassify.tables.target import reported

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smclassify.corrections import Correction


def corrections_path(source: str) -> Path:
    """Return where the corrections of a table go unless the user says otherwise.

    >>> corrections_path("tasks.csv.gz").name
    'tasks.corrections.csv'
    """
    path = Path(source.removesuffix(".gz"))
    if not path.name:
        raise TableError(f"{source or '.'}: this is a folder, not a file.", "Name a file inside it.")
    return path.with_suffix(".corrections.csv")


class CorrectionsFile:
    """A corrections file that is open for more answers; see `open_corrections`.

    Attributes:
        path: The file.
        corrections: The answers in it, oldest first.
        torn: The characters of a row half written that was dropped.
    """

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor
        with os.fdopen(os.dup(descriptor), "rb") as handle:
            content = handle.read()
        self.corrections, self._ends, self.torn, missing = parse_corrections(content, str(path))
        self._size = len(content)
        if self._size != self._ends[-1]:
            self._cut()
        if missing:
            self._write(missing)
            self._ends[-1] = self._size

    def append(self, correction: Correction) -> None:
        """Add an answer; it is on the disk when this returns.

        Raises:
            TableError: The file cannot be written, or another program has changed it; what it held is still there.
        """
        self._check()
        row = as_row(correction)
        self._write(row if self._size else HEADER_ROW + row)
        self.corrections.append(correction)
        self._ends.append(self._size)

    def undo(self) -> Correction:
        """Take the last answer back; there is one.

        Raises:
            TableError: The file cannot be written, or another program has changed it.
        """
        self._check()
        last = self.corrections.pop()
        self._ends.pop()
        self._cut()
        return last

    def _check(self) -> None:
        if not is_at(self.path, self._descriptor) or os.fstat(self._descriptor).st_size != self._size:
            tip = "Start again: what was answered before is kept, as far as it is still in the file."
            raise TableError(f"{self.path}: another program has changed the file; the last answer is not in it.", tip)

    def _write(self, content: bytes) -> None:
        with reported(str(self.path)):
            try:
                os.lseek(self._descriptor, self._size, os.SEEK_SET)
                rest = memoryview(content)
                while rest:
                    rest = rest[os.write(self._descriptor, rest) :]
                os.fsync(self._descriptor)
            except OSError:
                with suppress(OSError):
                    os.ftruncate(self._descriptor, self._size)
                raise
        self._size += len(content)

    def _cut(self) -> None:
        """Drop what comes after the last whole answer."""
        with reported(str(self.path)):
            os.ftruncate(self._descriptor, self._ends[-1])
            os.fsync(self._descriptor)
        self._size = self._ends[-1]


@contextmanager
def open_corrections(path: Path, mode: int = 0o666) -> Iterator[CorrectionsFile]:
    """Open a corrections file for more answers, and lock it; it is made if there is none.

    A file that was made here and got no answer is removed.

    Args:
        path: The file.
        mode: Permissions of a new file, less those that the user's mask takes away: it quotes the table.

    Raises:
        TableError: It cannot be opened, another process has it open, or it is not a file of corrections.
    """
    place = path.resolve()  # through a symbolic link, so that the link stays one
    is_new = not place.exists()
    if not is_new and not place.is_file():
        raise TableError(f"{path}: this is not a regular file.", "Name another one with -o.")
    with reported(str(path)):
        descriptor = open_locked(place, mode)
    try:
        if is_new:
            sync_folder(place.parent)
        yield CorrectionsFile(path, descriptor)
    finally:
        if is_new and not os.fstat(descriptor).st_size and is_at(place, descriptor):
            place.unlink()
        close_locked(descriptor)
