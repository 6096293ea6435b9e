"""The model: from texts to predictions."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from math import exp, log
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from smclassify.text import normalise
from smclassify.weights import Scores, Weights, score

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from smclassify.batch_scoring import BatchScorer
    from smclassify.definitions import Catalogue, Definition, LabelDefinition
    from smclassify.glossary import Entry, Glossary
    from smclassify.predictions import PredictionTable

Status = Literal["ok", "unsure", "empty"]
STATUSES: tuple[Status, ...] = ("ok", "unsure", "empty")
Source = Literal["model", "glossary"]
SOURCES: tuple[Source, ...] = ("model", "glossary")

_FEW = 64


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the model says of one text.

    Attributes:
        text: The text as given.
        label: The best guess, also when unsure; None for a text without anything in it.
        confidence: Calibrated probability of `label`, 0..1; 0 for an empty text.
        status: `ok`; `unsure` when the thresholds of the model say that a person should look; `empty`.
        scores: Label -> probability; they sum to 1. Empty for an empty text.
        activity: Slug of the likeliest activity inside `label`; None for an empty text.
        activity_confidence: Probability of `activity`, given that `label` is right, 0..1.
        definition: What the activity is; None for an empty text.
        label_definition: What the label is; None for an empty text.
        source: What decided: `model`, or `glossary`, which is sure of its label; None for an empty text.
        phrase: The phrase of the glossary that decided; None if the model did.
    """

    text: str
    label: str | None
    confidence: float
    status: Status
    scores: dict[str, float]
    activity: str | None
    activity_confidence: float
    definition: Definition | None
    label_definition: LabelDefinition | None
    source: Source | None = "model"
    phrase: str | None = None


