"""Predictions of many texts as columns: what a batch works with, since a million objects would be slow."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from smclassify.text import normalise

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from smclassify.batch_scoring import ScoreTable
    from smclassify.model import Model

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

NONE = -1
OK, UNSURE, EMPTY = range(3)
"""Places of the statuses in `model.STATUSES`."""
MODEL, GLOSSARY = range(2)
"""Places of the sources in `model.SOURCES`."""


@dataclass(frozen=True, slots=True)
class PredictionTable:
    """The predictions of n texts; see `model.Prediction` for what each is.

    Attributes:
        label: Place of the label among the model's, `NONE` for an empty text; int64, shape (n,).
        activity: Place of the activity among the model's, `NONE` for an empty text; int64, shape (n,).
        status: Place in `model.STATUSES`; int64, shape (n,).
        confidence: float64, shape (n,); 0 for an empty text.
        activity_confidence: float64, shape (n,); 0 for an empty text.
        probabilities: float64, shape (n, n_labels).
        known: Share of the words that the model knows, 0..1; float64, shape (n,).
        source: Place in `model.SOURCES` of what decided, `NONE` for an empty text; int8, shape (n,).
    """

    label: Ints
    activity: Ints
    status: Ints
    confidence: Floats
    activity_confidence: Floats
    probabilities: Floats
    known: Floats
    source: NDArray[np.int8]


def decide(model: Model, texts: Sequence[str], scores: ScoreTable) -> PredictionTable:
    """Return what a model says of texts with these scores; `Model.predict` says the same of each."""
    parts = [scores.logits[:, columns.start : columns.stop] for columns in model.columns.values()]
    probabilities = label_probabilities(parts, model.temperatures.label, scores.known)
    entries = model.glossary.find_all(texts) if model.glossary else {}
    for place, entry in entries.items():
        probabilities[place] = [name == entry.label for name in model.labels]
    label = probabilities.argmax(axis=1)
    confidence = probabilities.max(axis=1)
    second = np.partition(probabilities, -2, axis=1)[:, -2]
    limits = model.thresholds
    sure = (confidence >= limits.confidence) & (confidence - second >= limits.margin) & (scores.known >= limits.known)
    activity = np.empty(len(texts), dtype=np.int64)
    activity_confidence = np.empty(len(texts))
    for place, (part, columns) in enumerate(zip(parts, model.columns.values(), strict=True)):
        chosen = np.flatnonzero(label == place)
        of_label = part[chosen]
        activity[chosen] = columns.start + of_label.argmax(axis=1)
        highest = of_label.max(axis=1, keepdims=True)
        odds = np.exp((of_label - highest) / model.temperatures.activity)
        activity_confidence[chosen] = 1.0 / odds.sum(axis=1)
    status = np.where(sure, OK, UNSURE)
    source = np.full(len(texts), MODEL, dtype=np.int8)
    for place, entry in entries.items():
        status[place], source[place] = OK, GLOSSARY
        if entry.activity is not None:
            activity[place], activity_confidence[place] = model.activities.index(entry.activity), 1.0
    empty = [place for place in np.flatnonzero(scores.n_words == 0).tolist() if is_empty(texts[place])]
    label[empty] = activity[empty] = source[empty] = NONE
    status[empty] = EMPTY
    confidence[empty] = activity_confidence[empty] = 0.0
    return PredictionTable(
        label, activity, status, confidence, activity_confidence, probabilities, scores.known, source
    )


def joined(parts: Sequence[PredictionTable]) -> PredictionTable:
    """Return the predictions of all parts, of which there is one at least, as one table."""
    columns = ([getattr(part, field.name) for part in parts] for field in fields(PredictionTable))
    return PredictionTable(*map(np.concatenate, columns))


def label_probabilities(logits: Iterable[Floats], temperature: float, known: Floats) -> Floats:
    """Return the probabilities of the labels, shape (n, n_labels).

    Args:
        logits: The logits of the activities of each label, each of shape (n, n_activities of the label).
        temperature: What the logits of the labels are divided by.
        known: Share of known words, shape (n,). A text without any is half a guess: its probabilities lie half-way
            between those of the model and equal ones, so that it never scores high.
    """
    of_labels = np.column_stack([_log_sum_exp(of_activities) for of_activities in logits])
    odds = np.exp((of_labels - of_labels.max(axis=1, keepdims=True)) / temperature)
    probabilities: Floats = odds / odds.sum(axis=1, keepdims=True)
    blind = known == 0
    probabilities[blind] = (probabilities[blind] + 1 / probabilities.shape[1]) / 2
    return probabilities


def is_empty(text: str) -> bool:
    """Return whether there is nothing in a text: no sign that is seen."""
    return not text or not normalise(text).strip()


def _log_sum_exp(logits: Floats) -> Floats:
    highest = logits.max(axis=1)
    sums: Floats = highest + np.log(np.exp(logits - highest[:, None]).sum(axis=1))
    return sums
