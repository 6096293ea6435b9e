"""A review, one key after the other: what is asked next, what was answered, and what a key does."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from smclassify.corrections import Correction
from smclassify.explanation import Explanation, explain
from smclassify.weights import score

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from smclassify.model import Model, Prediction

KEEP = "\r\nk"
SKIP = " n"
UNDO = "u"
QUIT = "q"
END = "\x04"
"""What stands for the end of the input: Ctrl-D, or a terminal that is gone."""
LONGEST_EXPLAINED = 1000
"""Most characters of a text of which is said what pushes: nobody wants to wait between two questions."""
_RESERVED = KEEP + SKIP + UNDO + QUIT
_NUMBERED = "123456789" + "".join(letter for letter in "abcdefghijklmnopqrstuvwxyz" if letter not in _RESERVED)


@dataclass(frozen=True, slots=True)
class Step:
    """What was done with one text.

    Attributes:
        text: The text.
        label: The label that the person chose; `""` if the model's was kept; None if the text was skipped.
    """

    text: str
    label: str | None


@dataclass(frozen=True, slots=True)
class Review:
    """A review under way.

    Attributes:
        label_keys: The key of each label.
        waiting: The texts that are still to be asked, the next first.
        steps: What was done, oldest first; begins with the answers of earlier reviews.
        n_earlier: How many of the steps are answers of earlier reviews.
        is_over: Whether the person has finished.
    """

    label_keys: Mapping[str, str]
    waiting: tuple[str, ...]
    steps: tuple[Step, ...] = ()
    n_earlier: int = 0
    is_over: bool = False

    @property
    def n_done(self) -> int:
        """How many texts were answered or skipped in this review."""
        return len(self.steps) - self.n_earlier

    @property
    def n_answers(self) -> int:
        """How many answers there are, those of earlier reviews among them."""
        return sum(step.label is not None for step in self.steps)


def keys_of(labels: Sequence[str]) -> dict[str, str]:
    """Return the key of each label: its first letter if all differ and no other action has it, else a number.

    >>> keys_of(["sales", "marketing", "other"])
    {'sales': 's', 'marketing': 'm', 'other': 'o'}
    >>> keys_of(["news", "notes"])
    {'news': '1', 'notes': '2'}
    """
    letters = [label[0].casefold() for label in labels]
    usable = len(set(letters)) == len(labels) and all(
        letter.isalnum() and letter not in _RESERVED for letter in letters
    )
    return dict(zip(labels, letters if usable else _NUMBERED, strict=False))


def begin(labels: Sequence[str], waiting: Sequence[str], earlier: Sequence[Correction]) -> Review:
    """Return a review at its start.

    Args:
        labels: The model's labels.
        waiting: The texts to ask about, in order.
        earlier: The answers of earlier reviews, oldest first.
    """
    steps = tuple(Step(correction.text, correction.label) for correction in earlier)
    return Review(keys_of(labels), tuple(waiting), steps, len(steps))


def press(review: Review, key: str) -> Review:
    """Return the review after a key; the same object if the key does nothing."""
    key = key.casefold()
    if key in {QUIT, END} or (not review.waiting and key and key in KEEP):
        return replace(review, is_over=True)
    if key == UNDO:
        return _undone(review)
    if not review.waiting or len(key) != 1:
        return review
    if key in SKIP:
        return _stepped(review, None)
    if key in KEEP:
        return _stepped(review, "")
    chosen = [label for label, label_key in review.label_keys.items() if label_key == key]
    return _stepped(review, chosen[0]) if chosen else review


def _stepped(review: Review, label: str | None) -> Review:
    step = Step(review.waiting[0], label)
    return replace(review, waiting=review.waiting[1:], steps=(*review.steps, step))


def _undone(review: Review) -> Review:
    if not review.steps:
        return review
    *steps, last = review.steps
    return replace(
        review,
        waiting=(last.text, *review.waiting),
        steps=tuple(steps),
        n_earlier=min(review.n_earlier, len(steps)),
    )


def asked_of(model: Model, text: str) -> Explanation:
    """Return what a person should know of a text: the model's answer, and why, unless the text is too long for that."""
    if len(text) > LONGEST_EXPLAINED:
        return Explanation(model.predict([text])[0])
    return explain(model, text)


def correction_of(model: Model, prediction: Prediction, label: str, digest: str) -> Correction:
    """Return an answer as it is recorded, with the likeliest activity inside the label.

    Args:
        model: What made the prediction.
        prediction: What the person saw; not of an empty text.
        label: The label that the person chose; `""` if the model's is right.
        digest: The model's digest.
    """
    was, activity = prediction.label, prediction.activity
    assert was is not None  # noqa: S101 - tells the type
    assert activity is not None  # noqa: S101 - likewise
    chosen = label or was
    if chosen != was:
        logits = score(model.weights, prediction.text).logits
        activity = model.activities[max(model.columns[chosen], key=logits.__getitem__)]
    return Correction(prediction.text, chosen, activity, was, round(prediction.confidence, 4), digest[:12])
