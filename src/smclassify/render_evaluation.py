"""An assessment as drawn on a terminal."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING

from smclassify.plain_evaluation import grids

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from smclassify.plain_evaluation import Grid
    from smclassify.training.assessment import Assessment


def drawn_assessment(assessment: Assessment) -> RenderableType:
    """Return the tables of a report."""
    from rich.console import Group  # noqa: PLC0415

    return Group(*(_drawn(grid) for grid in grids(assessment)))


def _drawn(grid: Grid) -> RenderableType:
    from rich.box import SIMPLE_HEAD  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    title = Text(f"\n{grid.title}")
    table = Table(title=title, title_style="bold", title_justify="left", box=SIMPLE_HEAD, show_edge=False)
    table.padding, table.pad_edge = (0, 1, 0, 0), False
    for place, (header, *cells) in enumerate(zip(grid.headers, *grid.rows, strict=True)):
        if grid.is_number(place):
            table.add_column(Text(_narrow(header, cells)), justify="right", no_wrap=True)
        else:
            table.add_column(Text(header), overflow="fold")
    for row in grid.rows:
        table.add_row(*map(Text, row))
    return table


def _narrow(header: str, cells: Sequence[str]) -> str:
    """Return a header on as many lines as it takes to be no wider than the cells or its longest word."""
    return "\n".join(wrap(header, max(map(len, (*cells, *header.split())))))
