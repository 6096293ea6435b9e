"""The scores of many texts at once: work is done once per distinct word, then in arrays."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from itertools import chain, repeat
from threading import Lock
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from smclassify.text import (
    EDGE,
    END,
    LONGEST_WORD,
    NUMBER,
    PAIR_FACTORS,
    analyze_all,
    gram_numbers,
    is_number,
    pieces,
    word_number,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from smclassify.weights import Weights

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Numbers = NDArray[np.uint32]

_Item = TypeVar("_Item", bound=np.generic)
_MOST_WORDS = 100_000
_LEARN_AT_ONCE = 1_000
_AT_ONCE = 1_024
_FILTER_BITS = 20
_END_ID = 0
_UNKNOWN_ID = -1


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


class _Rows:
    """Rows of integers by number: the terms, or the vectors."""

    def __init__(self, numbers: memoryview, rows: memoryview, factors: memoryview[float]) -> None:
        self._numbers: Numbers = np.asarray(numbers)
        self._rows: NDArray[np.int8] = np.asarray(rows).reshape(-1, len(factors))
        self._factors: Floats = np.asarray(factors)
        # a number whose first bits are not here is not in the table: most lookups end at this small array
        self._first_bits = np.zeros(1 << _FILTER_BITS, dtype=np.bool_)
        self._first_bits[self._numbers >> (32 - _FILTER_BITS)] = True

    def find(self, numbers: Numbers) -> tuple[Ints, Ints]:
        """Return the positions of the numbers that are in the table, ascending, and their rows."""
        likely = np.flatnonzero(self._first_bits[numbers >> (32 - _FILTER_BITS)])
        wanted = numbers[likely]
        rows = np.minimum(np.searchsorted(self._numbers, wanted), len(self._numbers) - 1)
        hits = self._numbers[rows] == wanted
        return likely[hits], rows[hits]

    def sum_by_group(self, numbers: Numbers, groups: Ints, n_groups: int, values: Floats | None = None) -> Floats:
        """Return the sum of the rows of each group, weighted with values, float64, shape (n_groups, n_hidden).

        Args:
            numbers: Numbers of the rows; those that are not in the table count nothing.
            groups: The group of each number, ascending from 0.
            n_groups: Number of groups.
            values: The weight of each number; 1 if None.
        """
        places, rows = self.find(numbers)
        sums = np.zeros((n_groups, len(self._factors)))
        if not len(places):
            return sums
        found = self._rows[rows] if values is None else values[places, None] * self._rows[rows]
        of_found = groups[places]
        starts = np.flatnonzero(np.diff(of_found, prepend=-1))
        sums[of_found[starts]] = np.add.reduceat(found, starts, axis=0, dtype=np.float64) * self._factors
        return sums


class _Words:
    """What is known of every word met so far; each has an id. The first one stands for the end of a text.

    The rows of an id never change, and the arrays are replaced when they are full, so a copy stays right for the ids
    that were there when it was made.
    """

    def __init__(self, n_hidden: int) -> None:
        self.ids: dict[str, int] = {END: _END_ID}
        self.numbers = np.full(1, EDGE, dtype=np.uint32)
        self.spoken = np.zeros(1)
        self.known = np.zeros(1)
        self.sums = np.zeros((1, n_hidden))

    def add(self, words: Sequence[str], numbers: Numbers, spoken: Floats, known: Floats, sums: Floats) -> None:
        """Add words with what was found out about them."""
        first, size = len(self.ids), len(self.ids) + len(words)
        if size > len(self.numbers):
            self.numbers = _longer(self.numbers, 2 * size)
            self.spoken = _longer(self.spoken, 2 * size)
            self.known = _longer(self.known, 2 * size)
            self.sums = _longer(self.sums, 2 * size)
        self.numbers[first:size] = numbers
        self.spoken[first:size] = spoken
        self.known[first:size] = known
        self.sums[first:size] = sums
        self.ids.update(zip(words, range(first, size), strict=True))


class BatchScorer:
    """Scores texts with one set of weights, and remembers the words it has met.

    Memory stays bounded: past 100,000 distinct words it forgets them all and starts anew. Threads may share it.
    """

    def __init__(self, weights: Weights) -> None:
        self._terms = _Rows(weights.terms, weights.term_rows, weights.term_factors)
        self._vectors = _Rows(weights.vocabulary, weights.vector_rows, weights.vector_factors)
        self._vocabulary = frozenset(weights.vocabulary)
        self._hidden_bias = np.asarray(weights.hidden_bias)
        self._output = np.asarray(weights.output).reshape(len(self._hidden_bias), -1)
        self._output_bias = np.asarray(weights.output_bias)
        self._lock = Lock()
        self._words = _Words(len(self._hidden_bias))

    def score(self, texts: Sequence[str]) -> ScoreTable:
        """Return the scores of the texts, in their order."""
        parts = [self._score(texts[start : start + _AT_ONCE]) for start in range(0, max(1, len(texts)), _AT_ONCE)]
        return ScoreTable(
            np.concatenate([part.n_words for part in parts]),
            np.concatenate([part.known for part in parts]),
            np.concatenate([part.logits for part in parts]),
        )

    def _score(self, texts: Sequence[str]) -> ScoreTable:
        ids, words = self._look_up(analyze_all(texts))
        ends = np.flatnonzero(ids == _END_ID)
        starts = np.concatenate(([0], ends[:-1] + 1))[: len(ends)]
        n_words = ends - starts
        of_text = np.repeat(np.arange(len(texts)), n_words + 1)
        numbers = words.numbers[ids]
        # the end of a text is an edge, and so is what comes before the next one
        pairs = np.concatenate((words.numbers[:1], numbers[:-1])) * np.uint32(PAIR_FACTORS[0])
        pairs = pairs[: len(numbers)] + numbers * np.uint32(PAIR_FACTORS[1])
        sums = self._terms.sum_by_group(pairs, of_text, len(texts))
        if len(ids):
            sums += np.add.reduceat(words.sums[ids], starts, axis=0)
        length = 1.0 / np.sqrt(np.maximum(n_words, 1))
        hidden = np.maximum(length[:, None] * sums + self._hidden_bias, 0.0)
        spoken = np.bincount(of_text, weights=words.spoken[ids], minlength=len(texts))
        known = np.bincount(of_text, weights=words.known[ids], minlength=len(texts))
        return ScoreTable(n_words, known / np.maximum(spoken, 1.0), hidden @ self._output + self._output_bias)

    def _look_up(self, words: list[str]) -> tuple[Ints, _Words]:
        """Return the id of every word, and the table that the ids are of, learning the words not met before."""
        with self._lock:
            if len(self._words.ids) > _MOST_WORDS:
                self._words = _Words(len(self._hidden_bias))
            table = self._words
            ids = np.fromiter(map(table.ids.get, words, repeat(_UNKNOWN_ID)), dtype=np.int64, count=len(words))
            unknown = np.flatnonzero(ids == _UNKNOWN_ID).tolist()
            new = sorted({words[place] for place in unknown})
            for start in range(0, len(new), _LEARN_AT_ONCE):
                self._learn(new[start : start + _LEARN_AT_ONCE])
            ids[unknown] = [table.ids[words[place]] for place in unknown]
            return ids, copy(table)

    def _learn(self, new: list[str]) -> None:
        """Find out about words: number, whether spoken and known, and what each adds to the hidden layer."""
        words = [NUMBER if is_number(word) else word[:LONGEST_WORD] for word in new]
        whole = np.array([word_number(word) for word in words], dtype=np.uint32)
        places = np.arange(len(words))
        sums = self._terms.sum_by_group(whole, places, len(words))
        for rows, numbers, power in (
            (self._terms, [gram_numbers(word) for word in words], 0.5),
            (self._vectors, [pieces(word, self._vocabulary.__contains__) for word in words], 1.0),
        ):
            counts = np.array([len(of_word) for of_word in numbers])
            flat = np.fromiter(chain.from_iterable(numbers), dtype=np.uint32, count=counts.sum())
            # n-grams share the weight of one term as parts of a unit vector, pieces as parts of a mean
            values = np.repeat(1.0 / np.maximum(counts, 1) ** power, counts)
            sums += rows.sum_by_group(flat, np.repeat(places, counts), len(words), values)
        spoken = np.array([word[0].isalpha() for word in words], dtype=np.float64)
        known = np.zeros(len(words))
        for rows in (self._terms, self._vectors):
            known[rows.find(whole)[0]] = 1.0
        self._words.add(new, whole, spoken, known * spoken, sums)


def _longer(array: NDArray[_Item], size: int) -> NDArray[_Item]:
    """Return a copy of an array with room for so many rows."""
    longer = np.empty((size, *array.shape[1:]), dtype=array.dtype)
    longer[: len(array)] = array
    return longer
