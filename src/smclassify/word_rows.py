"""What words and pairs of words add to the hidden layer, many at once; `weights.score` says the same of one text."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np

from smclassify.substrings import joined, numbers_of_grams, numbers_of_pieces
from smclassify.text import MAX_GRAM, MIN_GRAM, PAIR_FACTORS, word_number

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from smclassify.weights import Weights

    Bytes = NDArray[np.uint8]
    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Numbers = NDArray[np.uint32]

_Number = TypeVar("_Number", bound=np.number)
_SPARE_BITS = 3
_MOST_STEPS = 1_024
_ADDED_AT_ONCE = 4_096
_GRAM_SIZES = np.arange(MIN_GRAM, MAX_GRAM + 1)

N_COUNTS = 3
"""Columns at the end of a row: how many words there are, how many are spoken, and how many of these are known."""


class WordRows:
    """The rows of words and of pairs: what they add to the hidden layer, float64.

    Attributes:
        width: Number of hidden units.
    """

    def __init__(self, weights: Weights) -> None:
        self._terms = _Table(weights.terms, weights.term_rows, weights.term_factors)
        self._vectors = _Table(weights.vocabulary, weights.vector_rows, weights.vector_factors)
        self.width = len(weights.hidden_bias)

    def of_words(self, words: Sequence[str]) -> tuple[Numbers, Floats]:
        """Return the numbers of words, and their rows with `N_COUNTS` columns more."""
        numbers = np.fromiter(map(word_number, words), dtype=np.uint32, count=len(words))
        spoken = np.array([word[0].isalpha() for word in words], dtype=np.bool_)
        known, sums = np.zeros_like(spoken), np.zeros((len(words), self.width))
        places, rows = self._terms.find(numbers)
        known[places] = True
        sums[places] = self._terms.rows(rows)
        places, rows = self._vectors.find(numbers)
        known[places] = True
        sums[places] += self._vectors.rows(rows) * spoken[places, None]
        is_made = spoken.copy()
        is_made[places] = False
        # n-grams share the weight of one term as parts of a unit vector, pieces as parts of a mean
        n_grams, of_grams = self._gram_sums([word for word in words if word[0].isalpha()])
        sums[spoken] += of_grams / np.sqrt(np.maximum(n_grams, 1))[:, None]
        made = np.flatnonzero(is_made)
        n_pieces, of_pieces = numbers_of_pieces([words[place] for place in made.tolist()], self._vectors.positions)
        sums[made] += self._vectors.sums(of_pieces, n_pieces) / np.maximum(n_pieces, 1)[:, None]
        return numbers, np.column_stack((sums, np.ones(len(words)), spoken, known & spoken))

    def of_pairs(self, left: Numbers, right: Numbers, counts: Ints) -> Floats:
        """Return the sums of the rows of pairs of words, given their numbers, as `sum_rows` groups them."""
        numbers = left * np.uint32(PAIR_FACTORS[0]) + right * np.uint32(PAIR_FACTORS[1])
        return self._terms.sums(numbers, counts)

    def _gram_sums(self, words: Iterable[str]) -> tuple[Ints, Floats]:
        """Return how many n-grams words have, and the sums of their rows."""
        content, sizes, left = joined([f"^{word}$" for word in words])
        # by where they start, so that those of a word stand together
        numbers = np.zeros((len(content), len(_GRAM_SIZES)), dtype=np.uint32)
        for place, n in enumerate(_GRAM_SIZES.tolist()):
            of_size = numbers_of_grams(content, n)
            numbers[: len(of_size), place] = of_size
        n_grams = np.maximum(sizes[:, None] - _GRAM_SIZES + 1, 0).sum(axis=1)
        return n_grams, self._terms.sums(numbers[left[:, None] >= _GRAM_SIZES], n_grams)


class _Table:
    """Rows of integers by number: the terms, or the vectors."""

    def __init__(self, numbers: memoryview, rows: memoryview, factors: memoryview[float]) -> None:
        self._numbers: Numbers = np.asarray(numbers)
        self._rows: NDArray[np.int8] = np.asarray(rows).reshape(-1, len(factors))
        self._factors: Floats = np.asarray(factors)
        # the first bits of a number say near which row it is: they are spread evenly, and most have no row at all
        bits = min(32, len(numbers).bit_length() + _SPARE_BITS)
        self._shift = np.uint32(32 - bits)
        counts = np.bincount(self._numbers >> self._shift, minlength=1 << bits)
        self._is_used = counts > 0
        self._first_rows = (np.cumsum(counts) - counts).astype(np.int32)

    def find(self, numbers: Numbers) -> tuple[Ints, Ints]:
        """Return the positions of the numbers that are in the table, ascending, and their rows."""
        likely = np.flatnonzero(self._is_used.take(numbers >> self._shift))
        wanted = numbers[likely]
        rows = self._first_rows.take(wanted >> self._shift).astype(np.int64)
        last = len(self._numbers) - 1
        behind = np.flatnonzero(self._numbers[rows] < wanted)
        while len(behind):
            rows[behind] += 1
            behind = behind[rows[behind] < last]
            behind = behind[self._numbers[rows[behind]] < wanted[behind]]
        hits = self._numbers[np.minimum(rows, last)] == wanted
        return likely[hits], rows[hits]

    def positions(self, numbers: Numbers) -> Ints:
        """Return the positions of the numbers that are in the table, ascending."""
        return self.find(numbers)[0]

    def rows(self, rows: Ints) -> Floats:
        """Return some rows."""
        chosen: Floats = self._rows[rows] * self._factors
        return chosen

    def sums(self, numbers: Numbers, counts: Ints) -> Floats:
        """Return the sums of the rows of numbers, as `sum_rows` groups them; those without a row count nothing."""
        places, rows = self.find(numbers)
        found = np.diff(np.searchsorted(places, np.cumsum(counts)), prepend=0)
        sums: Floats = sum_rows(self._rows, rows, found, np.dtype(np.int32)) * self._factors
        return sums


def sum_rows(rows: NDArray[np.number], chosen: Ints, counts: Ints, dtype: np.dtype[_Number]) -> NDArray[_Number]:
    """Return the sum of the first `counts[0]` chosen rows, of the `counts[1]` ones after them, and so on.

    The first rows of all sums are added at once, then the second ones where there are two, and so on; the sums stand in
    the order of their counts meanwhile, so that each step is on one block. That is three times as fast as `reduceat`.
    What is left of very long sums is added sum by sum.

    Args:
        rows: Shape (n_rows, width).
        chosen: Places of rows.
        counts: How many of the chosen rows belong together, shape (n,).
        dtype: Type of the sums.

    Returns:
        Shape (n, width).
    """
    order = np.argsort(-counts, kind="stable")
    starts = (np.cumsum(counts) - counts)[order]
    n_with_more = len(counts) - np.cumsum(np.bincount(counts))
    sums = np.zeros((len(counts), rows.shape[1]), dtype)
    step = np.empty(sums.shape, rows.dtype)
    for place, n in enumerate(n_with_more[:-1][:_MOST_STEPS].tolist()):
        # with another mode, numpy would go through a copy
        sums[:n] += np.take(rows, chosen[starts[:n] + place], axis=0, out=step[:n], mode="clip")
    for place in np.flatnonzero(counts[order] > _MOST_STEPS).tolist():
        end = starts[place] + counts[order[place]]
        for start in range(starts[place] + _MOST_STEPS, end, _ADDED_AT_ONCE):
            sums[place] += rows[chosen[start : min(start + _ADDED_AT_ONCE, end)]].sum(axis=0, dtype=dtype)
    in_order = np.empty_like(sums)
    in_order[order] = sums
    return in_order
