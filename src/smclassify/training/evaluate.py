"""How good predictions are, compared with the truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from sklearn.metrics import f1_score, log_loss, precision_recall_fscore_support

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

N_BINS = 15


@dataclass(frozen=True, slots=True)
class LabelScores:
    """How well one label is found: precision, recall and F1 (0..1), and the number of true examples."""

    label: str
    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True, slots=True)
class EvaluationReport:
    """Figures of merit of a set of predictions.

    Attributes:
        n: Number of examples.
        accuracy: Share with the right label, 0..1.
        macro_f1: Mean F1 of the labels that occur, in the truth or in the answers, 0..1.
        log_loss: Mean negative log-probability of the true label, in nats.
        brier: Mean squared distance between probabilities and truth, summed over the labels, 0..2.
        ece: Expected calibration error over 15 equal-width bins of confidence, 0..1
            (Guo et al., "On Calibration of Modern Neural Networks", ICML 2017).
        labels: Scores of each label.
    """

    n: int
    accuracy: float
    macro_f1: float
    log_loss: float
    brier: float
    ece: float
    labels: tuple[LabelScores, ...]


@dataclass(frozen=True, slots=True)
class CoveragePoint:
    """A share of predictions, the surest ones (0..1), their accuracy (0..1), and the confidence they start at."""

    coverage: float
    accuracy: float
    confidence: float


def evaluate(truth: NDArray[np.int64], probabilities: NDArray[np.float64], labels: Sequence[str]) -> EvaluationReport:
    """Compare probabilities, shape (n, n_labels), with the true columns, shape (n,)."""
    said = probabilities.argmax(axis=1)
    columns = list(range(len(labels)))
    precision, recall, f1, support = precision_recall_fscore_support(truth, said, labels=columns, zero_division=0.0)
    return EvaluationReport(
        n=len(truth),
        accuracy=float((said == truth).mean()),
        macro_f1=float(f1_score(truth, said, average="macro")),
        log_loss=float(log_loss(truth, probabilities, labels=columns)),
        brier=float(((probabilities - np.eye(len(labels))[truth]) ** 2).sum(axis=1).mean()),
        ece=calibration_error(probabilities.max(axis=1), said == truth),
        labels=tuple(
            LabelScores(label, float(p), float(r), float(f), int(s))
            for label, p, r, f, s in zip(labels, precision, recall, f1, support, strict=True)
        ),
    )


def calibration_error(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """Return the expected calibration error: |mean confidence - accuracy| per bin, weighted by the bin's share."""
    bins = np.minimum((confidence * N_BINS).astype(int), N_BINS - 1)
    gap = np.bincount(bins, weights=confidence - right, minlength=N_BINS)
    return float(np.abs(gap).sum() / len(confidence))


def confidence_for(confidence: NDArray[np.float64], right: NDArray[np.bool_], accuracy: float) -> float:
    """Return the lowest confidence from which on predictions are right with at least this accuracy.

    It gives the largest coverage that reaches the accuracy; 1.0 when none does.
    """
    order = np.argsort(-confidence, kind="stable")
    running = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    last_of_ties = np.append(np.diff(confidence[order]) != 0, True)
    enough = np.flatnonzero((running >= accuracy) & last_of_ties)
    return float(confidence[order][enough[-1]]) if len(enough) else 1.0


def coverage_curve(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> tuple[CoveragePoint, ...]:
    """Return how accurate the surest tenths of the predictions are: 10 %, 20 % and so on to all of them.

    Of fewer than ten predictions no part is given twice.
    """
    order = np.argsort(-confidence, kind="stable")
    running = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    counts = sorted({max(1, round(len(order) * tenth / 10)) for tenth in range(1, 11)})
    return tuple(
        CoveragePoint(count / len(order), float(running[count - 1]), float(confidence[order][count - 1]))
        for count in counts
    )
