"""From texts to the sparse matrices that scikit-learn fits."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.base import BaseEstimator, TransformerMixin

from smclassify.errors import DatasetError
from smclassify.text import analyze, scale, terms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


class TermVectorizer(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """A scikit-learn transformer from texts to the values of their terms.

    Args:
        min_texts: Terms that occur in fewer texts are left out.

    Attributes:
        terms_: Numbers of the terms kept, ascending, uint32, shape (n_terms,).
    """

    def __init__(self, min_texts: int = 2) -> None:
        self.min_texts = min_texts

    def fit(self, texts: Sequence[str], y: Any = None) -> TermVectorizer:  # noqa: ARG002, ANN401 - scikit-learn's signature
        """Choose the terms to keep."""
        self.fit_transform(texts)
        return self

    def fit_transform(self, texts: Sequence[str], y: Any = None) -> csr_matrix:  # noqa: ARG002, ANN401 - as above
        """Choose the terms to keep, and return their values, float64, shape (n_texts, n_terms).

        Raises:
            DatasetError: No term is in enough texts.
        """
        numbers, matrix = _all_terms(texts)
        kept = np.bincount(matrix.indices, minlength=len(numbers)) >= self.min_texts
        if not kept.any():
            raise DatasetError(f"No word is in {self.min_texts} examples: there is nothing to learn from.")
        self.terms_: NDArray[np.uint32] = numbers[kept]
        return matrix[:, kept]

    def transform(self, texts: Sequence[str]) -> csr_matrix:
        """Return the values of the kept terms, float64, shape (n_texts, n_terms)."""
        numbers, matrix = _all_terms(texts)
        common, ours, theirs = np.intersect1d(numbers, self.terms_, assume_unique=True, return_indices=True)
        chosen = csr_matrix((np.ones(len(common)), (ours, theirs)), shape=(len(numbers), len(self.terms_)))
        return matrix @ chosen


def _all_terms(texts: Sequence[str]) -> tuple[NDArray[np.uint32], csr_matrix]:
    """Return the numbers of all terms of the texts, ascending, and their values, shape (n_texts, n_terms)."""
    columns: list[int] = []
    values: list[float] = []
    ends = [0]
    for text in texts:
        words = analyze(text)
        length = scale(len(words))
        of_text: dict[int, float] = defaultdict(float)
        for number, value in terms(words):
            of_text[number] += value * length
        columns += of_text
        values += of_text.values()
        ends.append(len(columns))
    numbers, places = np.unique(np.array(columns, dtype=np.uint32), return_inverse=True)
    return numbers, csr_matrix((np.array(values), places, ends), shape=(len(texts), len(numbers)))
