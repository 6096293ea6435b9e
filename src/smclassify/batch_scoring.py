"""The scores of many texts at once: work is done once per distinct word, then in arrays."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

from smclassify.text import EDGE, PAIR_FACTORS, analyze, word_terms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from smclassify.weights import Weights

_MOST_WORDS = 50_000
_LEARN_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class ScoreTable:
    """The scores of n texts; see `weights.Scores` for what each is.

    Attributes:
        n_words: int64, shape (n,).
        known: float64, shape (n,).
        logits: float64, shape (n, n_labels + n_activities).
    """

    n_words: NDArray[np.int64]
    known: NDArray[np.float64]
    logits: NDArray[np.float64]


class BatchScorer:
    """Scores texts with one set of weights, and remembers the words it has met.

    Memory stays bounded: past 50,000 distinct words it forgets them all and starts anew.
    """

    def __init__(self, weights: Weights) -> None:
        n_terms = len(weights.terms)
        self._terms = np.frombuffer(weights.terms, dtype=np.uint32)
        self._labels = np.frombuffer(weights.labels, dtype=np.int16).reshape(n_terms, -1)
        self._activities = np.frombuffer(weights.activities, dtype=np.int8).reshape(n_terms, -1)
        self._factors = np.frombuffer(weights.factors, dtype=np.float64)
        self._intercepts = np.frombuffer(weights.intercepts, dtype=np.float64)
        self._lock = Lock()
        self._forget()

    def _forget(self) -> None:
        self._index: dict[str, int] = {}
        self._numbers = np.empty(0, dtype=np.uint32)
        self._spoken = np.empty(0, dtype=np.bool_)
        self._known = np.empty(0, dtype=np.bool_)
        self._sums = np.empty((0, len(self._factors)))

    def score(self, texts: Sequence[str]) -> ScoreTable:
        """Return the scores of the texts, in their order."""
        split = [analyze(text) for text in texts]
        n_words = np.array([len(words) for words in split], dtype=np.int64)
        rows = np.repeat(np.arange(len(texts)), n_words)
        with self._lock:
            if len(self._index) > _MOST_WORDS:
                self._forget()
            return self._score([word for words in split for word in words], rows, n_words)

    def _score(self, words: list[str], rows: NDArray[np.int64], n_words: NDArray[np.int64]) -> ScoreTable:
        ids, n_texts = self._ids(words), len(n_words)
        sums = _sum_by_row(self._sums[ids], rows, n_texts)
        sums += self._sums_of_pairs(self._numbers[ids], n_words)
        length = 1.0 / np.sqrt(np.maximum(n_words, 1))
        logits = length[:, None] * self._factors * sums + self._intercepts
        spoken = np.bincount(rows, weights=self._spoken[ids], minlength=n_texts)
        known = np.bincount(rows, weights=self._known[ids], minlength=n_texts)
        return ScoreTable(n_words, known / np.maximum(spoken, 1), logits)

    def _ids(self, words: list[str]) -> NDArray[np.int64]:
        """Return the index of every word, learning the ones not met before."""
        new = [word for word in dict.fromkeys(words) if word not in self._index]
        for start in range(0, len(new), _LEARN_AT_ONCE):
            self._learn(new[start : start + _LEARN_AT_ONCE])
        return np.array([self._index[word] for word in words], dtype=np.int64)

    def _learn(self, words: list[str]) -> None:
        """Add words to the tables: number, whether it is spoken and known, and the summed weights of its terms."""
        per_word = [word_terms(word) for word in words]
        counts = np.array([len(of_word) for of_word in per_word])
        numbers = np.array([number for of_word in per_word for number, _ in of_word], dtype=np.uint32)
        values = np.array([value for of_word in per_word for _, value in of_word])
        hits, found = self._find(numbers)
        rows = np.repeat(np.arange(len(words)), counts)
        sums = _sum_by_row(values[hits, None] * self._rows(found), rows[hits], len(words))
        whole = np.cumsum(counts) - counts
        spoken = np.array([word[0].isalpha() for word in words])
        self._index.update(zip(words, range(len(self._index), len(self._index) + len(words)), strict=True))
        self._numbers = np.concatenate((self._numbers, numbers[whole]))
        self._spoken = np.concatenate((self._spoken, spoken))
        self._known = np.concatenate((self._known, spoken & hits[whole]))
        self._sums = np.concatenate((self._sums, sums))

    def _sums_of_pairs(self, numbers: NDArray[np.uint32], n_words: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the summed weights of all neighbours in each text, the edges before and after it included."""
        ends = np.cumsum(n_words)
        left = np.insert(numbers, ends - n_words, EDGE)
        right = np.insert(numbers, ends, EDGE)
        hits, found = self._find(left * np.uint32(PAIR_FACTORS[0]) + right * np.uint32(PAIR_FACTORS[1]))
        rows = np.repeat(np.arange(len(n_words)), n_words + 1)
        return _sum_by_row(self._rows(found), rows[hits], len(n_words))

    def _find(self, numbers: NDArray[np.uint32]) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
        """Return which numbers are known terms, and the rows of those that are."""
        places = np.minimum(np.searchsorted(self._terms, numbers), len(self._terms) - 1)
        hits = self._terms[places] == numbers
        return hits, places[hits]

    def _rows(self, found: NDArray[np.int64]) -> NDArray[np.float64]:
        return np.hstack((self._labels[found], self._activities[found])).astype(np.float64)


def _sum_by_row(values: NDArray[np.float64], rows: NDArray[np.int64], n_rows: int) -> NDArray[np.float64]:
    """Return the sum of the values of each row, shape (n_rows, width); `rows` ascends."""
    sums = np.zeros((n_rows, values.shape[1]))
    counts = np.bincount(rows, minlength=n_rows)
    filled = counts > 0
    if filled.any():
        sums[filled] = np.add.reduceat(values, (np.cumsum(counts) - counts)[filled], axis=0)
    return sums
