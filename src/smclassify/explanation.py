"""Why a text has its label: what each word pushes, by leaving it out.

The model is no sum of words: neighbours count in pairs, the length of the text scales all, and the hidden units cut off
what lies below zero. What holds of such a model is what it says of the text without the word ("occlusion": Zeiler and
Fergus, "Visualizing and Understanding Convolutional Networks", ECCV 2014; for words: Li, Monroe and Jurafsky,
"Understanding Neural Networks through Representation Erasure", 2016), and that is all that is shown. The pushes of a
text do not add up to its log-odds.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from smclassify.examples import examples_of
from smclassify.neighbours import Neighbours
from smclassify.text import EDGE, find_places, pair_number, spoken_words, word_number, word_terms
from smclassify.weights import Scores, hidden_of, input_sums, is_known, logits_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from smclassify.definitions import Definition
    from smclassify.model import Missed, Model, Prediction
    from smclassify.neighbours import NearExample
    from smclassify.text import Place
    from smclassify.weights import Weights

Kind = Literal["word", "pair", "first", "last"]

MOST_WORDS = 200
"""How many words of a text are left out in turn, from its beginning: the time grows with their number."""
N_NEAREST = 3


@dataclass(frozen=True, slots=True)
class Contribution:
    """What a part of the text pushes towards the label.

    Attributes:
        start: Where the part begins in the text, in characters from 0.
        end: Where it ends: the place behind its last character.
        text: The part as written: `text[start:end]` of the whole text.
        kind: `word`: the word is left out of the text. `pair`: only the term for these two neighbours is left out, both
            words stay. `first`, `last`: likewise the term for a word that begins or ends the text.
        push: Log-odds of the label (natural logarithm of p / (1 - p), p calibrated) with the part minus without it:
            above 0 towards the label, below 0 away from it.
    """

    start: int
    end: int
    text: str
    kind: Kind
    push: float


@dataclass(frozen=True, slots=True)
class RunnerUp:
    """The likeliest activity, of any label, besides the one shown; its probability among all activities, 0..1."""

    definition: Definition
    probability: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why the model says what it says of one text.

    Attributes:
        prediction: What the model says.
        log_odds: Log-odds of the label; 0 for an empty text.
        contributions: What the words and pairs push, in the order of the text. Pairs that the model does not know push
            nothing and are left out.
        n_words: Number of words in the text.
        n_explained: Number of words that have contributions: all of them, or the first ones of a long text.
        runner_up: The second likeliest activity; None for an empty text.
        missed: The limits that make the answer `unsure`; none otherwise.
        nearest: The labelled examples that are most like the text, nearest first.
        why_none: Why no examples are shown, as a sentence; empty if there are some, or if none were asked for.
    """

    prediction: Prediction
    log_odds: float = 0.0
    contributions: tuple[Contribution, ...] = ()
    n_words: int = 0
    n_explained: int = 0
    runner_up: RunnerUp | None = None
    missed: tuple[Missed, ...] = ()
    nearest: tuple[NearExample, ...] = ()
    why_none: str = ""


def iter_explanations(model: Model, texts: Iterable[str], n_nearest: int = N_NEAREST) -> Iterator[Explanation]:
    """Yield why a model gives each text its label, with examples it learnt from, if these can be found.

    Args:
        model: What labels the texts.
        texts: The texts; taken one by one, so that they may still be arriving.
        n_nearest: How many examples to show at most; the file with them is not read for 0.
    """
    examples = Neighbours(model.weights, examples_of(model)) if n_nearest else None
    for text in texts:
        yield explain(model, text, examples, n_nearest)


