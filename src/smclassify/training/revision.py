"""Corrections: texts whose label a person has put right, and how much they count."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from smclassify.errors import DatasetError
from smclassify.predictions import is_empty
from smclassify.training.dataset import check_examples, read_examples, text_key
from smclassify.weights import score

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from smclassify.definitions import Catalogue
    from smclassify.model import Model
    from smclassify.training.dataset import Example

CORRECTION = "correction"
"""Style and origin of an example that is a correction."""
MOST_TIMES = 20
LEAST_TIMES = 5
MOST_SHARE = 0.1


def read_corrections(paths: Sequence[Path], catalogue: Catalogue) -> tuple[list[Example], list[str]]:
    """Read files of corrections; of those of one text the last counts.

    Returns:
        The corrections, and a line about each that a later one contradicts.

    Raises:
        DatasetError: A file is not one of examples, or a label or activity is unknown.
        TableError: A file cannot be read.
    """
    last: dict[str, tuple[str, Example]] = {}
    notes = []
    for path in paths:
        for example in read_examples(path):
            check_examples([example], catalogue, path)
            key, here = text_key(example.text), f"{path}:{example.line}"
            if is_empty(example.text):
                tip = "Remove the row."
                raise DatasetError(f"{here}: the text {example.text!r} has nothing to read in it.", tip)
            if key in last and last[key][1].label != example.label:
                there, earlier = last[key]
                notes.append(f"{here}: {example.text!r} is {example.label}, and not {earlier.label} as in {there}")
            last[key] = here, replace(example, style=CORRECTION, origin=CORRECTION)
    return [example for _, example in last.values()], notes


def with_activity(correction: Example, base: Mapping[str, str], model: Model | None) -> Example:
    """Return a correction with an activity that can be learnt, or with none.

    Args:
        correction: The correction.
        base: The activities that the other examples name, each with its label; one that they do not name cannot be
            learnt from a few corrections.
        model: Says which of these is likeliest inside the label, if nobody said; None if nothing can.
    """
    if correction.activity:
        return correction if correction.activity in base else replace(correction, activity="")
    if model is None:
        return correction
    logits = dict(zip(model.activities, score(model.weights, correction.text).logits, strict=True))
    inside = [slug for slug in model.activities if base.get(slug) == correction.label]
    return replace(correction, activity=max(inside, key=logits.__getitem__, default=""))


def revise(base: Sequence[Example], corrections: Sequence[Example]) -> tuple[list[Example], list[Example | None]]:
    """Put corrections among examples.

    Returns:
        The examples, where a correction stands in the place of the one with the same text, else at the end; and for
        each of them what stood there before, None for a text that was not there.
    """
    examples = list(base)
    before: list[Example | None] = list(base)
    places = {text_key(example.text): place for place, example in enumerate(base)}
    for correction in corrections:
        place = places.get(text_key(correction.text))
        if place is None:
            examples.append(correction)
            before.append(None)
        else:
            examples[place] = correction
    return examples, before


def repeats(examples: Sequence[Example]) -> NDArray[np.int64]:
    """Return how often each example is learnt in one epoch, shape (n,): once, and a correction several times.

    A handful of corrections among thousands of examples would hardly move the model otherwise. Together they count a
    tenth of what the other examples do, within limits: more often than `MOST_TIMES` adds nothing, and less often than
    `LEAST_TIMES` does not reliably turn the answer.
    """
    corrected = np.array([example.style == CORRECTION for example in examples], dtype=bool)
    n_corrections = max(1, int(corrected.sum()))
    share = MOST_SHARE * (len(examples) - n_corrections) / n_corrections
    return np.where(corrected, int(np.clip(share, LEAST_TIMES, MOST_TIMES)), 1)


def repeated(places: NDArray[np.int64], times: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the places of examples, each as often as it is learnt."""
    return np.repeat(places, times[places])
