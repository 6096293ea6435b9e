"""A comparison of two models as drawn on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smclassify.plain import cut, percent, visible
from smclassify.plain_comparison import changing, plain_total
from smclassify.render import WARNING

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

    from smclassify.comparison import Answer, Change, Comparison


_LONGEST = 300


def drawn_comparison(comparison: Comparison) -> RenderableType:
    """Return the worst changes, and below them how much changed, and from what to what."""
    from rich.console import Group  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    parts = [_changes(comparison.changes), ""] if comparison.changes else []
    total = Text(plain_total(comparison), "bold")
    moves = [_moves(comparison)] if comparison.n_changed else []
    return Group(*parts, total, *moves)


def _changes(changes: tuple[Change, ...]) -> RenderableType:
    from rich.box import SIMPLE_HEAD  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("line", justify="right", no_wrap=True, style="dim")
    table.add_column("text", overflow="fold", ratio=1)
    table.add_column("before", overflow="fold")
    table.add_column("after", overflow="fold")
    for change in changes:
        before, after = _answer(change.before, change.of_label), _answer(change.after, change.of_label)
        table.add_row(str(change.line), Text(cut(visible(change.text), _LONGEST)), before, after)
    return table


def _answer(answer: Answer, is_other: bool) -> Text:  # noqa: FBT001 - whether the label is another one
    from rich.text import Text  # noqa: PLC0415

    label = Text(answer.label or "", "bold" if is_other else "")
    text = Text.assemble(label, f" {percent(answer.confidence)}")
    return text if answer.status == "ok" else text.append(f"\n{answer.status}", WARNING)


def _moves(comparison: Comparison) -> RenderableType:
    from rich.table import Table  # noqa: PLC0415

    grid = Table.grid(padding=(0, 1))
    for style in ("dim", "", "dim", ""):
        grid.add_column(style=style, overflow="fold")
    grid.add_column(justify="right", no_wrap=True)
    for what, moves in (("label", comparison.labels), ("status", comparison.statuses)):
        for move in changing(moves):
            grid.add_row(f"  {what}", move.before, "->", move.after, str(move.n_rows))
    return grid
