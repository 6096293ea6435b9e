"""The scores of many texts at once: work is done once per distinct word, then in arrays."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

from smclassify.text import EDGE, PAIR_FACTORS, analyze, pieces, word_terms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from smclassify.weights import Weights

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Numbers = NDArray[np.uint32]

_MOST_WORDS = 50_000
_LEARN_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class ScoreTable:
    """The scores of n texts; see `weights.Scores` for what each is.

    Attributes:
        n_words: int64, shape (n,).
        known: float64, shape (n,).
        logits: float64, shape (n, n_activities).
    """

    n_words: Ints
    known: Floats
    logits: Floats


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows of integers by number: the terms, or the vectors."""

    numbers: Numbers
    rows: NDArray[np.int8]
    factors: Floats

    def find(self, numbers: Numbers) -> tuple[NDArray[np.bool_], Ints]:
        """Return which numbers are there, and the places of those that are."""
        places = np.minimum(np.searchsorted(self.numbers, numbers), len(self.numbers) - 1)
        hits = self.numbers[places] == numbers
        return hits, places[hits]

    def sum_by_text(self, numbers: Numbers, values: Floats, texts: Ints, n_texts: int) -> Floats:
        """Return the sum of the rows of each text, weighted, shape (n_texts, n_hidden); `texts` ascends."""
        hits, places = self.find(numbers)
        weighted = values[hits, None] * self.rows[places]
        return _sum_by_text(weighted, texts[hits], n_texts) * self.factors


class BatchScorer:
    """Scores texts with one set of weights, and remembers the words it has met.

    Memory stays bounded: past 50,000 distinct words it forgets them all and starts anew. Threads may share it.
    """

    def __init__(self, weights: Weights) -> None:
        n_hidden = len(weights.hidden_bias)
        self._terms = _Rows(
            np.asarray(weights.terms),
            np.asarray(weights.term_rows).reshape(-1, n_hidden),
            np.asarray(weights.term_factors),
        )
        self._vectors = _Rows(
            np.asarray(weights.vocabulary),
            np.asarray(weights.vector_rows).reshape(-1, n_hidden),
            np.asarray(weights.vector_factors),
        )
        self._vocabulary = frozenset(weights.vocabulary)
        self._hidden_bias = np.asarray(weights.hidden_bias)
        self._output = np.asarray(weights.output).reshape(n_hidden, -1)
        self._output_bias = np.asarray(weights.output_bias)
        self._lock = Lock()
        self._forget()

    def _forget(self) -> None:
        self._index: dict[str, int] = {}
        self._numbers = np.empty(0, dtype=np.uint32)
        self._spoken = np.empty(0, dtype=np.bool_)
        self._known = np.empty(0, dtype=np.bool_)
        self._sums = np.empty((0, len(self._hidden_bias)))

    def score(self, texts: Sequence[str]) -> ScoreTable:
        """Return the scores of the texts, in their order."""
        split = [analyze(text) for text in texts]
        n_words = np.array([len(words) for words in split], dtype=np.int64)
        with self._lock:
            if len(self._index) > _MOST_WORDS:
                self._forget()
            return self._score([word for words in split for word in words], n_words)

    def _score(self, words: list[str], n_words: Ints) -> ScoreTable:
        ids, n_texts = self._ids(words), len(n_words)
        texts = np.repeat(np.arange(n_texts), n_words)
        sums = _sum_by_text(self._sums[ids], texts, n_texts) + self._sums_of_pairs(self._numbers[ids], n_words)
        length = 1.0 / np.sqrt(np.maximum(n_words, 1))
        hidden = np.maximum(length[:, None] * sums + self._hidden_bias, 0.0)
        spoken = np.bincount(texts, weights=self._spoken[ids], minlength=n_texts)
        known = np.bincount(texts, weights=self._known[ids], minlength=n_texts)
        return ScoreTable(n_words, known / np.maximum(spoken, 1), hidden @ self._output + self._output_bias)

    def _ids(self, words: list[str]) -> Ints:
        """Return the index of every word, learning the ones not met before."""
        new = [word for word in dict.fromkeys(words) if word not in self._index]
        for start in range(0, len(new), _LEARN_AT_ONCE):
            self._learn(new[start : start + _LEARN_AT_ONCE])
        return np.array([self._index[word] for word in words], dtype=np.int64)

    def _learn(self, words: list[str]) -> None:
        """Add words to the tables: number, whether it is spoken and known, and what it adds to the hidden layer."""
        of_terms = [word_terms(word) for word in words]
        of_vectors = [_with_shares(pieces(word, self._vocabulary.__contains__)) for word in words]
        sums = np.zeros((len(words), len(self._hidden_bias)))
        for rows, weighted in ((self._terms, of_terms), (self._vectors, of_vectors)):
            numbers = np.array([number for row in weighted for number, _ in row], dtype=np.uint32)
            values = np.array([value for row in weighted for _, value in row], dtype=np.float64)
            places = np.repeat(np.arange(len(words)), [len(row) for row in weighted])
            sums += rows.sum_by_text(numbers, values, places, len(words))
        whole = np.array([row[0][0] for row in of_terms], dtype=np.uint32)
        spoken = np.array([word[0].isalpha() for word in words])
        known = self._terms.find(whole)[0] | self._vectors.find(whole)[0]
        self._index.update(zip(words, range(len(self._index), len(self._index) + len(words)), strict=True))
        self._numbers = np.concatenate((self._numbers, whole))
        self._spoken = np.concatenate((self._spoken, spoken))
        self._known = np.concatenate((self._known, spoken & known))
        self._sums = np.concatenate((self._sums, sums))

    def _sums_of_pairs(self, numbers: Numbers, n_words: Ints) -> Floats:
        """Return what all neighbours in each text add, the edges before and after it included."""
        ends = np.cumsum(n_words)
        left = np.insert(numbers, ends - n_words, EDGE)
        right = np.insert(numbers, ends, EDGE)
        pairs = left * np.uint32(PAIR_FACTORS[0]) + right * np.uint32(PAIR_FACTORS[1])
        texts = np.repeat(np.arange(len(n_words)), n_words + 1)
        return self._terms.sum_by_text(pairs, np.ones(len(pairs)), texts, len(n_words))


def _with_shares(numbers: list[int]) -> list[tuple[int, float]]:
    return [(number, 1.0 / len(numbers)) for number in numbers]


def _sum_by_text(values: Floats, texts: Ints, n_texts: int) -> Floats:
    """Return the sum of the values of each text, shape (n_texts, width); `texts` ascends."""
    sums = np.zeros((n_texts, values.shape[1]))
    counts = np.bincount(texts, minlength=n_texts)
    filled = counts > 0
    if filled.any():
        sums[filled] = np.add.reduceat(values, (np.cumsum(counts) - counts)[filled], axis=0)
    return sums
