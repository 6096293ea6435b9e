"""Word vectors: what words mean, learnt elsewhere; made once by `tools/make_vectors.py`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from smclassify.text import analyze, pieces, scale
from smclassify.training.arrays import open_arrays

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class WordVectors:
    """A vector for each of many words and pieces of words.

    Attributes:
        numbers: Their numbers, ascending, uint32, shape (n_vectors,).
        vectors: float64, shape (n_vectors, n_dimensions).
    """

    numbers: NDArray[np.uint32]
    vectors: NDArray[np.float64]


def load_vectors(path: Path) -> WordVectors:
    """Read the vectors from their file.

    Raises:
        DatasetError: The file is missing or not one of word vectors.
    """
    with open_arrays(path, "word vectors") as arrays:
        return WordVectors(arrays["numbers"], arrays["rows"] * arrays["factors"])


class VectorAverager(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """A scikit-learn transformer from texts to the sum of their words' vectors, divided by sqrt(number of words).

    The vector of a word is the mean of the vectors of its pieces.

    Args:
        vectors: The vectors.
    """

    def __init__(self, vectors: WordVectors) -> None:
        self.vectors = vectors

    def fit(self, texts: Sequence[str], y: object = None) -> VectorAverager:  # noqa: ARG002 - scikit-learn's signature
        """Do nothing: there is nothing to learn."""
        return self

    def transform(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return one row per text, shape (n_texts, n_dimensions)."""
        place_of = {int(number): place for place, number in enumerate(self.vectors.numbers)}
        known: dict[str, NDArray[np.float64]] = {}
        rows = np.zeros((len(texts), self.vectors.vectors.shape[1]))
        for place, text in enumerate(texts):
            words = analyze(text)
            for word in words:
                if word not in known:
                    own = [place_of[number] for number in pieces(word, place_of.__contains__)]
                    known[word] = self.vectors.vectors[own].mean(axis=0) if own else np.zeros(rows.shape[1])
                rows[place] += known[word]
            rows[place] *= scale(len(words))
        return rows

    def __sklearn_is_fitted__(self) -> bool:
        """Say that there is nothing to learn."""
        return True
