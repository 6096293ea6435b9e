"""Where the files live that come with the program."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def shipped(relative: str) -> Path:
    """Return the path of a file that comes with smclassify, such as `data/definitions.toml`.

    A wheel carries it inside the package; a checkout (also when installed editable) keeps it at the top level.
    """
    packaged = _PACKAGE / relative
    return packaged if packaged.exists() else _PACKAGE.parents[1] / relative
