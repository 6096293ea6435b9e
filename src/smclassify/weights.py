"""What a trained model knows, as flat read-only arrays, and the score of one text in plain Python."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass

from smclassify.text import analyze, scale, spoken_words, terms, word_terms


@dataclass(frozen=True, slots=True)
class Weights:
    """The arrays of a linear model over terms, with integer weights and one factor per column.

    Columns are the labels, then the activities; the logit of a column is
    `factor * sum(value * weight) + intercept` over the terms of a text.

    Attributes:
        terms: Numbers of the known terms, ascending, uint32, shape (n_terms,).
        labels: Weights of the labels, int16, shape (n_terms, n_labels), row by row.
        activities: Weights of the activities, int8, shape (n_terms, n_activities), row by row.
        factors: What one step of a column's weights is worth, float64, shape (n_labels + n_activities,).
        intercepts: Logits of a text without known terms, float64, shape (n_labels + n_activities,).
    """

    terms: memoryview
    labels: memoryview
    activities: memoryview
    factors: memoryview
    intercepts: memoryview

    @property
    def n_labels(self) -> int:
        """Number of labels."""
        return len(self.labels) // len(self.terms)

    @property
    def n_activities(self) -> int:
        """Number of activities."""
        return len(self.activities) // len(self.terms)


@dataclass(frozen=True, slots=True)
class Scores:
    """What the model finds in one text.

    Attributes:
        n_words: Number of words in the text.
        known: Share of the words (numbers and signs left out) that the training data contain, 0..1;
            0 for a text without words.
        logits: One number per column, labels first.
    """

    n_words: int
    known: float
    logits: list[float]


def score(weights: Weights, text: str) -> Scores:
    """Return the scores of one text, without numpy, whose import takes longer than this."""
    words = analyze(text)
    n_labels = weights.n_labels
    width = n_labels + weights.n_activities
    sums = [0.0] * width
    for number, value in terms(words):
        row = _row(weights.terms, number)
        if row is None:
            continue
        for column, weight in enumerate(weights.labels[row * n_labels : (row + 1) * n_labels]):
            sums[column] += value * weight
        first, last = row * (width - n_labels), (row + 1) * (width - n_labels)
        for column, weight in enumerate(weights.activities[first:last], n_labels):
            sums[column] += value * weight
    length = scale(len(words))
    columns = zip(sums, weights.factors, weights.intercepts, strict=True)
    logits = [length * factor * total + intercept for total, factor, intercept in columns]
    spoken = spoken_words(words)
    n_known = sum(_row(weights.terms, word_terms(word)[0][0]) is not None for word in spoken)
    return Scores(len(words), n_known / len(spoken) if spoken else 0.0, logits)


def _row(numbers: memoryview, number: int) -> int | None:
    """Return where a number stands in the ascending table of known terms."""
    row = bisect_left(numbers, number)
    return row if row < len(numbers) and numbers[row] == number else None
