"""Files of arrays that training reads."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING
from zipfile import BadZipFile

import numpy as np

from smclassify.errors import DatasetError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.lib.npyio import NpzFile


@contextmanager
def open_arrays(path: Path, what: str) -> Iterator[NpzFile]:
    """Open an .npz file of what is said; whatever the block finds wrong with the arrays is wrong with the file.

    Raises:
        DatasetError: The file is missing, not one of arrays, or not made of those that the block takes from it.
    """
    try:
        with path.open("rb") as handle, np.load(handle, allow_pickle=False) as arrays:
            yield arrays
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        raise DatasetError(f"{path}: cannot read the {what}: {error}") from error
