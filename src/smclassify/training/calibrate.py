"""Honest confidence: temperature scaling, and the limits below which a prediction is unsure."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, logsumexp

from smclassify.model import Thresholds
from smclassify.training.evaluate import confidence_for

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

_MARGINS = (0.0, 0.1, 0.2, 0.3, 0.4)
_KNOWN = (0.01, 0.2, 0.34, 0.5)
_FEWEST = 20  # fewer right answers can be luck


def temperature(logits: Floats, truth: Ints) -> float:
    """Return the divisor of the logits, shape (n, k), that makes their probabilities fit the truth best.

    It minimises the log loss (Guo et al., "On Calibration of Modern Neural Networks", ICML 2017).
    """
    rows = np.arange(len(truth))

    def loss(log_temperature: float) -> float:
        return float(-log_softmax(logits / np.exp(log_temperature), axis=1)[rows, truth].mean())

    found = minimize_scalar(loss, bounds=(-3.0, 3.0), method="bounded", options={"xatol": 1e-6})
    return float(np.exp(found.x))


def choose_thresholds(
    probabilities: Floats, known: Floats, truth: Ints, accuracy: float, least: float = 0.0
) -> Thresholds:
    """Return the limits that leave the most predictions `ok` while those are right with the accuracy asked for.

    Where no limits leave at least twenty, the confidence asked for is 1.0.

    Args:
        probabilities: Calibrated, from models that did not see the examples, shape (n, n_labels).
        known: Share of known words, shape (n,).
        truth: True columns, shape (n,).
        accuracy: What predictions with status `ok` must reach, 0..1.
        least: The confidence asked for is at least this, 0..1.
    """
    ranked = np.sort(probabilities, axis=1)
    confidence, margin = ranked[:, -1], ranked[:, -1] - ranked[:, -2]
    right = probabilities.argmax(axis=1) == truth
    best, most = Thresholds(1.0, 0.0, _KNOWN[0]), _FEWEST - 1
    for least_margin, least_known in product(_MARGINS, _KNOWN):
        eligible = (margin >= least_margin) & (known >= least_known)
        limit = max(least, confidence_for(confidence[eligible], right[eligible], accuracy))
        n_ok = int((confidence[eligible] >= limit).sum())
        if n_ok > most:
            best, most = Thresholds(limit, least_margin, least_known), n_ok
    return best


def is_sure(probabilities: Floats, known: Floats, limits: Thresholds) -> NDArray[np.bool_]:
    """Return which predictions are `ok`, shape (n,)."""
    ranked = np.sort(probabilities, axis=1)
    sure: NDArray[np.bool_] = (
        (ranked[:, -1] >= limits.confidence)
        & (ranked[:, -1] - ranked[:, -2] >= limits.margin)
        & (known >= limits.known)
    )
    return sure


def label_logits(logits: Floats, owners: Ints, n_labels: int) -> Floats:
    """Return the logits of the labels, shape (n, n_labels): each sums the odds of its activities, shape (n, n_acts)."""
    return np.column_stack([logsumexp(logits[:, owners == label], axis=1) for label in range(n_labels)])


def inside_label(logits: Floats, owners: Ints, label: Ints) -> Floats:
    """Return the logits of the activities with all outside each row's label at minus infinity."""
    return np.where(owners == label[:, None], logits, -np.inf)
