"""Old and new on the same texts: is the new one worse?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from scipy.sparse import csr_matrix

from smclassify.training.measure import macro_f1

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

N_RESAMPLES = 2000


@dataclass(frozen=True, slots=True)
class Compared:
    """One figure of old and new.

    Attributes:
        old: 0..1.
        new: 0..1.
        low: Lower end of the 95 % interval of new minus old.
        high: Upper end of it.
    """

    old: float
    new: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """How old and new do on the same texts, which neither was fitted on.

    Attributes:
        n: Number of texts.
        accuracy: Share with the right label.
        macro_f1: Mean F1 of the labels.
        most_lost: A new one whose accuracy is lower by this much or more is worse, however few the texts.
    """

    n: int
    accuracy: Compared
    macro_f1: Compared
    most_lost: ClassVar[float] = 0.005

    @property
    def passed(self) -> bool:
        """Whether the new one is not worse: the interval reaches 0, and the accuracy lost is below `most_lost`."""
        return self.accuracy.high >= 0 and self.accuracy.old - self.accuracy.new < self.most_lost


def compare(truth: Ints, old: Ints, new: Ints, n_labels: int, seed: int = 0) -> Comparison:
    """Compare two sets of predictions of the same texts.

    The intervals are those of the paired bootstrap (Efron and Tibshirani, "An Introduction to the Bootstrap", 1993):
    texts are drawn with replacement, and old and new are measured on the same draw.

    Args:
        truth: True labels as places, shape (n,).
        old: What the old one says, shape (n,).
        new: What the new one says, shape (n,).
        n_labels: Number of labels.
        seed: Seed of the draws.
    """
    # texts with the same truth and answers are alike, so how many there are of each kind is drawn instead of texts
    kinds, counts = np.unique(np.column_stack((truth, old, new)), axis=0, return_counts=True)
    drawn = np.random.default_rng(seed).multinomial(len(truth), counts / len(truth), size=N_RESAMPLES)
    all_counts = np.vstack((counts, drawn))  # what there is comes first
    was, now = (_confusions(kinds[:, 0], kinds[:, said], all_counts, n_labels) for said in (1, 2))
    return Comparison(len(truth), _compared(_accuracy(was), _accuracy(now)), _compared(macro_f1(was), macro_f1(now)))


def _confusions(truth: Ints, said: Ints, counts: Ints, n_labels: int) -> Ints:
    """Return the confusion matrix of each row of counts of kinds, shape (n_rows, n_labels, n_labels)."""
    kinds = np.arange(len(truth))
    cells = csr_matrix((np.ones_like(kinds), (kinds, truth * n_labels + said)), shape=(len(kinds), n_labels**2))
    confusions: Ints = (counts @ cells).reshape(-1, n_labels, n_labels)
    return confusions


def _accuracy(confusions: Ints) -> Floats:
    accuracies: Floats = np.trace(confusions, axis1=1, axis2=2) / confusions.sum(axis=(1, 2))
    return accuracies


def _compared(was: Floats, now: Floats) -> Compared:
    low, high = np.percentile((now - was)[1:], [2.5, 97.5]).tolist()
    return Compared(float(was[0]), float(now[0]), low, high)
