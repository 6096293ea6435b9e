"""Files that appear whole or not at all, also when the process is killed."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING

if sys.platform != "win32":
    import fcntl

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_HOW_TO_OPEN = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
_NO_LOCKS_HERE = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP}
_locked: set[int] = set()


def draft_path(target: Path) -> Path:
    """Return where a file is written before it takes the place of its target."""
    return target.with_name(f".{target.name}.part")


class Draft:
    """A locked file beside a target, which takes the target's place in one step.

    The name follows from the target's, so that a later process finds what a killed one left. The lock ends with the
    process, however it ends.

    Attributes:
        target: The file that is to appear or to be replaced; not a symbolic link.
        path: The draft.
        handle: The draft, open for writing; what it holds at first is what was left of it.
    """

    def __init__(self, target: Path) -> None:
        """Open and lock the draft of a target.

        Raises:
            BlockingIOError: Another process has it open.
            OSError: It cannot be opened.
        """
        self.target = target
        self.path = draft_path(target)
        # what an open descriptor has is not cut off
        self.handle: IO[bytes] = os.fdopen(open_locked(self.path), "wb")

    def cut(self, size: int) -> None:
        """Go on after a number of bytes; what came after them is dropped, and nobody may read more than the target."""
        self.handle.truncate(size)
        self.handle.seek(size)
        if self.target.exists():
            self.path.chmod(self.target.stat().st_mode & 0o7777 | 0o600)

    def sync(self) -> int:
        """Bring what was written to the disk, and return its size."""
        self.handle.flush()
        os.fsync(self.handle.fileno())
        return self.handle.tell()

    def move(self) -> None:
        """Put the draft in the place of its target; the permissions of a replaced file stay."""
        if self.target.exists():
            self.path.chmod(self.target.stat().st_mode & 0o7777)
        self.sync()
        if sys.platform == "win32":  # where an open file cannot be moved
            self.close()
        self.path.replace(self.target)
        sync_folder(self.target.parent)

    def discard(self) -> None:
        """Remove the draft unless it has been moved; it is closed then."""
        ours = not self.handle.closed and is_at(self.path, self.handle.fileno())
        if sys.platform == "win32":  # where an open file cannot be removed
            self.close()
        if ours:
            self.path.unlink(missing_ok=True)
        self.close()

    def close(self) -> None:
        """Close the draft and give up the lock; what could not be written is lost."""
        if not self.handle.closed:
            _locked.discard(self.handle.fileno())
            with suppress(OSError):
                self.handle.close()


@contextmanager
def whole_file(path: Path) -> Iterator[IO[bytes]]:
    """Open a file for writing beside its target, and move it there in one step once the block is done.

    When the block fails or is interrupted, the target stays as it was and nothing is left behind. What is there and
    is not a regular file, such as a device or a named pipe, is written to directly.

    Raises:
        BlockingIOError: Another process writes to the same target.
        OSError: The file cannot be written or moved.
    """
    if path.exists() and not path.is_file():
        with path.open("wb") as handle:
            yield handle
        return
    draft = Draft(path.resolve())  # through a symbolic link, so that the link stays one
    try:
        draft.cut(0)
        yield draft.handle
        draft.move()
    finally:
        draft.discard()


def open_locked(path: Path, mode: int = 0o666) -> int:
    """Open a file for reading and writing, made if there is none, and lock it; return its descriptor.

    Args:
        path: The file; not a symbolic link.
        mode: Permissions of a file that is made, less those that the user's mask takes away.

    Raises:
        BlockingIOError: Another process has it open.
        OSError: It cannot be opened.
    """
    while True:
        descriptor = os.open(path, _HOW_TO_OPEN, mode)
        try:
            _lock(descriptor)
            # between the two steps another process may have moved or removed its file
            if is_at(path, descriptor):
                _locked.add(descriptor)
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def close_locked(descriptor: int) -> None:
    """Close what `open_locked` opened, and give up the lock."""
    _locked.discard(descriptor)
    os.close(descriptor)


def is_at(path: Path, descriptor: int) -> bool:
    """Return whether an open file is the one at a path."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _lock(descriptor: int) -> None:
    """Take the lock of a file; where there are no locks, nothing is taken."""
    if sys.platform == "win32":
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise BlockingIOError(error.errno, "another process is writing it") from error
    except OSError as error:
        if error.errno not in _NO_LOCKS_HERE:
            raise


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk; some systems cannot, and the file is in its place all the same."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _give_up_locks() -> None:
    """Keep a forked child, which shares its parent's locks, from holding them after the parent's death."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for descriptor in _locked:
        os.dup2(nowhere, descriptor, inheritable=False)
    os.close(nowhere)
    _locked.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_give_up_locks)
