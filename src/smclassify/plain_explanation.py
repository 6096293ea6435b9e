"""Explanations to plain text and JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from smclassify.plain import as_json, plain_prediction, prediction_fields, visible

if TYPE_CHECKING:
    from collections.abc import Iterable

    from smclassify.explanation import Contribution, Explanation
    from smclassify.model import Missed

_MEASURES = {"confidence": "confidence", "margin": "margin over the second label", "known": "share of known words"}


def plain_explanation(explanation: Explanation) -> list[str]:
    """Return lines whose first cell says what they hold, with tabs between the cells.

    - `answer`, and what `plain_prediction` gives: one per text, before all its other lines.
    - `unsure`, a sentence.
    - `runner-up`, probability, activity, label, definition.
    - `word`, `pair`, `first` or `last`, push, text: the largest first.
    - `example`, similarity, text, label, activity: the nearest first.
    - `note`, a sentence.
    """
    rows: list[tuple[str, ...]] = []
    if explanation.missed:
        rows.append(("unsure", why_unsure(explanation.missed)))
    if (second := explanation.runner_up) is not None:
        definition = second.definition
        rows.append(("runner-up", f"{second.probability:.4f}", definition.slug, definition.label, definition.text))
    rows += [(part.kind, signed(part.push, 4), visible(part.text)) for part in largest_first(explanation.contributions)]
    rows += [
        ("example", f"{near.similarity:.4f}", visible(near.text), near.label, near.activity)
        for near in explanation.nearest
    ]
    rows += [("note", visible(sentence)) for sentence in notes(explanation)]
    return ["answer\t" + plain_prediction(explanation.prediction), *("\t".join(row) for row in rows)]


def json_explanation(explanation: Explanation) -> str:
    """Return one line of JSON: the fields of the prediction, and those of the explanation."""
    second = explanation.runner_up
    return as_json(
        prediction_fields(explanation.prediction)
        | {
            "log_odds": round(explanation.log_odds, 6),
            "unsure_because": [missed._asdict() for missed in explanation.missed],
            "runner_up": second and asdict(second) | {"probability": round(second.probability, 6)},
            "n_words": explanation.n_words,
            "n_explained": explanation.n_explained,
            "contributions": [asdict(part) | {"push": round(part.push, 6)} for part in explanation.contributions],
            "nearest": [asdict(near) | {"similarity": round(near.similarity, 6)} for near in explanation.nearest],
            "notes": notes(explanation),
        }
    )


def largest_first(contributions: Iterable[Contribution]) -> list[Contribution]:
    """Return contributions by the size of their push, whichever its direction."""
    return sorted(contributions, key=lambda part: -abs(part.push))


def why_unsure(missed: Iterable[Missed]) -> str:
    """Return which limits an answer misses, such as `confidence 0.71 is below 0.87`.

    >>> from smclassify.model import Thresholds
    >>> why_unsure(Thresholds(0.8714, 0.2, 0.5).missed(0.8709, 0.7418, 0.25))
    'confidence 0.8709 is below 0.8714 and share of known words 0.25 is below 0.50'
    """
    return " and ".join(_comparison(*measure) for measure in missed)


def _comparison(measure: str, value: float, limit: float) -> str:
    """Return both numbers with as many digits as it takes to see that they differ, from two on."""
    digits = next(digits for digits in range(2, 18) if digits == 17 or f"{value:.{digits}f}" != f"{limit:.{digits}f}")
    return f"{_MEASURES[measure]} {value:.{digits}f} is below {limit:.{digits}f}"


def signed(push: float, digits: int) -> str:
    """Return a push with its sign; what rounds to nothing has none.

    >>> signed(2.5, 2), signed(-0.001, 2)
    ('+2.50', '0.00')
    """
    rounded = round(push, digits)
    return f"{rounded:+.{digits}f}" if rounded else f"{0:.{digits}f}"


def notes(explanation: Explanation) -> list[str]:
    """Return sentences on what the numbers do not say."""
    prediction = explanation.prediction
    if prediction.label is None:
        return []
    sentences = []
    if prediction.phrase is not None:
        sentences.append(f"The glossary decided, by {prediction.phrase!r}; all other figures are the model's.")
    n_words = sum(part.kind == "word" for part in explanation.contributions)
    if not n_words:
        sentences.append("There are no words in the text, so none can be left out.")
    elif n_words == 1:
        sentences.append("Without its only word, the text is compared with one without known words.")
    if explanation.n_explained < explanation.n_words:
        sentences.append(
            f"Only the first {explanation.n_explained} of {explanation.n_words} words were left out in turn."
        )
    if explanation.why_none:
        sentences.append(explanation.why_none)
    return sentences
