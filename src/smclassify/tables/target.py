"""Where the output goes."""

from __future__ import annotations

import gzip
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from smclassify.atomic import whole_file
from smclassify.errors import TableError, UsageError
from smclassify.streams import Flushed, Shown, regular_file
from smclassify.tables.values import STANDARD_STREAM

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def open_target(target: str, encoding: str = "utf-8") -> Iterator[IO[bytes]]:
    """Open where the output goes: standard output for `-`, else a file that appears whole or not at all.

    What is written to standard output is handed on at once; a terminal gets no control characters.

    What is written to a name that ends in `.gz` is packed; equal content gives equal bytes.

    Args:
        target: Path of the output, or `-`.
        encoding: How to show what is written to a terminal.

    Raises:
        TableError: The file cannot be written.
    """
    if target == STANDARD_STREAM:
        yield cast("IO[bytes]", Shown(sys.stdout, encoding) if sys.stdout.isatty() else Flushed(sys.stdout.buffer))
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
    if _is_same_file(source, target):
        name = "standard output" if target == STANDARD_STREAM else target
        raise UsageError(f"{name}: the output would replace the input.", "Name another file with -o.")
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
    if path.is_file() and not force:
        raise TableError(f"{path}: the file exists already.", "Replace it with --force, or name another.")


def _is_same_file(source: str, target: str) -> bool:
    """Return whether input and output are one file, by whatever names, or by the shell's `<` and `>>`."""
    source_file, target_file = (
        regular_file(number if path == STANDARD_STREAM else path) for number, path in enumerate((source, target))
    )
    return source_file is not None and source_file == target_file
