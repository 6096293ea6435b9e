from __future__ import annotations

import io
from dataclasses import replace
from typing import TYPE_CHECKING

from comparing import CALL_X, OF_TASKS, RANK, SIGN
from rich.console import Console

from smclassify.render_comparison import drawn_comparison

if TYPE_CHECKING:
    from smclassify.comparison import Comparison

LONG = "sign [b]it[/b] off with the buyer of the three corner sofas, and send the papers on to the warehouse"
WITH_A_LONG_TEXT = replace(OF_TASKS, changes=(replace(SIGN, line=1234, text=LONG), CALL_X))
COUNTS = """
7 rows: 4 changed (3 labels, 3 statuses)
  label  sales     -> marketing 2
  label  marketing -> sales     1
  status ok        -> unsure    2
  status unsure    -> ok        1"""


def drawn(comparison: Comparison, width: int) -> str:
    console = Console(file=io.StringIO(), width=width, highlight=False, markup=False, emoji=False)
    with console.capture() as capture:
        console.print(drawn_comparison(comparison))
    return "\n".join(line.rstrip() for line in capture.get().splitlines())


def test_a_narrow_drawing() -> None:
    assert drawn(WITH_A_LONG_TEXT, 60) == (
        f"line  text                        before      after\n{60 * '─'}\n"
        "1234  sign [b]it[/b] off with     sales 79 %  marketing 58 %\n"
        "      the buyer of the three                  unsure\n"
        "      corner sofas, and send the\n"
        "      papers on to the warehouse\n"
        "   5  call x                      sales 75 %  sales 75 %\n"
        f"                                  unsure\n{COUNTS}"
    )


def test_a_wide_drawing() -> None:
    gap = " " * (len(LONG) - 4)
    assert drawn(WITH_A_LONG_TEXT, 140) == (
        f"line  text{gap}  before      after\n{134 * '─'}\n"
        f"1234  {LONG}  sales 79 %  marketing 58 %\n"
        f"          {gap}              unsure\n"
        f"   5  call x{gap[2:]}  sales 75 %  sales 75 %\n"
        f"          {gap}  unsure\n{COUNTS}"
    )


def test_control_characters_and_endless_texts() -> None:
    lines = drawn(replace(OF_TASKS, changes=(replace(RANK, text="\x1b[31m\n" + "x" * 400),)), 400).splitlines()
    assert lines[2] == f"   3  \\x1b[31m\\n{'x' * 287}...  marketing 58 %  sales 79 %"


def test_nothing_changed() -> None:
    same = replace(OF_TASKS, n_changed=0, changes=(), labels=OF_TASKS.labels[:1], statuses=OF_TASKS.statuses[:1])
    assert drawn(same, 60) == "7 rows: 0 changed (0 labels, 0 statuses)"
