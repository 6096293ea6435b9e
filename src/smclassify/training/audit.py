"""What is odd about labelled examples: before training, and once others have been asked what they think of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from smclassify.errors import DatasetError
from smclassify.predictions import is_empty
from smclassify.training.dataset import check_examples, text_key

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from smclassify.definitions import Catalogue
    from smclassify.training.dataset import Example


@dataclass(frozen=True, slots=True)
class Suspect:
    """An example whose label other examples contradict.

    Attributes:
        example: The example.
        given: Probability of its label from a fit that did not see it, 0..1.
        suggested: Slug of the label that it looks like.
        probability: Probability of that label, 0..1.
    """

    example: Example
    given: float
    suggested: str
    probability: float


def audit(examples: Sequence[Example], catalogue: Catalogue, path: Path) -> tuple[list[Example], list[str]]:
    """Return the examples to train on, one per text, and a line about each that only repeats an earlier one.

    Raises:
        DatasetError: A text has nothing to read in it or has two labels, or a label or activity is unknown or they do
            not belong together; the message names the line.
    """
    first: dict[str, Example] = {}
    repeats = []
    for example in examples:
        where = f"{path}:{example.line}"
        if is_empty(example.text):
            raise DatasetError(f"{where}: the text {example.text!r} has nothing to read in it.")
        earlier = first.setdefault(text_key(example.text), example)
        if earlier.label != example.label:
            tip = f"It is {example.label} here and {earlier.label} there: remove one of the rows."
            raise DatasetError(f"{where}: {example.text!r} contradicts line {earlier.line}.", tip)
        if earlier is not example:
            told = "" if earlier.activity == example.activity else f", where it is {earlier.activity or 'no activity'}"
            repeats.append(f"{where}: {example.text!r} repeats line {earlier.line}{told}; left out")
    kept = list(first.values())
    check_examples(kept, catalogue, path)
    return kept, repeats


def suspects(
    examples: Sequence[Example], truth: NDArray[np.int64], probabilities: NDArray[np.float64], labels: Sequence[str]
) -> list[Suspect]:
    """Return the examples that probably have the wrong label, the worst first.

    This is confident learning (Northcutt, Jiang and Chuang, "Confident Learning: Estimating Uncertainty in Dataset
    Labels", JAIR 2021): an example counts as one of a label if that label's probability is at least what it is on
    average among the examples given that label. An example that counts as one of another label, the likeliest of such,
    is suspect; they are ranked by self-confidence, the probability of the label they have.

    Args:
        examples: The examples, n of them.
        truth: Their labels as places, shape (n,).
        probabilities: Of the labels, from fits that did not see the example, shape (n, n_labels).
        labels: Slugs of the labels.
    """
    thresholds = np.array([probabilities[truth == place, place].mean() for place in range(len(labels))])
    likeliest = np.where(probabilities >= thresholds, probabilities, -1.0).argmax(axis=1)
    counts = (probabilities >= thresholds).any(axis=1)
    given = probabilities[np.arange(len(truth)), truth]
    wrong = np.flatnonzero(counts & (likeliest != truth))
    return [
        Suspect(
            examples[place],
            float(given[place]),
            labels[likeliest[place]],
            float(probabilities[place, likeliest[place]]),
        )
        for place in wrong[np.argsort(given[wrong], kind="stable")].tolist()
    ]
