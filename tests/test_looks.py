"""What a terminal shows: no line is wider than it, colours can be read on any ground, and no encoding is too poor."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any

import pytest
import typer
from conftest import make_model
from rich.cells import cell_len
from rich.color import Color, ColorSystem, ColorType
from rich.console import Console
from rich.text import Text
from terminal import on_terminal

from smclassify import render
from smclassify.artifact import save_model
from smclassify.cli import make_app
from smclassify.model import Thresholds
from smclassify.render_parts import Beside

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import RenderableType

LONG = "call the customer about the renewal and sign the offer " * 7
TINY = ("--model", "tiny.model")
COMMANDS = ("", "classify", "explain", "batch", "report", "review", "define", "info", "train", "evaluate", "diff")
WIDTHS = (60, 80, 140)
ROWS = f"""\
task,label,team
rank the page,marketing,north
sign,sales,south
web,sales,south
"{LONG}",sales,south
"""
SHORT = """\
task,label,team
rank,marketing,north
sign,sales,south,4
web
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with two models and some tables."""
    save_model(make_model(), tmp_path / "tiny.model")
    save_model(make_model(thresholds=Thresholds(0.9, 0.0, 0.0)), tmp_path / "other.model")
    (tmp_path / "rows.csv").write_text(ROWS)
    (tmp_path / "ragged.csv").write_text(SHORT)
    return tmp_path


SHOWN = [
    pytest.param(("classify", LONG, "sign off on it", "顧客への電話をかける " * 9, "w" * 200, *TINY), id="classify"),
    pytest.param(("explain", LONG, "sign off on it", "顧客への電話をかける " * 9, "w" * 200, *TINY), id="explain"),
    pytest.param(("define",), id="define"),
    pytest.param(("define", "seo"), id="define one"),
    pytest.param(("info",), id="info"),
    pytest.param(("batch", "ragged.csv", *TINY, "--prefix", "new_", "-o", "labelled.csv"), id="batch"),
    pytest.param(("batch", "rows.csv", *TINY, "-o", "labelled.csv"), id="batch clash"),
    pytest.param(("evaluate", "rows.csv", "--by", "team", *TINY), id="evaluate"),
    pytest.param(("diff", "tiny.model", "other.model", "rows.csv"), id="diff"),
    pytest.param(("batch", "rows.csv", "-c", "taks"), id="no such column"),
    pytest.param(("clasify", "x"), id="no such command"),
]


@pytest.mark.parametrize("arguments", SHOWN)
def test_no_line_is_wider_than_the_terminal(folder: Path, arguments: tuple[str, ...]) -> None:
    with on_terminal(*arguments, folder=folder, COLUMNS="60") as terminal:
        terminal.end()
    assert "Traceback" not in terminal.text
    lines = terminal.text.splitlines()
    assert max(map(cell_len, lines)) <= 60, terminal.text
    assert "\n\n\n" not in terminal.text.replace(" ", "")
    assert len(lines) > 1 or "command" in lines[0]


def test_a_question_breaks_between_its_parts(folder: Path) -> None:
    with on_terminal("review", "rows.csv", *TINY, folder=folder, COLUMNS="60") as terminal:
        terminal.see("u undo")
        terminal.resize(40)
        terminal.press(" ")
        terminal.see("2 of 4")
        terminal.see("u undo")
        terminal.press("q")
        assert terminal.end() == 0
    first, second = terminal.text.split("2 of 4")
    assert max(map(cell_len, first.splitlines())) <= 60
    assert max(map(cell_len, second.splitlines())) <= 40
    assert "s sales   m marketing   Enter keep   Space skip   u undo\nq quit\n" in first
    assert "s sales   m marketing   Enter keep\nSpace skip   u undo   q quit\n" in second


@pytest.mark.parametrize("columns", WIDTHS)
@pytest.mark.parametrize("name", COMMANDS)
def test_no_line_of_a_help_is_wider_than_the_terminal(name: str, columns: int) -> None:
    group = typer.main.get_command(make_app())
    root = group.make_context("smclassify", ["--version"], resilient_parsing=True, terminal_width=columns)
    command = group.commands[name] if name else group  # type: ignore[attr-defined] # a group
    context = command.make_context(name, [], parent=root, resilient_parsing=True) if name else root
    lines = command.get_help(context).splitlines()
    assert [line for line in lines if len(line) > columns] == []
    assert not re.search(r"<str>|<int|<dask>", command.get_help(context))


@pytest.mark.parametrize(
    ("columns", "line", "shown"),
    [
        pytest.param(20, "note: short", ["note: short"], id="short"),
        pytest.param(0, "note: " + "word " * 9, ["note: " + "word " * 9], id="no terminal"),
        pytest.param(20, "error: tasks.csv: there is none", ["error: tasks.csv:", "  there is none"], id="long"),
        pytest.param(
            20, "  line 3: sign the offer -> sales", ["  line 3: sign the", "    offer -> sales"], id="indented"
        ),
        pytest.param(20, f"written to {'x' * 30}", ["written to", "  " + "x" * 30], id="a long word stays whole"),
    ],
)
def test_notes_break_between_words(columns: int, line: str, shown: list[str]) -> None:
    assert render.broken(line, columns) == shown


def test_facts_are_drawn_as_columns() -> None:
    facts = ["version: 1", "held-out: 5 folds; unlike: as before", "surest: 10 % 1.0, 20 % 0.9, 30 % 0.8"]
    assert _drawn(render.drawn_facts(facts), 30) == [
        "version   1",
        "held-out  5 folds; unlike: as",
        "          before",
        "surest    10 % 1.0, 20 % 0.9,",
        "          30 % 0.8",
    ]


@pytest.mark.parametrize(
    ("width", "shown"),
    [
        (30, ["Sales 98 %  unsure (other 2 %)"]),
        (29, ["Sales 98 %", "unsure (other 2 %)"]),
        (12, ["Sales 98 %", "unsure", "(other 2 %)"]),
        (8, ["Sales 98", "%", "unsure", "(other 2", "%)"]),
    ],
)
def test_what_stands_beside_each_other_stays_whole(width: int, shown: list[str]) -> None:
    assert _drawn(Beside([Text("Sales 98 %"), Text("unsure (other 2 %)")], 2), width) == shown


def test_what_stands_beside_each_other_keeps_its_style() -> None:
    console = Console(width=20, color_system="standard", force_terminal=True, file=io.StringIO())
    with console.capture() as capture:
        console.print(Beside([Text("a", "bold"), Text("b")], 1))
    assert capture.get() == "\x1b[1ma\x1b[0m b\n"


def _drawn(drawing: RenderableType, width: int) -> list[str]:
    console = Console(file=io.StringIO(), width=width)
    with console.capture() as capture:
        console.print(drawing)
    return [line.rstrip() for line in capture.get().splitlines()]


def _contrast(colour: str, ground: str) -> float:
    """Return the contrast of a colour with its ground, from 1 to 21, as WCAG 2.2 defines it."""
    lighter, darker = sorted((_luminance(colour), _luminance(ground)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = [part / 255 for part in Color.parse(colour).get_truecolor()]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


LABELS = tuple(f"label-{number}" for number in range(6))
COLOURS = [*(render.colour_of(label, LABELS) for label in LABELS), render.AWAY, render.WARNING, render.SAVED]


@pytest.mark.parametrize("ground", ["#ffffff", "#fdf6e3", "#000000", "#1e1e1e"])
def test_colours_can_be_read_on_any_ground(ground: str) -> None:
    assert [colour for colour in COLOURS if _contrast(colour, ground) < 3] == []


def test_colours_are_the_same_in_every_theme() -> None:
    assert {Color.parse(colour).type for colour in COLOURS} == {ColorType.EIGHT_BIT}


def test_labels_differ_where_there_are_few_colours() -> None:
    few = [Color.parse(render.colour_of(label, LABELS)).downgrade(ColorSystem.STANDARD).number for label in LABELS]
    assert len(set(few)) == len(LABELS)


@pytest.mark.parametrize(
    ("name", "value", "bar"),
    [("PYTHONIOENCODING", "ascii", "=" * 16 + "-" * 4), ("TERM", "dumb", "━" * 16 + "─" * 4)],
    ids=["ascii", "dumb"],
)
def test_poor_terminals(folder: Path, name: str, value: str, bar: str) -> None:
    env: Any = {name: value}
    with on_terminal("explain", f"sign {LONG}", "sign", *TINY, folder=folder, **env, COLUMNS="60") as terminal:
        assert terminal.end() == 0
    assert bar in terminal.text
    assert max(map(cell_len, terminal.text.splitlines())) <= 60
    assert "\\u2" not in terminal.text
