"""`smclassify diff`: what changes if one model takes the place of another."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from smclassify import plain_comparison, render, render_comparison
from smclassify.commands.opening import calculate_in_one_thread, open_model, settings_in_use
from smclassify.commands.options import (
    EXIT_ROWS_WITH_ERRORS,
    ColumnOption,
    DelimiterOption,
    EncodingOption,
    FormatOption,
    JsonOption,
    NoHeaderOption,
    SheetOption,
)

if TYPE_CHECKING:
    from smclassify.comparison import Comparison

EXIT_GATE_MISSED = 4


def diff(
    before: Annotated[str, typer.Argument(metavar="MODEL_A", help="The model before: a file, or shipped, or default.")],
    after: Annotated[str, typer.Argument(metavar="MODEL_B", help="The model after, likewise.")],
    file: Annotated[str, typer.Argument(metavar="FILE", help="A file that batch reads; - reads from a pipe.")],
    column: ColumnOption = None,
    limit: Annotated[int, typer.Option(metavar="N", min=0, help="How many changed rows to show; 0 shows all.")] = 20,
    fail_on_change: Annotated[bool, typer.Option("--fail-on-change", help="Exit with 4 if a row changes.")] = False,
    delimiter: DelimiterOption = None,
    encoding: EncodingOption = None,
    file_format: FormatOption = None,
    sheet: SheetOption = None,
    no_header: NoHeaderOption = False,
    as_json: JsonOption = False,
) -> None:
    """Show which rows of a file get another label or status from MODEL_B than from MODEL_A.

    shipped is the model that comes with smclassify, default the one that is used if none is named; a file with such a
    name is ./shipped. Each answers as in batch, with the glossary and the thresholds that are set. Rows with another
    label come first, then those with another status, the surest first.

    Plain lines hold line, text, and label, confidence and status of both models, with tabs between them; the counts
    follow on standard error. With --json the last object holds the counts.

    \b
    Examples:
      smclassify diff shipped team.safetensors tasks.csv
      smclassify diff default new.safetensors tasks.xlsx \\
          -c "Task title" --limit 100
      smclassify diff old.safetensors new.safetensors \\
          tasks.csv --json --limit 0
      smclassify diff old.safetensors new.safetensors \\
          tasks.csv --fail-on-change
    """
    calculate_in_one_thread()
    from smclassify.artifact import named_model_path
    from smclassify.columns import find_column
    from smclassify.comparison import compare
    from smclassify.tables.formats import open_table
    from smclassify.tables.values import ReadOptions

    settings = settings_in_use()
    one, other = (open_model(settings_in_use(named_model_path(name))) for name in (before, after))
    with open_table(file, ReadOptions(file_format, encoding, delimiter, not no_header, sheet)) as table:
        place = find_column(table, column, settings.column)
        with render.batch_watcher(quiet=False, to_stdout=False)(table, place) as on_chunk:
            comparison = compare(table.chunks(place), one, other, limit or None, on_chunk)
        name = table.name
    with render.while_read():
        if as_json:
            for change in comparison.changes:
                render.say(plain_comparison.json_change(change))
            render.say(plain_comparison.json_summary(comparison, str(one.path), str(other.path), name))
        else:
            _show(comparison)
    render.note(plain_comparison.plain_notes(comparison))
    if fail_on_change and comparison.n_changed:
        render.note([plain_comparison.plain_failure(comparison)])
        raise typer.Exit(EXIT_GATE_MISSED)
    if comparison.unclosed_line is not None:
        raise typer.Exit(EXIT_ROWS_WITH_ERRORS)


def _show(comparison: Comparison) -> None:
    if render.is_terminal(sys.stdout):
        render.draw(render_comparison.drawn_comparison(comparison), sys.stdout)
        return
    for change in comparison.changes:
        render.say(plain_comparison.plain_change(change))
    sys.stdout.flush()
    render.note(plain_comparison.plain_counts(comparison))
