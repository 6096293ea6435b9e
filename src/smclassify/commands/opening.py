"""What every command begins with: the settings in use, and the model that they name."""

from __future__ import annotations

import gc
import os
from contextlib import contextmanager
from dataclasses import replace
from time import localtime, strftime
from typing import TYPE_CHECKING

from smclassify.errors import SmclassifyError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from smclassify.definitions import Catalogue
    from smclassify.model import Model
    from smclassify.settings import Setting, Settings

_OBJECTS_PER_COLLECTION = 100_000


def calculate_in_one_thread() -> None:
    """Have numpy, which is not loaded yet, multiply small matrices in one thread: in several it is slower."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def collect_garbage_seldom() -> None:
    """Have Python look for unreachable objects once 100,000 have come up, and not every few hundred.

    What is read of a table is much and never unreachable: looking through them takes a fiftieth of a batch's time.
    """
    gc.set_threshold(_OBJECTS_PER_COLLECTION)


def settings_in_use(model: Path | None = None, glossary: Path | None = None) -> Settings:
    """Return the settings of the files, under what the user says with `--model` and `--glossary`.

    Raises:
        SettingsError: A file of settings cannot be read, or has an unknown key or a wrong value.
    """
    from smclassify.settings import Setting, Settings, read_settings

    given = Settings(
        model=Setting(model, "--model") if model else None,
        glossary=Setting(glossary, "--glossary") if glossary else None,
    )
    return given.over(read_settings())


def open_model(settings: Settings) -> Model:
    """Return the model in use, with the thresholds and the glossary that are set.

    Raises:
        SmclassifyError: The file of the model or of the glossary cannot be read.
    """
    from smclassify.artifact import load_model

    with _blamed(settings.model):
        model = load_model(settings.model.value if settings.model else None)
    if changes := settings.thresholds():
        model = replace(model, thresholds=replace(model.thresholds, **changes))
    if settings.glossary:
        from smclassify.glossary import load_glossary

        with _blamed(settings.glossary):
            model = replace(model, glossary=load_glossary(settings.glossary.value, model))
    return model


def open_catalogue(settings: Settings) -> Catalogue:
    """Return the definitions of the model in use.

    Raises:
        ArtifactError: The file of the model cannot be read.
    """
    from smclassify.artifact import load_catalogue

    with _blamed(settings.model):
        return load_catalogue(settings.model.value if settings.model else None)


def model_origin(settings: Settings) -> str:
    """Return where the file of the model in use comes from: a setting, an option, the user, or the program."""
    from smclassify.artifact import default_model_path
    from smclassify.paths import shipped

    if settings.model:
        return settings.model.origin
    path = default_model_path()
    if path == shipped("models/smclassify.safetensors"):
        return "shipped"
    return f"your own, trained {strftime('%Y-%m-%d %H:%M', localtime(path.stat().st_mtime))}"


@contextmanager
def _blamed(setting: Setting[Path] | None) -> Iterator[None]:
    """Add to the tip of an error which file of settings names the file that it is about."""
    try:
        yield
    except SmclassifyError as error:
        if setting and not setting.origin.startswith("--"):
            error.tip = f"{error.tip} The file is named in {setting.origin}.".lstrip()
        raise
