"""The screens of a review. Each is drawn below the one before it, which works on every terminal of any size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from smclassify.plain import visible
from smclassify.plain_explanation import largest_first, signed
from smclassify.render import SAVED, WARNING, answer_grid, titled
from smclassify.render_parts import Beside

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from smclassify.corrections import Correction
    from smclassify.explanation import Explanation
    from smclassify.review import Review

_LONGEST = 1000
"""Most characters of a text that are shown."""
_MOST_WORDS = 4


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, and what the person should see of it.

    Attributes:
        explanation: What the model says of the text, and why; None if there is nothing left to ask.
        labels: The model's labels.
        n_corrected: How many answers of this review contradict the model.
    """

    explanation: Explanation | None
    labels: Sequence[str]
    n_corrected: int


def drawn_question(review: Review, question: Question) -> RenderableType:
    """Return a screen: progress, the text with the model's answer, and the keys."""
    from rich.console import Group  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    total = review.n_done + len(review.waiting)
    if question.explanation is None:
        end = f"\nAll {total} are done, {question.n_corrected} corrected."
        return Group(Text(end, "bold"), _key_line([("u", "undo"), ("Enter", "quit")]))
    keys = [(key, label) for label, key in review.label_keys.items()]
    keys += [("Enter", "keep"), ("Space", "skip"), ("u", "undo"), ("q", "quit")]
    return Group(
        Text(f"\n{review.n_done + 1} of {total}, {question.n_corrected} corrected", "bold"),
        _drawn_answer(question.explanation, question.labels),
        _key_line(keys),
    )


def drawn_saved(correction: Correction) -> RenderableType:
    """Return a line that says what was saved."""
    from rich.text import Text  # noqa: PLC0415

    said = dict.fromkeys((correction.label, correction.activity))  # a label may be its own activity
    return Text(f"saved: {', '.join(said)}", SAVED)


def drawn_undone(correction: Correction) -> RenderableType:
    """Return a line that says which answer was taken back."""
    from rich.text import Text  # noqa: PLC0415

    return Text(f"taken back: {correction.label}", WARNING)


def _key_line(keys: Sequence[tuple[str, str]]) -> RenderableType:
    from rich.text import Text  # noqa: PLC0415

    return Beside([Text.assemble((key, "bold reverse"), f" {visible(name)}") for key, name in keys], 3)


def _drawn_answer(explanation: Explanation, labels: Sequence[str]) -> RenderableType:
    """Return the text, the model's answer, and the words that push most."""
    from rich.text import Text  # noqa: PLC0415

    text = explanation.prediction.text
    shown = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}... ({len(text):,} characters)"
    grid = answer_grid(explanation.prediction, labels)
    words = [part for part in largest_first(explanation.contributions) if part.kind == "word"]
    if words:
        pushes = [Text(f"{visible(word.text)} {signed(word.push, 1)}") for word in words[:_MOST_WORDS]]
        grid.add_row("pushes", Beside(pushes, 3))
    return titled(Text(visible(shown), "bold"), grid)
