"""Where the files live that come with the program, and those that it keeps for a user; reading small ones."""

from __future__ import annotations

import errno
import os
from pathlib import Path

SETTINGS_NAME = "smclassify.toml"
"""What a file of settings is called."""
_PACKAGE = Path(__file__).resolve().parent

_LARGEST_FILE = 1 << 28


def read_whole(path: Path) -> bytes:
    """Return the bytes of a file of at most 256 MB; a device such as `/dev/zero` has no size and no end.

    Raises:
        OSError: The file cannot be read, or is larger.
    """
    blocks, left = list[bytes](), _LARGEST_FILE + 1
    with path.open("rb") as handle:
        size = max(os.fstat(handle.fileno()).st_size, 1 << 20)
        while left and (block := handle.read(min(left, size))):
            blocks.append(block)
            left -= len(block)
    if not left:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), str(path))
    return b"".join(blocks)


def shipped(relative: str) -> Path:
    """Return the path of a file that comes with smclassify, such as `data/definitions.toml`.

    A wheel carries it inside the package; a checkout (also when installed editable) keeps it at the top level.
    """
    packaged = _PACKAGE / relative
    return packaged if packaged.exists() else _PACKAGE.parents[1] / relative


def user_data() -> Path:
    """Return the folder for what smclassify keeps for a user, where the system wants it; it may not exist yet."""
    import platformdirs  # noqa: PLC0415 - `--help` and `--version` do without it

    return platformdirs.user_data_path("smclassify", appauthor=False)


def own_settings() -> Path:
    """Return the path of the user's own settings; it may not exist."""
    import platformdirs  # noqa: PLC0415 - likewise

    return platformdirs.user_config_path("smclassify", appauthor=False) / SETTINGS_NAME


def own_model() -> Path:
    """Return the path of the user's own model; it may not exist."""
    return user_data() / "model.safetensors"


def own_examples() -> Path:
    """Return the path of the examples that the user's own model was trained on; it may not exist."""
    return user_data() / "examples.csv"
