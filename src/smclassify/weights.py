"""What a trained model knows, as flat read-only arrays, and the score of one text in plain Python."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING

from smclassify.text import analyze, pieces, scale, spoken_words, terms, word_number

if TYPE_CHECKING:
    from collections.abc import Iterable

    from smclassify.text import Term


@dataclass(frozen=True, slots=True)
class Weights:
    """The arrays of a network with one hidden layer; terms and word vectors lead straight into that layer.

    For a text of n words, with the rows of its known terms and of its words' pieces:

    - `hidden = max(0, (term_factors * sum(value * term_row) + vector_factors * sum(vector)) / sqrt(n) + hidden_bias)`,
      where the vector of a word is the mean of the vector rows of its pieces;
    - `logits = hidden @ output + output_bias`, one per activity.

    Attributes:
        terms: Numbers of the known terms, ascending, uint32, shape (n_terms,).
        term_rows: int8, shape (n_terms, n_hidden), row by row.
        vocabulary: Numbers of the words and pieces that have a vector, ascending, uint32, shape (n_vectors,).
        vector_rows: int8, shape (n_vectors, n_hidden), row by row.
        term_factors: What one step of a term row is worth, float64, shape (n_hidden,).
        vector_factors: What one step of a vector row is worth, float64, shape (n_hidden,).
        hidden_bias: float64, shape (n_hidden,).
        output: float64, shape (n_hidden, n_activities), row by row.
        output_bias: float64, shape (n_activities,).
    """

    terms: memoryview
    term_rows: memoryview
    vocabulary: memoryview
    vector_rows: memoryview
    term_factors: memoryview[float]
    vector_factors: memoryview[float]
    hidden_bias: memoryview[float]
    output: memoryview[float]
    output_bias: memoryview[float]


@dataclass(frozen=True, slots=True)
class Scores:
    """What the model finds in one text.

    Attributes:
        n_words: Number of words in the text.
        known: Share of the words (numbers and signs left out) that are known as a term or by a vector of their own,
            0..1; 0 for a text without words.
        logits: One number per activity.
    """

    n_words: int
    known: float
    logits: list[float]


def score(weights: Weights, text: str) -> Scores:
    """Return the scores of one text, without numpy, whose import takes longer than this."""
    words = analyze(text)
    spoken = spoken_words(words)
    n_known = sum(is_known(weights, word) for word in spoken)
    known = n_known / len(spoken) if spoken else 0.0
    return Scores(len(words), known, logits_of(weights, activations(weights, words)))


def activations(weights: Weights, words: list[str]) -> list[float]:
    """Return the activations of the hidden units, 0 or more, for a text of these words."""
    return hidden_of(weights, input_sums(weights, terms(words), spoken_words(words)), len(words))


def input_sums(weights: Weights, of_terms: Iterable[Term], spoken: list[str]) -> list[float]:
    """Return what terms, and the vectors of words, add to each hidden unit, before the scale of the text's length.

    The sums of parts of a text add up to those of the text.
    """
    known_terms = [(row, value) for number, value in of_terms if (row := _row(weights.terms, number)) is not None]
    from_terms = _weighted_sum(weights.term_rows, len(weights.hidden_bias), known_terms)
    from_vectors = _weighted_sum(
        weights.vector_rows, len(weights.hidden_bias), _vector_rows(weights.vocabulary, spoken)
    )
    columns = zip(weights.term_factors, from_terms, weights.vector_factors, from_vectors, strict=True)
    return [tf * t + vf * v for tf, t, vf, v in columns]


def hidden_of(weights: Weights, sums: list[float], n_words: int) -> list[float]:
    """Return the activations of the hidden units, given the input sums of a text of so many words."""
    length = scale(n_words)
    return [max(0.0, length * total + bias) for total, bias in zip(sums, weights.hidden_bias, strict=True)]


def logits_of(weights: Weights, hidden: list[float]) -> list[float]:
    """Return one number per activity, given the activations of the hidden units."""
    width = len(weights.output_bias)
    logits = list(weights.output_bias)
    for row, value in enumerate(hidden):
        if value:
            outgoing = weights.output[row * width : (row + 1) * width]
            logits = [logit + value * weight for logit, weight in zip(logits, outgoing, strict=True)]
    return logits


def _row(numbers: memoryview, number: int) -> int | None:
    """Return where a number stands in an ascending table."""
    row = bisect_left(numbers, number)
    return row if row < len(numbers) and numbers[row] == number else None


def is_known(weights: Weights, word: str) -> bool:
    """Return whether a word is known as a term or by a vector of its own."""
    number = word_number(word)
    return _row(weights.terms, number) is not None or _row(weights.vocabulary, number) is not None


def _vector_rows(vocabulary: memoryview, spoken: list[str]) -> Iterable[tuple[int, float]]:
    """Yield the rows of the vectors of the words' pieces; the pieces of a word share the weight 1."""
    for word in spoken:
        numbers = pieces(word, lambda number: _row(vocabulary, number) is not None)
        for number in numbers:
            yield _row(vocabulary, number) or 0, 1.0 / len(numbers)


def _weighted_sum(rows: memoryview, width: int, chosen: Iterable[tuple[int, float]]) -> list[float]:
    sums = [0.0] * width
    for row, value in chosen:
        sums = [
            total + value * weight for total, weight in zip(sums, rows[row * width : (row + 1) * width], strict=True)
        ]
    return sums
