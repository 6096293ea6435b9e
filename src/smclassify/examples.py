"""The labelled examples that a model learnt from, if they can be found."""

from __future__ import annotations

import csv
import hashlib
from typing import TYPE_CHECKING, NamedTuple

from smclassify.paths import shipped

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from smclassify.model import Model

Row = tuple[str, str, str]
"""A text, and the slugs of its label and activity; the activity is blank if nobody said which one it is."""

BESIDE = "examples.csv"
"""The file beside a user's own model with the examples it learnt from."""


class Examples(NamedTuple):
    """The examples of a model, or a sentence why there are none (empty if there are)."""

    rows: Sequence[Row]
    why_none: str = ""


def digest_of(rows: Iterable[Row]) -> str:
    """Return the SHA-256 of texts with their labels and activities, in order: the one in a model's facts."""
    content = "".join([f"{text}\x1f{label}\x1f{activity}\x1e" for text, label, activity in rows])
    return hashlib.sha256(content.encode()).hexdigest()


def examples_of(model: Model) -> Examples:
    """Return the examples that a model learnt from: those in `examples.csv` beside its file, or the shipped ones.

    Only a file with the very rows that the model learnt from will do: their digest is among the model's facts.
    """
    of_data = model.facts.get("data")
    digest = of_data.get("sha256") if isinstance(of_data, dict) else None
    if digest is None:
        return Examples((), "The model does not say which examples it learnt from.")
    beside = model.path.parent / BESIDE if model.path else None
    for path in (beside, shipped("data/labeled_activities.csv")):
        if path and path.exists() and digest_of(rows := _read(path)) == digest:
            return Examples(rows)
    if beside and beside.exists():
        return Examples((), f"{beside} holds other examples than those that the model learnt from.")
    return Examples((), f"The examples that the model learnt from are not beside it, in a file {BESIDE}.")


def _read(path: Path) -> list[Row]:
    """Return the rows of a CSV file of examples, without blank ones; none if it is not one."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as handle:
            rows = csv.reader(handle, strict=True)
            names = [name.strip().casefold() for name in next(rows, [])]
            text, label = names.index("text"), names.index("label")
            activity = names.index("activity") if "activity" in names else None
            return [
                (row[text], row[label].strip(), row[activity].strip() if activity is not None else "")
                for row in rows
                if row
            ]
    except (OSError, ValueError, IndexError, csv.Error):
        return []