def explain(model: Model, text: str, examples: Neighbours | None = None, n_nearest: int = N_NEAREST) -> Explanation:
    """Return why the model gives a text its label.

    Args:
        model: What labels the text.
        text: The text; only its first 200 words are left out in turn.
        examples: Where to look for examples that are like the text; None to look for none.
        n_nearest: How many of them to show at most.
    """
    [prediction] = model.predict([text])
    if prediction.label is None:
        return Explanation(prediction)
    places = find_places(text)
    explained = places[:MOST_WORDS]
    parts = _Parts(model.weights, [word for place in places for word in place.words])
    whole = parts.scores()
    log_odds = model.log_odds(prediction.label, whole)
    pushes = [
        Contribution(start, end, text[start:end], kind, log_odds - model.log_odds(prediction.label, without))
        for start, end, kind, without in _left_out(parts, explained)
    ]
    first, second = sorted(prediction.scores.values(), reverse=True)[:2]
    missed = model.thresholds.missed(first, first - second, whole.known)
    nearest = tuple(examples.nearest(text, n_nearest)) if examples else ()
    return Explanation(
        prediction=prediction,
        log_odds=log_odds,
        contributions=tuple(sorted(pushes, key=lambda push: (push.start, push.end))),
        n_words=whole.n_words,
        n_explained=sum(len(place.words) for place in explained),
        runner_up=_runner_up(model, prediction, whole),
        missed=tuple(missed) if prediction.source == "model" else (),
        nearest=nearest,
        why_none="" if nearest or not examples else examples.why_none or "No labelled example has a word of the text.",
    )


def _runner_up(model: Model, prediction: Prediction, scores: Scores) -> RunnerUp:
    others = model.activity_probabilities(scores)
    others.pop(prediction.activity or "")
    name = max(others, key=lambda name: others[name])
    return RunnerUp(model.catalogue.activities[name], others[name])


def _left_out(parts: _Parts, places: Sequence[Place]) -> Iterator[tuple[int, int, Kind, Scores]]:
    """Yield each part of the text, from where to where it stands, with the scores of the text without it."""
    word = 0
    for number, place in enumerate(places):
        behind = word + len(place.words)
        yield place.start, place.end, "word", parts.scores_without(word, behind)
        for pair in filter(parts.is_known_pair, range(word, behind)):
            left = places[number - 1] if number and pair == word else place
            yield left.start, place.end, "pair" if pair else "first", parts.scores_without_pair(pair)
        word = behind
    if 0 < word == parts.n_words and parts.is_known_pair(word):
        yield places[-1].start, places[-1].end, "last", parts.scores_without_pair(word)


class _Parts:
    """What each word and each pair of a text adds to the hidden layer, so that any can be left out.

    Pair `k` stands before word `k`: pair 0 is the beginning of the text with its first word, and the last pair is its
    last word with its end.
    """

    def __init__(self, weights: Weights, words: list[str]) -> None:
        self.n_words = len(words)
        self._weights = weights
        self._numbers = [EDGE, *map(word_number, words), EDGE]
        of_word = {word: input_sums(weights, word_terms(word), spoken_words([word])) for word in set(words)}
        self._words = [of_word[word] for word in words]
        self._pairs = [self._pair(left, right) for left, right in pairwise(self._numbers)]
        self._total = [sum(column) for column in zip(*self._words, *self._pairs, strict=True)]
        spoken = set(spoken_words(words))
        known = {word for word in spoken if is_known(weights, word)}
        self._spoken = [word in spoken for word in words]
        self._known = [word in known for word in words]

    def is_known_pair(self, pair: int) -> bool:
        """Return whether the model knows a term for a pair of this text that is not zero."""
        return any(self._pairs[pair])

    def scores(self) -> Scores:
        """Return the scores of the whole text."""
        return self._scores(self._total)

    def scores_without(self, start: int, end: int) -> Scores:
        """Return the scores of the text without the words from `start` to before `end`; their neighbours meet."""
        gone = [*self._words[start:end], *self._pairs[start : end + 1]]
        met = self._pair(self._numbers[start], self._numbers[end + 1])
        sums = [total - sum(left_out) + new for total, new, *left_out in zip(self._total, met, *gone, strict=True)]
        return self._scores(sums, start, end)

    def scores_without_pair(self, pair: int) -> Scores:
        """Return the scores of the text with all its words, but without one of its pairs."""
        sums = [total - left_out for total, left_out in zip(self._total, self._pairs[pair], strict=True)]
        return self._scores(sums)

    def _pair(self, left: int, right: int) -> list[float]:
        return input_sums(self._weights, [(pair_number(left, right), 1.0)], [])

    def _scores(self, sums: list[float], start: int = 0, end: int = 0) -> Scores:
        """Return the scores of the text without the words from `start` to before `end`, given its input sums."""
        n_words = self.n_words - (end - start)
        n_spoken, n_known = (sum(counts) - sum(counts[start:end]) for counts in (self._spoken, self._known))
        logits = logits_of(self._weights, hidden_of(self._weights, sums, n_words))
        return Scores(n_words, n_known / n_spoken if n_spoken else 0.0, logits)
