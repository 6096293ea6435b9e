"""Values to drawings for a terminal. Only `render` and `render_*` import rich, once there is something to draw."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from dataclasses import asdict
from itertools import cycle
from textwrap import wrap
from time import monotonic
from typing import TYPE_CHECKING, TextIO

from smclassify.plain import percent, plain_source, visible
from smclassify.render_parts import Beside
from smclassify.streams import silence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from rich.console import Console, RenderableType
    from rich.progress import Progress
    from rich.table import Table as Grid
    from rich.text import Text

    from smclassify.definitions import Catalogue, Definition
    from smclassify.model import Prediction
    from smclassify.tables.values import Table

AWAY = "color(196)"
"""The colour of what speaks against a label."""

WARNING = "color(130)"
"""The colour of what asks for care."""

SAVED = "color(28)"
"""The colour of what is done."""

_COLOURS = (SAVED, "color(163)", "color(63)", "color(30)", WARNING, AWAY)
"""Green, magenta, blue, cyan, brown, red: half as bright as white, to be read on light and on dark ground."""

_BAR = 20
_ASCII = str.maketrans("\u2501\u2500\u2026", "=-~")
_OTHERS = 3
_PATIENCE = 1.0


def say(text: str) -> None:
    """Write a line of data to standard output."""
    sys.stdout.write(text + "\n")


def note(lines: Iterable[str]) -> None:
    """Write lines beside the data, to standard error; on a terminal they break between words.

    Where nobody reads them, or a disk is full, they are lost, and the work that they are about goes on.
    """
    columns = _columns(sys.stderr)
    try:
        sys.stderr.writelines(part + "\n" for line in lines for part in broken(line, columns))
        sys.stderr.flush()
    except OSError:
        silence(sys.stderr)


@contextmanager
def while_read() -> Iterator[None]:
    """Write to standard output for as long as somebody reads it; what comes after is done all the same."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        silence(sys.stdout)


def broken(line: str, columns: int) -> list[str]:
    """Return a line as it fits between two edges; a word that is too long is left to the terminal."""
    if not 0 < columns < len(line) or "\n" in line:
        return [line]
    indent = " " * (len(line) - len(line.lstrip()) + 2)
    return wrap(
        line,
        columns,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
        expand_tabs=False,
        replace_whitespace=False,
    )


def _columns(stream: TextIO) -> int:
    """Return how wide the terminal is that shows a stream; 0 if there is none or it does not say."""
    try:
        return os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError):
        return 0


def is_terminal(stream: TextIO) -> bool:
    """Return whether a person reads the stream."""
    return stream.isatty()


def draw(drawing: RenderableType, stream: TextIO) -> None:
    """Show a drawing on a terminal."""
    console = _console(stream)
    if not console.options.ascii_only:
        console.print(drawing)
        return
    with console.capture() as shown:
        console.print(drawing)
    stream.write(shown.get().translate(_ASCII))


def _console(stream: TextIO) -> Console:
    from rich.console import Console  # noqa: PLC0415 - loaded only to draw
    from rich.theme import Theme  # noqa: PLC0415

    theme = Theme({"progress.remaining": "default"})  # else in a cyan that is hard to see on white
    console = Console(file=stream, highlight=False, markup=False, emoji=False, theme=theme)
    if console.is_dumb_terminal and (columns := _columns(stream)):
        console.size = (columns, console.height)  # rich takes every one for 80 wide
    return console


def drawn_prediction(prediction: Prediction, labels: Sequence[str]) -> RenderableType:
    """Return an answer as a person likes to see it: label, confidence, activity, both definitions."""
    from rich.text import Text  # noqa: PLC0415

    if prediction.label is None:
        return Text.assemble((visible(prediction.text) or "(blank)", "bold"), "  nothing to classify")
    return titled(Text.assemble((visible(prediction.text), "bold")), answer_grid(prediction, labels))


def titled(title: Text, grid: Grid) -> RenderableType:
    """Return a grid under its title, with an empty line below."""
    from rich.console import Group  # noqa: PLC0415
    from rich.padding import Padding  # noqa: PLC0415

    return Group(title, Padding(grid, (0, 0, 1, 2), expand=False))


def colour_of(label: str, labels: Sequence[str]) -> str:
    """Return the colour that stands for a label."""
    return _COLOURS[labels.index(label) % len(_COLOURS)]


