"""From answers to labelled rows to figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.metrics import confusion_matrix

from smclassify.training.assessment import Assessment, Figures, Interval, Majority, ReliabilityBin
from smclassify.training.evaluate import N_BINS, coverage_curve, evaluate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from smclassify.training.answers import Answers, Collected

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

_N_RESAMPLES = 2000
_SEED = 0


def assess(collected: Collected, labels: Sequence[str], by: str | None = None) -> Assessment:
    """Measure the answers to a table.

    Args:
        collected: The answers.
        labels: The labels, in the order of the model.
        by: What the groups are of; None to leave them out.
    """
    groups = {}
    if by is not None:
        order = np.argsort(collected.group, kind="stable")
        ends = np.cumsum(np.bincount(collected.group, minlength=len(collected.groups)))
        for name, rows in zip(collected.groups, np.split(order, ends[:-1]), strict=True):
            groups[name] = measure(collected.answers.of(rows), labels)
    return Assessment(
        labels=tuple(labels),
        figures=measure(collected.answers, labels),
        by=by,
        groups=groups,
        mistakes=collected.mistakes,
        n_unlabelled=collected.n_unlabelled,
        n_blank=collected.n_blank,
        n_unknown_activity=collected.n_unknown_activity,
        n_seen=collected.n_seen,
    )


def measure(answers: Answers, labels: Sequence[str]) -> Figures:
    """Return the figures of at least one answer."""
    truth = answers.truth
    said, confidence = answers.probabilities.argmax(axis=1), answers.probabilities.max(axis=1)
    right = said == truth
    confusion = confusion_matrix(truth, said, labels=range(len(labels)))
    accuracy_interval, macro_f1_interval = bootstrap_intervals(confusion)
    return Figures(
        report=evaluate(truth, answers.probabilities, labels),
        accuracy_interval=accuracy_interval,
        macro_f1_interval=macro_f1_interval,
        confusion=tuple(map(tuple, confusion.tolist())),
        curve=coverage_curve(confidence, right),
        reliability=reliability_bins(confidence, right),
        coverage=float(answers.ok.mean()),
        accuracy_ok=_share(right, answers.ok),
        majority=majority_baseline(confusion, labels),
        n_activity=int(answers.has_activity.sum()),
        activity_top1=_share(answers.activity_first, answers.has_activity),
        activity_top3=_share(answers.activity_in_three, answers.has_activity),
    )


def _share(right: NDArray[np.bool_], among: NDArray[np.bool_]) -> float | None:
    return float(right[among].mean()) if among.any() else None


def bootstrap_intervals(confusion: Ints, seed: int = _SEED) -> tuple[Interval, Interval]:
    """Return percentile bootstrap intervals of accuracy and macro F1.

    Both are functions of the confusion matrix alone, and that of rows drawn with replacement is multinomial: 2000
    matrices are drawn instead of rows (Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13).

    Args:
        confusion: Number of rows by true label and label said, shape (n_labels, n_labels); at least one row.
        seed: Of the generator; equal seeds give equal intervals.
    """
    n = int(confusion.sum())
    drawn = np.random.default_rng(seed).multinomial(n, confusion.ravel() / n, size=_N_RESAMPLES)
    matrices = drawn.reshape(-1, *confusion.shape)
    accuracies = np.trace(matrices, axis1=1, axis2=2) / n
    return _middle(accuracies), _middle(macro_f1(matrices))


def _middle(values: Floats) -> Interval:
    low, high = np.percentile(values, [2.5, 97.5]).tolist()
    return Interval(low, high)


def macro_f1(confusion: Ints) -> Floats:
    """Return the mean F1 of the labels that occur, in the truth or in the answers, of each confusion matrix.

    Args:
        confusion: Shape (..., n_labels, n_labels), true labels before labels said; at least one row in each.
    """
    right = np.diagonal(confusion, axis1=-2, axis2=-1)
    either = confusion.sum(axis=-1) + confusion.sum(axis=-2)
    f1 = 2 * right / np.maximum(either, 1)
    means: Floats = f1.sum(axis=-1) / (either > 0).sum(axis=-1)
    return means


def majority_baseline(confusion: Ints, labels: Sequence[str]) -> Majority:
    """Return what always saying the commonest label reaches; the first of several that are equally common."""
    support = confusion.sum(axis=1)
    commonest = int(support.argmax())
    always = np.zeros_like(confusion)
    always[:, commonest] = support
    return Majority(labels[commonest], float(support[commonest] / support.sum()), float(macro_f1(always)))


def reliability_bins(confidence: Floats, right: NDArray[np.bool_]) -> tuple[ReliabilityBin, ...]:
    """Return the mean confidence and the accuracy in each of 15 equal-width bins that holds an answer."""
    bins = np.minimum((confidence * N_BINS).astype(int), N_BINS - 1)
    counts = np.bincount(bins, minlength=N_BINS)
    sums = np.bincount(bins, weights=confidence, minlength=N_BINS)
    hits = np.bincount(bins, weights=right, minlength=N_BINS)
    return tuple(
        ReliabilityBin(
            low=place / N_BINS,
            high=(place + 1) / N_BINS,
            n=int(counts[place]),
            confidence=float(sums[place] / counts[place]),
            accuracy=float(hits[place] / counts[place]),
        )
        for place in np.flatnonzero(counts).tolist()
    )
