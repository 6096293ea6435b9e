"""Explanations to drawings for a terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from smclassify.plain import percent, visible
from smclassify.plain_explanation import (
    json_explanation,
    largest_first,
    notes,
    plain_explanation,
    signed,
    why_unsure,
)
from smclassify.render import (
    AWAY,
    WARNING,
    answer_grid,
    colour_of,
    draw,
    drawn_prediction,
    is_terminal,
    say,
    titled,
)
from smclassify.render_parts import Beside

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType
    from rich.table import Table as Grid
    from rich.text import Text

    from smclassify.explanation import Contribution, Explanation, RunnerUp
    from smclassify.neighbours import NearExample

_MOST_ROWS = 10
_KINDS = {"word": "", "pair": "  pair", "first": "  as first word", "last": "  as last word"}
_BAR = 12


def show_explanation(explanation: Explanation, labels: Sequence[str], *, quiet: bool, as_json: bool) -> None:
    """Write an explanation to standard output: drawn on a terminal unless `quiet`, as plain lines or JSON elsewhere."""
    if as_json:
        say(json_explanation(explanation))
    elif quiet or not is_terminal(sys.stdout):
        say("\n".join(plain_explanation(explanation)))
    else:
        draw(drawn_explanation(explanation, labels), sys.stdout)
    sys.stdout.flush()


def drawn_explanation(explanation: Explanation, labels: Sequence[str]) -> RenderableType:
    """Return an answer with its reasons: the words tinted, what they push, the runner-up, like examples."""
    from rich.text import Text  # noqa: PLC0415

    prediction = explanation.prediction
    if prediction.label is None or not prediction.label_definition:
        return drawn_prediction(prediction, labels)
    colour = colour_of(prediction.label, labels)
    grid = answer_grid(prediction, labels)
    if explanation.missed:
        grid.add_row("unsure", Text(why_unsure(explanation.missed), WARNING))
    if explanation.runner_up:
        grid.add_row("runner-up", _runner_up(explanation.runner_up, labels))
        grid.add_row("", Text(explanation.runner_up.definition.text))
    if explanation.contributions:
        name = prediction.label_definition.name
        unit = f"log-odds of {name} {signed(explanation.log_odds, 2)}; lost without the word or pair:"
        grid.add_row("pushes", Text(unit, "dim"))
        grid.add_row("", _pushes(explanation.contributions, colour))
        if (n_more := len(explanation.contributions) - _MOST_ROWS) > 0:
            grid.add_row("", Text(f"and {n_more} smaller, which --json has", "dim"))
    if explanation.nearest:
        grid.add_row("examples", _nearest(explanation.nearest, labels))
    for sentence in notes(explanation):
        grid.add_row("note", Text(visible(sentence)))
    return titled(_tinted(prediction.text, explanation.contributions, colour), grid)


def _tinted(text: str, contributions: Sequence[Contribution], colour: str) -> Text:
    """Return the text with its words in the label's colour or in that of a push away, the stronger the larger."""
    from rich.text import Text  # noqa: PLC0415

    words = [part for part in contributions if part.kind == "word"]
    largest = max((abs(part.push) for part in words), default=0.0)
    tinted, behind = Text(), 0
    for part in words:
        tinted.append(visible(text[behind : part.start]), "bold")
        tinted.append(visible(part.text), _tint(part.push, largest, colour))
        behind = part.end
    tinted.append(visible(text[behind:]), "bold")
    return tinted


def _tint(push: float, largest: float, colour: str) -> str:
    direction = colour if push > 0 else AWAY
    share = abs(push) / largest if largest else 0.0
    return f"bold reverse {direction}" if share > 2 / 3 else f"bold {direction}" if share > 1 / 6 else "bold"


def _runner_up(second: RunnerUp, labels: Sequence[str]) -> RenderableType:
    from rich.text import Text  # noqa: PLC0415

    definition = second.definition
    label = [] if definition.slug == definition.label else [Text(definition.label)]
    name = Text(definition.name, f"bold {colour_of(definition.label, labels)}")
    return Beside([name, *label, Text(percent(second.probability))], 2)


def _pushes(contributions: Sequence[Contribution], colour: str) -> Grid:
    """Return a row per word or pair, the largest first: the signed push, a bar, and what pushes."""
    from rich.table import Table as Grid  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    grid = Grid.grid(padding=(0, 1))
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(no_wrap=True, width=_BAR)
    grid.add_column(overflow="fold")
    shown = largest_first(contributions)
    largest = abs(shown[0].push) or 1.0
    for part in shown[:_MOST_ROWS]:
        style = colour if part.push > 0 else AWAY
        bar = "\u2501" * round(abs(part.push) / largest * _BAR)
        what = Text.assemble(visible(" ".join(part.text.split())), (_KINDS[part.kind], "dim"))
        grid.add_row(Text(signed(part.push, 2), style), Text(bar, style), what)
    return grid


def _nearest(nearest: Sequence[NearExample], labels: Sequence[str]) -> Grid:
    from rich.table import Table as Grid  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    grid = Grid.grid(padding=(0, 1))
    grid.add_column(no_wrap=True)
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for near in nearest:
        style = colour_of(near.label, labels)
        grid.add_row(f"{near.similarity:.2f}", Text(near.activity or near.label, style), Text(visible(near.text)))
    return grid