class Missed(NamedTuple):
    """A limit that an answer does not reach: which of the fields of `Thresholds`, its value and the limit."""

    measure: Literal["confidence", "margin", "known"]
    value: float
    limit: float


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Below any of these a prediction is `unsure`.

    Attributes:
        confidence: Least probability of the label, 0..1.
        margin: Least distance from the probability of the second label, 0..1.
        known: Least share of words that the training data contain, 0..1.
    """

    confidence: float
    margin: float
    known: float

    def missed(self, confidence: float, margin: float, known: float) -> list[Missed]:
        """Return the limits that these values lie below; none for a prediction that is `ok`."""
        measures = (
            Missed("confidence", confidence, self.confidence),
            Missed("margin", margin, self.margin),
            Missed("known", known, self.known),
        )
        return [measure for measure in measures if measure.value < measure.limit]


@dataclass(frozen=True, slots=True)
class Temperatures:
    """What logits are divided by before they become probabilities, so that these fit held-out examples.

    Attributes:
        label: For the logits of the labels; above 0.
        activity: For the logits of the activities inside a label; above 0.
    """

    label: float
    activity: float


class _Answer(NamedTuple):
    """One row of a `PredictionTable`: places of label, activity, status and source, and two probabilities."""

    label: int
    activity: int
    status: int
    confidence: float
    activity_confidence: float
    source: int = 0


@dataclass(frozen=True)
class Model:
    """A trained classifier; immutable, and safe to share between threads.

    The logit of a label is the log of the summed exponentials of its activities' logits: the probability of a label is
    that of all its activities together, before the temperature.

    Attributes:
        weights: The numbers.
        labels: Slugs of the labels, in the order of the columns.
        activities: Slugs of the activities, in the order of the columns.
        catalogue: The definitions that go with the labels and activities.
        temperatures: What makes the probabilities honest.
        thresholds: When a prediction is `unsure`.
        facts: How the model was trained and what was measured, as in the model file; see `models/README.md`.
        path: The file it was read from, if it was.
        glossary: Phrases of the user's own, which decide before the model; None if there are none.
    """

    weights: Weights
    labels: tuple[str, ...]
    activities: tuple[str, ...]
    catalogue: Catalogue
    temperatures: Temperatures
    thresholds: Thresholds
    facts: dict[str, Any] = field(default_factory=dict)
    path: Path | None = field(default=None, compare=False)
    glossary: Glossary | None = None

    def predict(self, texts: Iterable[str]) -> list[Prediction]:
        """Return a prediction for each text, in order."""
        texts = list(texts)
        if len(texts) <= _FEW:
            return [self._decide(text, score(self.weights, text)) for text in texts]
        table = self.predict_table(texts)
        answers = (
            table.label,
            table.activity,
            table.status,
            table.confidence,
            table.activity_confidence,
            table.source,
        )
        columns = (column.tolist() for column in answers)
        rows = zip(texts, table.probabilities.tolist(), map(_Answer._make, zip(*columns, strict=True)), strict=True)
        return [self._prediction(*row) for row in rows]

    def predict_table(self, texts: Iterable[str]) -> PredictionTable:
        """Return the predictions of many texts as columns, which is faster than one object each."""
        from smclassify.predictions import decide, joined  # noqa: PLC0415 - imports numpy

        texts = list(texts)
        parts, done = [], 0
        for scores in self._scorer.parts(texts):
            n_texts = len(scores.n_words)
            parts.append(decide(self, texts[done : done + n_texts], scores))
            done += n_texts
        return joined(parts)

    def predict_proba(self, texts: Iterable[str]) -> NDArray[np.float64]:
        """Return the probabilities of the labels, in the order of `labels`, float64, shape (n_texts, n_labels).

        Blank texts get the probabilities of a text without known words.
        """
        return self.predict_table(texts).probabilities

    @cached_property
    def _scorer(self) -> BatchScorer:
        from smclassify.batch_scoring import BatchScorer  # noqa: PLC0415 - imports numpy

        return BatchScorer(self.weights)

    @cached_property
    def columns(self) -> dict[str, range]:
        """The columns of the activities of each label, which stand side by side."""
        owners = [self.catalogue.activities[slug].label for slug in self.activities]
        firsts = {label: owners.index(label) for label in self.labels}
        return {label: range(first, first + owners.count(label)) for label, first in firsts.items()}

    def _decide(self, text: str, scores: Scores) -> Prediction:
        if not scores.n_words and not normalise(text).strip():
            return _nothing(text)
        logits = scores.logits
        if self.glossary and (entry := self.glossary.find(text)):
            return self._decided(text, entry, logits)
        probabilities = self._label_probabilities(scores)
        confidence, second = sorted(probabilities, reverse=True)[:2]
        label = probabilities.index(confidence)
        activity, activity_confidence = self._likeliest(self.labels[label], logits)
        missed = self.thresholds.missed(confidence, confidence - second, scores.known)
        answer = _Answer(label, activity, 1 if missed else 0, confidence, activity_confidence)
        return self._prediction(text, probabilities, answer)

    def _likeliest(self, label: str, logits: list[float]) -> tuple[int, float]:
        """Return the place of the likeliest activity inside a label, and its probability."""
        columns = self.columns[label]
        of_activities = _softmax(logits[columns.start : columns.stop], self.temperatures.activity)
        highest = max(of_activities)
        return columns[of_activities.index(highest)], highest

    def _decided(self, text: str, entry: Entry, logits: list[float]) -> Prediction:
        """Return what the glossary says of a text."""
        activity, activity_confidence = (
            (self.activities.index(entry.activity), 1.0) if entry.activity else self._likeliest(entry.label, logits)
        )
        answer = _Answer(
            label=self.labels.index(entry.label),
            activity=activity,
            status=STATUSES.index("ok"),
            confidence=1.0,
            activity_confidence=activity_confidence,
            source=SOURCES.index("glossary"),
        )
        return self._prediction(text, [float(label == entry.label) for label in self.labels], answer)

    def log_odds(self, label: str, scores: Scores) -> float:
        """Return the natural logarithm of p / (1 - p), where p is the calibrated probability of a label."""
        place = self.labels.index(label)
        if not scores.known:
            probabilities = self._label_probabilities(scores)
            return log(probabilities.pop(place)) - log(sum(probabilities))
        others = [logit / self.temperatures.label for logit in self._label_logits(scores)]
        return others.pop(place) - _log_sum_exp(others)

    def activity_probabilities(self, scores: Scores) -> dict[str, float]:
        """Return activity -> calibrated probability among those of all labels; they sum to 1."""
        of_activities: dict[str, float] = {}
        for columns, of_label in zip(self.columns.values(), self._label_probabilities(scores), strict=True):
            inside = _softmax(scores.logits[columns.start : columns.stop], self.temperatures.activity)
            names = self.activities[columns.start : columns.stop]
            of_activities |= {name: of_label * share for name, share in zip(names, inside, strict=True)}
        return of_activities

    def _label_logits(self, scores: Scores) -> list[float]:
        return [_log_sum_exp(scores.logits[of.start : of.stop]) for of in self.columns.values()]

    def _label_probabilities(self, scores: Scores) -> list[float]:
        probabilities = _softmax(self._label_logits(scores), self.temperatures.label)
        if not scores.known:  # half a guess; see predictions.label_probabilities
            probabilities = [(probability + 1 / len(probabilities)) / 2 for probability in probabilities]
        return probabilities

    def _prediction(self, text: str, probabilities: list[float], answer: _Answer) -> Prediction:
        status = STATUSES[answer.status]
        if status == "empty":
            return _nothing(text)
        label, activity = self.labels[answer.label], self.activities[answer.activity]
        source = SOURCES[answer.source]
        entry = self.glossary.find(text) if self.glossary and source == "glossary" else None
        return Prediction(
            text=text,
            label=label,
            confidence=answer.confidence,
            status=status,
            scores=dict(zip(self.labels, probabilities, strict=True)),
            activity=activity,
            activity_confidence=answer.activity_confidence,
            definition=self.catalogue.activities[activity],
            label_definition=self.catalogue.labels[label],
            source=source,
            phrase=entry.phrase if entry else None,
        )


def _nothing(text: str) -> Prediction:
    """Return what there is to say of an empty text."""
    return Prediction(text, None, 0.0, "empty", {}, None, 0.0, None, None, None)


def _log_sum_exp(logits: list[float]) -> float:
    highest = max(logits)
    return highest + log(sum(exp(logit - highest) for logit in logits))


def _softmax(logits: list[float], temperature: float) -> list[float]:
    highest = max(logits)
    odds = [exp((logit - highest) / temperature) for logit in logits]
    total = sum(odds)
    return [odd / total for odd in odds]
