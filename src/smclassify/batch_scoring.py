"""The scores of many texts at once: work is done once per distinct token, then in arrays."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

from smclassify.text import EDGE, LONGEST_WORD, analyze
from smclassify.tokens import END_ID, UNKNOWN, TokenTable, keys_of_words, tokenize
from smclassify.word_rows import N_COUNTS, WordRows, sum_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from smclassify.tokens import Keys, Tokens
    from smclassify.weights import Weights

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Numbers = NDArray[np.uint32]

_MOST_TOKENS = 44_000
_AT_ONCE = 16_384
_SUMMED_AT_ONCE = 2_048
"""Fewer texts than are looked up at once: what is added up then stays in the cache of the processor."""
_LEARN_AT_ONCE = 4_096
_FLOAT = np.dtype(np.float64)


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


class _Known:
    """What is known of every token met before, by its id.

    Attributes:
        table: The ids.
        firsts: Numbers of the tokens' first words, of no use where there is none.
        lasts: Numbers of their last words.
        rows: What their words, and the pairs of these, add to the hidden layer, and `N_COUNTS` columns more.
    """

    def __init__(self, size: int, width: int) -> None:
        self.table = TokenTable(size)
        self.firsts = np.full(size, EDGE, dtype=np.uint32)
        self.lasts = np.full(size, EDGE, dtype=np.uint32)
        self.rows = np.zeros((size, width + N_COUNTS))
        self.has_words = np.ones(size, dtype=np.bool_)

    def add(self, keys: Keys, firsts: Numbers, lasts: Numbers, rows: Floats) -> Ints:
        """Add tokens that are not there, and return their ids."""
        ids = self.table.add(keys)
        while self.table.size > len(self.rows):
            for name in ("firsts", "lasts", "rows", "has_words"):
                array = getattr(self, name)
                setattr(self, name, np.concatenate((array, np.zeros_like(array))))
        self.firsts[ids], self.lasts[ids], self.rows[ids] = firsts, lasts, rows
        self.has_words[ids] = rows[:, -N_COUNTS] > 0
        return ids


class BatchScorer:
    """Scores texts with one set of weights, and remembers what it found out about the tokens it has met.

    Memory stays bounded: of 44,000 tokens, those not met for longest are forgotten. Threads may share it.
    """

    def __init__(self, weights: Weights) -> None:
        self._word_rows = WordRows(weights)
        self._hidden_bias = np.asarray(weights.hidden_bias)
        self._output = np.asarray(weights.output).reshape(len(self._hidden_bias), -1)
        self._output_bias = np.asarray(weights.output_bias)
        self._lock = Lock()
        self._known = _Known(_MOST_TOKENS, self._word_rows.width)

    def score(self, texts: Sequence[str]) -> ScoreTable:
        """Return the scores of the texts, in their order."""
        parts = list(self.parts(texts))
        return ScoreTable(
            np.concatenate([part.n_words for part in parts]),
            np.concatenate([part.known for part in parts]),
            np.concatenate([part.logits.T for part in parts], axis=1).T,
        )

    def parts(self, texts: Sequence[str]) -> Iterator[ScoreTable]:
        """Yield the scores of the texts, in their order, some at a time; there is one part at least."""
        for start in range(0, max(1, len(texts)), _AT_ONCE):
            yield from self._parts(texts[start : start + _AT_ONCE])

    def _parts(self, texts: Sequence[str]) -> list[ScoreTable]:
        tokens = tokenize(texts)
        with self._lock:
            try:
                ids = self._look_up(tokens, may_grow=len(texts) < 2)
            except BaseException:  # stopped half-way, by Ctrl-C for one
                self._known = _Known(_MOST_TOKENS, self._word_rows.width)
                raise
            if ids is not None:
                scores = self._scores(ids[self._known.has_words[ids]], len(texts))
                if self._known.table.size > _MOST_TOKENS:  # one text had more
                    self._known = _Known(_MOST_TOKENS, self._word_rows.width)
                return scores
        half = len(texts) // 2
        return self._parts(texts[:half]) + self._parts(texts[half:])

    def _scores(self, ids: Ints, n_texts: int) -> list[ScoreTable]:
        """Return the scores of texts, some at a time, given the ids of their tokens."""
        ends = np.flatnonzero(ids == END_ID)
        return [
            self._scores_of(ids[some[0] : some[-1] + 1], np.diff(some) - 1)
            for start in range(0, max(1, n_texts), _SUMMED_AT_ONCE)
            for some in (ends[start : start + _SUMMED_AT_ONCE + 1],)
        ]

    def _scores_of(self, ids: Ints, n_tokens: Ints) -> ScoreTable:
        """Return the scores of texts, given the ids of their tokens and how many tokens each has."""
        known = self._known
        # the end of a text is an edge, and so is what comes before the next one
        left, right = known.lasts[ids[:-1]], known.firsts[ids[1:]]
        sums = sum_rows(known.rows, ids[ids != END_ID], n_tokens, _FLOAT)
        n_words, spoken, n_known = sums[:, -N_COUNTS:].T
        sums = sums[:, :-N_COUNTS] + self._word_rows.of_pairs(left, right, n_tokens + 1)
        length = 1.0 / np.sqrt(np.maximum(n_words, 1.0))
        hidden = np.maximum(length[:, None] * sums + self._hidden_bias, 0.0)
        # column by column, for the reductions over a text's activities that follow
        logits = (self._output.T @ hidden.T + self._output_bias[:, None]).T
        return ScoreTable(n_words.astype(np.int64), n_known / np.maximum(spoken, 1.0), logits)

    def _look_up(self, tokens: Tokens, *, may_grow: bool) -> Ints | None:
        """Return the id of every token, learning those not met before; None if they are too many at once."""
        table = self._known.table
        table.begin()
        ids = table.find(tokens.keys)
        unknown = np.flatnonzero(ids == UNKNOWN)
        keys, first = np.unique(tokens.keys[unknown], return_index=True)
        if not table.make_room(len(keys)) and not may_grow:
            return None
        for start in range(0, len(keys), _LEARN_AT_ONCE):
            some = slice(start, start + _LEARN_AT_ONCE)
            if not self._learn(keys[some], tokens.written(unknown[first[some]].tolist()), may_grow=may_grow):
                return None
        ids[unknown] = table.find(tokens.keys[unknown])
        return ids

    def _learn(self, keys: Keys, written: list[str], *, may_grow: bool) -> bool:
        """Find out about tokens: first about those that are nothing but a word, then about those made of words.

        Returns:
            Whether there was room for them and for the words that they are made of; else nothing was learnt.
        """
        words_of = [[token[:LONGEST_WORD]] if _is_plain(token) else analyze(token) for token in written]
        words = {word: place for place, word in enumerate(dict.fromkeys(chain.from_iterable(words_of)))}
        n_others = sum(not _is_plain(token) or len(token) > LONGEST_WORD for token in written)
        found = self._of_words(list(words), n_others, may_grow=may_grow)
        if found is None:
            return False
        numbers, rows = found
        others = np.flatnonzero(self._known.table.find(keys) == UNKNOWN)
        if len(others):
            of_others = [[words[word] for word in words_of[place]] for place in others.tolist()]
            self._add_others(keys[others], of_others, numbers, rows)
        return True

    def _of_words(self, words: list[str], n_others: int, *, may_grow: bool) -> tuple[Numbers, Floats] | None:
        """Return the numbers and rows of words, adding those that could be tokens as they stand.

        None if there is no room for these, and for so many other tokens.
        """
        known = self._known
        plain = np.array([_is_plain(word) for word in words], dtype=np.bool_)
        keys = keys_of_words(words)
        ids = np.where(plain, known.table.find(keys), UNKNOWN)
        numbers, rows = known.firsts[ids], known.rows[ids]
        new = np.flatnonzero(ids == UNKNOWN)
        if not known.table.make_room(int(plain[new].sum()) + n_others) and not may_grow:
            return None
        numbers[new], rows[new] = self._word_rows.of_words([words[place] for place in new.tolist()])
        new = new[plain[new]]
        known.add(keys[new], numbers[new], numbers[new], rows[new])
        return numbers, rows

    def _add_others(self, keys: Keys, words_of: list[list[int]], numbers: Numbers, rows: Floats) -> None:
        """Add tokens, given the places of the words of each among these numbers and rows."""
        chosen = np.array(list(chain.from_iterable(words_of)), dtype=np.int64)
        counts = np.fromiter(map(len, words_of), dtype=np.int64, count=len(words_of))
        sums = sum_rows(rows, chosen, counts, _FLOAT)
        of_token, numbers = np.repeat(np.arange(len(counts)), counts), numbers[chosen]
        inside = of_token[1:] == of_token[:-1]
        left, right = numbers[:-1][inside], numbers[1:][inside]
        sums[:, :-N_COUNTS] += self._word_rows.of_pairs(left, right, np.maximum(counts - 1, 0))
        firsts, lasts = np.zeros(len(counts), dtype=np.uint32), np.zeros(len(counts), dtype=np.uint32)
        ends, some = np.cumsum(counts), counts > 0
        firsts[some], lasts[some] = numbers[(ends - counts)[some]], numbers[ends[some] - 1]
        self._known.add(keys, firsts, lasts, sums)


def _is_plain(token: str) -> bool:
    """Return whether a token is a word as it stands: its own only word, unless it is too long."""
    return token.isascii() and token.isalpha()
