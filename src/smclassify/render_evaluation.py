"""An assessment as drawn on a terminal."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING

from smclassify.plain_evaluation import grids

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console, ConsoleOptions, RenderableType

    from smclassify.plain_evaluation import Grid
    from smclassify.training.assessment import Assessment


_LEAST_TEXT = 16
"""Least width of a column of texts, if one of them is as long; below, they are hard to read."""

_NO_BREAK = "\xa0"

_BETWEEN = 2
"""Blanks between two columns."""


def drawn_assessment(assessment: Assessment) -> RenderableType:
    """Return the tables of a report; one that is too wide for the terminal goes on below, with its first column."""
    from rich.console import Group  # noqa: PLC0415

    return Group(*(_Folded(grid) for grid in grids(assessment)))


class _Folded:
    """A grid in as many tables as it takes to show every column."""

    def __init__(self, grid: Grid) -> None:
        self.grid = grid

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        """Yield the tables for the width there is."""
        title = f"\n{self.grid.title}"
        for places in _fitting(self.grid, options.max_width):
            yield _drawn(self.grid, places, title)
            title = " "


def _fitting(grid: Grid, width: int) -> list[list[int]]:
    """Return the places of the columns of each table."""
    tables = [[0]]
    first = left = width - _least_width(grid, 0)
    for place in range(1, len(grid.headers)):
        needed = _BETWEEN + _least_width(grid, place)
        if needed > left and len(tables[-1]) > 1:
            tables.append([0])
            left = first
        tables[-1].append(place)
        left -= needed
    return tables


def _least_width(grid: Grid, place: int) -> int:
    cells = [row[place] for row in grid.rows]
    words = _words(grid.headers[place])
    longest = max(map(len, cells), default=0)
    return max(longest if grid.is_number(place) else min(longest, _LEAST_TEXT), *map(len, words), 0)


def _drawn(grid: Grid, places: Sequence[int], title: str) -> RenderableType:
    from rich.box import SIMPLE_HEAD  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(title=Text(title), title_style="bold", title_justify="left", box=SIMPLE_HEAD, show_edge=False)
    table.padding, table.pad_edge = (0, 1, 0, 0), False
    for place in places:
        header, cells = grid.headers[place], [row[place] for row in grid.rows]
        if grid.is_number(place):
            table.add_column(Text(_narrow(header, cells)), justify="right", no_wrap=True)
        else:
            table.add_column(Text(header), overflow="fold", min_width=_least_width(grid, place))
    for row in grid.rows:
        table.add_row(*(Text(row[place]) for place in places))
    return table


def _narrow(header: str, cells: Sequence[str]) -> str:
    """Return a header on as many lines as it takes to be no wider than the cells or its longest word."""
    words = _words(header)
    return "\n".join(wrap(" ".join(words), max(map(len, (*cells, *words))))).replace(_NO_BREAK, " ")


def _words(header: str) -> list[str]:
    """Return what a header may be broken into: a number stays with its sign of percent."""
    return header.replace(" %", f"{_NO_BREAK}%").split(" ")