def answer_grid(prediction: Prediction, labels: Sequence[str]) -> Grid:
    """Return rows of names and values: label, confidence, activity, both definitions; none for an empty text."""
    from rich.table import Table as Grid  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    grid = Grid.grid(padding=(0, 2))
    grid.add_column(no_wrap=True, style="dim")
    grid.add_column()
    if prediction.label is None or not prediction.definition or not prediction.label_definition:
        return grid
    colour = colour_of(prediction.label, labels)
    answer = Text.assemble(
        (prediction.label_definition.name, f"bold {colour}"),
        f"  {percent(prediction.confidence)}  ",
        (_bar(prediction.confidence), colour),
    )
    remarks = []
    if prediction.phrase is not None:
        remarks.append(Text(f"by the glossary: {visible(prediction.phrase)}"))
    if prediction.status == "unsure":
        likeliest = sorted(prediction.scores.items(), key=lambda pair: -pair[1])[1 : 1 + _OTHERS]
        others = ", ".join(f"{label} {percent(score)}" for label, score in likeliest)
        remarks.append(Text(f"unsure: check ({others})", WARNING))
    grid.add_row("label", Beside([answer, *remarks], 2))
    grid.add_row("", Text(prediction.label_definition.text))
    if prediction.activity != prediction.label:
        grid.add_row("activity", Text(prediction.definition.name, f"bold {colour}"))
        grid.add_row("", Text(prediction.definition.text))
    return grid


def drawn_definitions(catalogue: Catalogue) -> RenderableType:
    """Return all definitions, label by label."""
    from rich.table import Table as Grid  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    grid = Grid.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column()
    for colour, label in zip(cycle(_COLOURS), catalogue.labels.values(), strict=False):
        grid.add_row(Text(label.name.upper(), f"bold {colour}"), Text(label.text, "bold"))
        for slug in catalogue.activities_of(label.slug):
            if slug != label.slug:
                grid.add_row(Text(f"  {slug}", colour), Text(catalogue.activities[slug].text))
        grid.add_row()
    return grid


def drawn_definition(definition: Definition, catalogue: Catalogue) -> RenderableType:
    """Return one definition with all its fields."""
    from rich.table import Table as Grid  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    grid = Grid.grid(padding=(0, 2))
    grid.add_column(no_wrap=True, style="dim")
    grid.add_column()
    sources = "\n".join(f"{catalogue.articles[source]} ({source})" for source in definition.sources)
    for name, value in (asdict(definition) | {"sources": sources}).items():
        if text := ", ".join(value) if isinstance(value, tuple) else value:
            grid.add_row(name.replace("_", " "), Text(text, "bold" if name == "name" else ""))
    return grid


def drawn_facts(lines: Iterable[str]) -> RenderableType:
    """Return lines of the form `name: value` as two columns."""
    from rich.table import Table as Grid  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    grid = Grid.grid(padding=(0, 2))
    grid.add_column(style="dim", overflow="fold")
    grid.add_column(overflow="fold")
    for line in lines:
        name, _, value = line.partition(": ")
        *parts, last = value.split(", ")
        grid.add_row(Text(name), Beside([*(Text(f"{part},") for part in parts), Text(last)], 1))
    return grid


def batch_watcher(
    *, quiet: bool, to_stdout: bool
) -> Callable[[Table, int], AbstractContextManager[Callable[[int], None]]]:
    """Return what says how a table was understood, and shows progress, unless the rows are shown on the same screen."""

    def watch(table: Table, column: int) -> AbstractContextManager[Callable[[int], None]]:
        if not quiet:
            note([plain_source(table, column)])
        return batch_progress(table, shown=not (to_stdout and is_terminal(sys.stdout)))

    return watch


@contextmanager
def batch_progress(table: Table, *, shown: bool = True) -> Iterator[Callable[[int], None]]:
    """Give a function to report written rows to; on a terminal it shows progress once a second has passed."""
    if not (shown and _can_redraw(sys.stderr)):
        yield lambda _: None
        return
    begun, n_rows, bar = monotonic(), 0, None

    def on_chunk(count: int) -> None:
        nonlocal n_rows, bar
        n_rows += count
        if bar is None and monotonic() - begun > _PATIENCE:
            bar = _progress_bar(table.size)
        if bar is not None:
            bar.update(bar.task_ids[0], completed=table.position(), n_rows=n_rows)

    try:
        yield on_chunk
    finally:
        if bar is not None:
            bar.stop()


def _progress_bar(size: int | None) -> Progress:
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415

    columns = (TextColumn("{task.fields[n_rows]:,} rows"), BarColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=_console(sys.stderr), transient=True)
    bar.add_task("", total=size, n_rows=0)
    bar.start()
    return bar


def _can_redraw(stream: TextIO) -> bool:
    """Return whether a line on a terminal can be replaced by another."""
    return is_terminal(stream) and os.environ.get("TERM") not in {"dumb", "unknown"}


@contextmanager
def training_progress() -> Iterator[Callable[[str], None]]:
    """Give a function to report steps to; on a terminal it shows the current one."""
    if not _can_redraw(sys.stderr):
        yield lambda _: None
        return
    with _console(sys.stderr).status("Reading the examples") as status:
        yield status.update


def _bar(share: float) -> str:
    filled = round(share * _BAR)
    return "\u2501" * filled + "\u2500" * (_BAR - filled)
