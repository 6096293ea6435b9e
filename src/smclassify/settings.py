"""Settings of a team or a user: two small TOML files, the nearer of which wins key by key.

The values are named tuples, since every command makes these classes at its start, and a dataclass takes 1 ms to make.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from smclassify.columns import ALL_COLUMNS
from smclassify.errors import SettingsError
from smclassify.paths import SETTINGS_NAME, own_settings, read_whole

if TYPE_CHECKING:
    from collections.abc import Iterable

Value = TypeVar("Value")

THRESHOLDS = ("confidence", "margin", "known")
_EXAMPLES = {
    "column": 'the header of a column, as in: column = "Task title"',
    "columns": 'a list of columns, as in: columns = ["label", "confidence"]',
    "glossary": 'the path of a file, as in: glossary = "glossary.csv"',
    "model": 'the path of a file, as in: model = "team.safetensors"',
    "thresholds": "a table that begins with a line [thresholds]",
}


class Setting(NamedTuple, Generic[Value]):
    """One value.

    Attributes:
        value: The value.
        origin: Where it was set: the name of a file, or an option such as `--model`.
    """

    value: Value
    origin: str


class Settings(NamedTuple):
    """What is set, each with where; None for what is not.

    Attributes:
        column: Header of the column with the texts, in files that have it.
        columns: Which new columns a batch adds.
        glossary: Path of the glossary.
        model: Path of the model.
        confidence: Threshold of the same name, 0..1; see `model.Thresholds`.
        margin: Likewise.
        known: Likewise.
    """

    column: Setting[str] | None = None
    columns: Setting[tuple[str, ...]] | None = None
    glossary: Setting[Path] | None = None
    model: Setting[Path] | None = None
    confidence: Setting[float] | None = None
    margin: Setting[float] | None = None
    known: Setting[float] | None = None

    def over(self, others: Settings) -> Settings:
        """Return these settings, and the others where nothing is set here."""
        return self._replace(**{key: value for key, value in others._asdict().items() if getattr(self, key) is None})

    def thresholds(self) -> dict[str, float]:
        """Return the thresholds that are set."""
        named = ((name, getattr(self, name)) for name in THRESHOLDS)
        return {name: setting.value for name, setting in named if setting}


def read_settings() -> Settings:
    """Read the settings for the working folder and those of the user.

    The former are in the nearest `smclassify.toml`, in the folder or above it, up to a folder with `.git`; they win.

    Raises:
        SettingsError: A file cannot be read, or has an unknown key or a wrong value.
    """
    settings = Settings()
    try:
        folder = Path.cwd()
    except OSError:  # it was deleted
        folder = None
    if folder is not None and (nearest := _nearest(folder)) is not None:
        settings = read_file(nearest, os.path.relpath(nearest, folder))
    own = own_settings()
    return settings.over(read_file(own, str(own))) if os.path.isfile(own) else settings  # noqa: PTH113 - raises nothing


def _nearest(folder: Path) -> Path | None:
    for place in (folder, *folder.parents):
        if os.path.isfile(place / SETTINGS_NAME):  # noqa: PTH113 - raises nothing, also where a folder is locked
            return place / SETTINGS_NAME
        if os.path.exists(place / ".git"):  # noqa: PTH110 - likewise
            return None
    return None


def read_file(path: Path, origin: str) -> Settings:
    """Read one file of settings; paths in it start from its folder.

    Args:
        path: The file.
        origin: What to call it.

    Raises:
        SettingsError: It cannot be read, or has an unknown key or a wrong value.
    """
    import tomllib  # noqa: PLC0415 - most have no settings

    try:
        content = tomllib.loads(read_whole(path).decode("utf-8-sig"))
    except OSError as error:
        raise SettingsError(f"{origin}: cannot read the settings: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{origin}: the settings are not UTF-8.", "Save the file as UTF-8.") from error
    except (ValueError, RecursionError) as error:  # also a number of 5,000 digits, a list 1,000 lists deep
        tip = 'A text stands between quotes, as in: column = "Task title"'
        raise SettingsError(f"{origin}: the settings are not well formed TOML: {error}.", tip) from error
    _check_keys(content, _EXAMPLES, origin)
    values: dict[str, object] = {}
    for key, value in content.items():
        if key == "thresholds" and isinstance(value, dict):
            values |= _thresholds(value, origin)
        else:
            values[key] = _value(key, value, path.parent, origin)
    return Settings(**{key: Setting(value, origin) for key, value in values.items()})  # type: ignore[arg-type]


def _value(key: str, value: Any, folder: Path, origin: str) -> str | Path | tuple[str, ...]:  # noqa: ANN401 - any TOML
    match key, value:
        case "column", str() if value.strip():
            return value
        case "columns", [_, *_] if all(isinstance(name, str) for name in value):
            if unknown := [name for name in value if name not in ALL_COLUMNS]:
                message = f"{origin}: there is no new column {unknown[0]!r}."
                raise SettingsError(message, f"Choose from {', '.join(ALL_COLUMNS)}.")
            return tuple(value)
        case (("glossary" | "model"), str()) if value.strip() and value.isprintable():
            return folder / os.path.expanduser(value)  # noqa: PTH111 - raises nothing, whoever is meant
        case _:
            raise SettingsError(f"{origin}: {key} has a wrong value.", f"It is {_EXAMPLES[key]}")


def _thresholds(table: dict[str, Any], origin: str) -> dict[str, float]:
    _check_keys(table, THRESHOLDS, origin, "thresholds.")
    for key, value in table.items():
        if type(value) not in {int, float} or not 0 <= value <= 1:
            message = f"{origin}: thresholds.{key} has a wrong value."
            raise SettingsError(message, f"It is a number from 0 to 1, as in: {key} = 0.8")
    return {key: float(value) for key, value in table.items()}


def _check_keys(table: Iterable[str], known: Iterable[str], origin: str, prefix: str = "") -> None:
    """Raise SettingsError at the first key that is not known."""
    known = list(known)
    for key in table:
        if key not in known:
            from difflib import get_close_matches  # noqa: PLC0415 - only a mistake pays for it

            near = get_close_matches(key, known, n=1)
            tip = f"Did you mean {prefix}{near[0]}? " if near else ""
            message = f"{origin}: there is no setting {prefix + key!r}."
            raise SettingsError(message, f"{tip}The settings are {', '.join(prefix + name for name in known)}.")
