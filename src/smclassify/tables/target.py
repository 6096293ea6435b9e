"""Where the output goes."""

from __future__ import annotations

import gzip
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from smclassify.atomic import whole_file
from smclassify.errors import TableError, UsageError
from smclassify.streams import Shown
from smclassify.tables.values import STANDARD_STREAM

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def open_target(target: str) -> Iterator[IO[bytes]]:
    """Open where the output goes: standard output for `-`, else a file that appears whole or not at all.

    A terminal gets no control characters.

    What is written to a name that ends in `.gz` is packed; equal content gives equal bytes.

    Raises:
        TableError: The file cannot be written.
    """
    if target == STANDARD_STREAM:
        yield cast("IO[bytes]", Shown(sys.stdout)) if sys.stdout.isatty() else sys.stdout.buffer
        sys.stdout.flush()
        return
    with reported(target), whole_file(Path(target)) as handle:
        if not is_packed(target):
            yield handle
            return
        with packer(handle) as packed:
            yield packed


@contextmanager
def reported(target: str) -> Iterator[None]:
    """Say in one sentence what keeps a target from being written; notes on the error become the tip.

    Raises:
        TableError: Writing failed, or another process writes the same target.
    """
    try:
        yield
    except BlockingIOError as error:
        tip = "Wait until it ends, or name another file with -o."
        raise TableError(f"{target}: another run is writing this file.", tip) from error
    except OSError as error:
        tip = " ".join(getattr(error, "__notes__", ()))
        raise TableError(f"{target}: cannot write the file: {error.strerror}.", tip) from error


def is_packed(target: str) -> bool:
    """Return whether what goes to a target is packed with gzip."""
    return target.lower().endswith(".gz")


def packer(handle: IO[bytes]) -> IO[bytes]:
    """Return what packs bytes into one gzip member, with nothing in it but the bytes: no name and no time."""
    return cast("IO[bytes]", gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=handle, mtime=0))


def check_target(target: str, source: str, *, force: bool) -> None:
    """Raise unless a target may be written; done before any work.

    Raises:
        UsageError: The target is the input.
        TableError: The target exists and `force` is not set, or it is a folder or inside a missing one.
    """
    if target == STANDARD_STREAM:
        return
    path = Path(target)
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        pass
    except OSError as error:  # a name too long, or a symbolic link that leads to itself
        raise TableError(f"{path}: cannot write the file: {error.strerror}.", "Name another one.") from error
    if path.is_dir():
        raise TableError(f"{path}: this is a folder, not a file.", "Name a file inside it.")
    if not path.parent.is_dir():
        raise TableError(f"{path}: there is no folder {path.parent}.", f"Make it first: mkdir -p {path.parent}")
    if path.is_file():
        if source != STANDARD_STREAM and Path(source).exists() and path.samefile(source):
            raise UsageError(f"{path}: the output would replace the input.", "Name another file with -o.")
        if not force:
            raise TableError(f"{path}: the file exists already.", "Replace it with --force, or name another.")
