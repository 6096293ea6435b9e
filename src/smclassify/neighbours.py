"""The labelled examples that are most like a text.

First those that share the most words with it, rare words counting more (inverse document frequency: Sparck Jones,
"A Statistical Interpretation of Term Specificity", 1972); of these, those that the model sees most alike: the cosine
between the activations of its hidden units.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass
from heapq import nlargest
from itertools import accumulate
from math import hypot, log
from typing import TYPE_CHECKING

from smclassify.text import analyze, normalise, spoken_words
from smclassify.weights import activations

if TYPE_CHECKING:
    from smclassify.examples import Examples
    from smclassify.weights import Weights

_LOOKED_AT = 60
_MOST_WORDS = 100
_LETTER = r"[^\W\d_]"


@dataclass(frozen=True, slots=True)
class NearExample:
    """A labelled example that is like a text.

    Attributes:
        text: What it says.
        label: Slug of its label.
        activity: Slug of its activity; blank if nobody said which one it is.
        similarity: Cosine between its activations of the hidden units and those of the text, 0..1; equal texts have 1.
    """

    text: str
    label: str
    activity: str
    similarity: float


class Neighbours:
    """Finds the examples that are most like a text."""

    def __init__(self, weights: Weights, examples: Examples) -> None:
        self.why_none = examples.why_none
        self._weights = weights
        self._rows = examples.rows
        texts = [normalise(text) for text, _, _ in examples.rows]
        # a word is found in one long string many times as fast as in a list of texts
        self._texts = "\n".join(texts)
        self._starts = list(accumulate((len(text) + 1 for text in texts), initial=0))

    def nearest(self, text: str, n: int) -> list[NearExample]:
        """Return at most `n` examples, the most similar first; only examples that share a word with the text."""
        words = analyze(text)
        shared: defaultdict[int, float] = defaultdict(float)
        for word in dict.fromkeys(spoken_words(words)[:_MOST_WORDS]):
            rows = self._rows_with(word)
            for row in rows:
                shared[row] += log(len(self._rows) / len(rows))
        candidates = nlargest(_LOOKED_AT, shared, key=lambda row: (shared[row], -len(self._rows[row][0])))
        here = activations(self._weights, words)
        found = [
            NearExample(*self._rows[row], _cosine(here, activations(self._weights, analyze(self._rows[row][0]))))
            for row in candidates
        ]
        return sorted(found, key=lambda example: -example.similarity)[:n]

    def _rows_with(self, word: str) -> set[int]:
        # letters first, then what must not stand around them: a search for fixed letters is fast
        whole = re.compile(f"{re.escape(word)}(?<!{_LETTER}{re.escape(word)})(?!{_LETTER})")
        return {bisect_right(self._starts, match.start()) - 1 for match in whole.finditer(self._texts)}


def _cosine(one: list[float], other: list[float]) -> float:
    lengths = hypot(*one) * hypot(*other)
    product = sum(a * b for a, b in zip(one, other, strict=True))
    return min(1.0, product / lengths) if lengths else 0.0
