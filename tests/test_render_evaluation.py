"""The tables of an evaluation on terminals of any width."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from smclassify.plain_evaluation import Grid
from smclassify.render_evaluation import _Folded

LABELS = [f"label-{n}" for n in range(12)]
GRID = Grid("by label", ("label", *(f"said {name}" for name in LABELS)), [(name, *["0.1234"] * 12) for name in LABELS])


def drawn(width: int) -> list[str]:
    file = io.StringIO()
    Console(file=file, width=width).print(_Folded(GRID))
    return file.getvalue().splitlines()


@pytest.mark.parametrize("width", [30, 60, 80, 140, 300])
def test_every_column_is_shown_beside_its_labels(width: int) -> None:
    lines = drawn(width)
    assert max(map(len, lines)) <= width
    figures = 0
    for line in lines:
        if "0.1234" in line:
            assert line.split()[0] in LABELS
            figures += line.count("0.1234")
    assert figures == 12 * 12
    assert sum("by label" in line for line in lines) == 1


def test_what_fits_is_one_table() -> None:
    assert [sum(line.startswith("label-0 ") for line in drawn(width)) for width in (118, 117, 58)] == [1, 2, 3]
