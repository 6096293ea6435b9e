"""Fitting the columns of the model: one logistic regression over labels, one over the activities of each label."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import joblib
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold

from smclassify.errors import DatasetError
from smclassify.text import analyze, spoken_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from smclassify.definitions import Catalogue
    from smclassify.training.dataset import Example

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]


_NEVER = -30.0  # logit of a column without examples in a fold


@dataclass(frozen=True, slots=True)
class FitConfig:
    """Choices made before fitting, all of them by cross-validation on the training data.

    Attributes:
        folds: Number of cross-validation folds.
        seed: Seed of the shuffle that makes the folds.
        min_texts: Terms in fewer texts are left out.
        label_c: Inverse strength of the L2 penalty on the label weights.
        activity_c: The same for the activity weights.
    """

    folds: int = 5
    seed: int = 20
    min_texts: int = 2
    label_c: float = 10.0
    activity_c: float = 10.0


@dataclass(frozen=True, slots=True)
class Targets:
    """What the examples are.

    Attributes:
        labels: Slugs of the labels, one per label column.
        activities: Slugs of the activities, one per activity column; those of a label stand together.
        owners: Label column of each activity, shape (n_activities,).
        label: True label column of each example, shape (n,).
        activity: True activity column of each example, shape (n,).
    """

    labels: tuple[str, ...]
    activities: tuple[str, ...]
    owners: Ints
    label: Ints
    activity: Ints

    def columns_of(self, label: int) -> Ints:
        """Return the activity columns of a label."""
        return np.flatnonzero(self.owners == label)


@dataclass(frozen=True, slots=True)
class HeldOut:
    """What models say of examples they did not see.

    Attributes:
        labels: Logits of the labels, shape (n, n_labels).
        activities: Logits of the activities, shape (n, n_activities).
        known: Share of the words that the other folds contain, 0..1, shape (n,).
    """

    labels: Floats
    activities: Floats
    known: Floats


def make_targets(examples: Sequence[Example], catalogue: Catalogue, folds: int) -> Targets:
    """Return the true columns; labels and activities stand in the order of the definitions.

    Raises:
        DatasetError: An activity has fewer examples than there are folds, or there is a single label.
    """
    counts = Counter(example.activity for example in examples)
    activities = [slug for label in catalogue.labels for slug in catalogue.activities_of(label) if counts[slug]]
    for slug in activities:
        if counts[slug] < folds:
            raise DatasetError(f"The activity {slug!r} has {counts[slug]} examples; it needs at least {folds}.")
    labels = list(dict.fromkeys(catalogue.activities[slug].label for slug in activities))
    if len(labels) < 2:
        raise DatasetError("All examples have the same label; a classifier needs at least two.")
    return Targets(
        labels=tuple(labels),
        activities=tuple(activities),
        owners=np.array([labels.index(catalogue.activities[slug].label) for slug in activities]),
        label=np.array([labels.index(example.label) for example in examples]),
        activity=np.array([activities.index(example.activity) for example in examples]),
    )


def fit_columns(matrix: csr_matrix, targets: Targets, rows: Ints, config: FitConfig) -> tuple[Floats, Floats]:
    """Fit all columns on some rows of the matrix.

    Returns:
        Coefficients, shape (n_terms, n_labels + n_activities), and intercepts, shape (n_labels + n_activities,).
    """
    n_labels = len(targets.labels)
    coefficients = np.zeros((matrix.shape[1], n_labels + len(targets.activities)))
    intercepts = np.zeros(coefficients.shape[1])

    def fit(rows: Ints, truth: Ints, columns: Ints, c: float) -> None:
        present = np.unique(truth)
        if len(present) < 2:
            return
        estimator = LogisticRegression(C=c, max_iter=2000).fit(matrix[rows], truth)
        fitted = columns[present[-len(estimator.coef_) :]]  # of two classes only the second has coefficients
        coefficients[:, fitted] = estimator.coef_.T
        intercepts[fitted] = estimator.intercept_
        intercepts[np.setdiff1d(columns, columns[present])] = _NEVER

    fit(rows, targets.label[rows], np.arange(n_labels), config.label_c)
    for label in range(n_labels):
        own = rows[targets.label[rows] == label]
        columns = targets.columns_of(label)
        fit(own, targets.activity[own] - columns[0], columns + n_labels, config.activity_c)
    return coefficients, intercepts


def cross_validate(
    texts: Sequence[str], matrix: csr_matrix, targets: Targets, groups: Ints, config: FitConfig
) -> HeldOut:
    """Return what is said of each example by models fitted on the folds that do not hold it or its near copies.

    Args:
        texts: The examples' texts.
        matrix: The values of all their terms, rare ones included: the choice is made in each fold anew.
        targets: The true columns.
        groups: Group number of each example; a group is never divided.
        config: Choices made before fitting.
    """
    splitter = StratifiedGroupKFold(config.folds, shuffle=True, random_state=config.seed)
    folds = list(splitter.split(matrix, targets.activity, groups))
    parts = joblib.Parallel(n_jobs=-1)(
        joblib.delayed(_fit_and_score)(matrix, targets, seen, unseen, config) for seen, unseen in folds
    )
    logits = np.empty((len(texts), len(targets.labels) + len(targets.activities)))
    known = np.empty(len(texts))
    for (seen, unseen), part in zip(folds, parts, strict=True):
        logits[unseen] = part
        known[unseen] = _known_shares([texts[i] for i in seen], [texts[i] for i in unseen], config.min_texts)
    return HeldOut(logits[:, : len(targets.labels)], logits[:, len(targets.labels) :], known)


def _fit_and_score(matrix: csr_matrix, targets: Targets, seen: Ints, unseen: Ints, config: FitConfig) -> Floats:
    kept = np.bincount(matrix[seen].indices, minlength=matrix.shape[1]) >= config.min_texts
    part = matrix[:, kept]
    coefficients, intercepts = fit_columns(part, targets, seen, config)
    logits: Floats = part[unseen] @ coefficients + intercepts
    return logits


def _known_shares(seen: Sequence[str], unseen: Sequence[str], min_texts: int) -> list[float]:
    """Return the share of the words of each unseen text that stand in enough of the seen ones."""
    counts = Counter(word for text in seen for word in set(spoken_words(analyze(text))))
    shares = []
    for text in unseen:
        words = spoken_words(analyze(text))
        shares.append(sum(counts[word] >= min_texts for word in words) / max(1, len(words)))
    return shares
