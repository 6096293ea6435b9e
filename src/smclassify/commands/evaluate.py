"""`smclassify evaluate`: how good a model is on labelled rows."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from smclassify import plain, render
from smclassify.commands.opening import calculate_in_one_thread, open_model, settings_in_use
from smclassify.commands.options import (
    ColumnOption,
    DelimiterOption,
    EncodingOption,
    FormatOption,
    GlossaryOption,
    JsonOption,
    ModelOption,
    SheetOption,
    complete_headers,
)

if TYPE_CHECKING:
    from smclassify.training.assessment import Assessment

EXIT_GATE_MISSED = 4


def evaluate(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A file of labelled rows; - reads from a pipe.")],
    column: ColumnOption = None,
    label_column: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="The column with the labels; label, category or class if left out.",
            autocompletion=complete_headers,
        ),
    ] = None,
    activity_column: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="The column with the kinds of work, such as cold-outreach; activity if left out.",
            autocompletion=complete_headers,
        ),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="Also give all figures for each value of this column.",
            autocompletion=complete_headers,
        ),
    ] = None,
    mistakes: Annotated[int, typer.Option(metavar="N", min=0, help="How many of the surest mistakes to show.")] = 10,
    fail_under: Annotated[
        str | None,
        typer.Option(metavar="FIGURE=NUMBER,...", help="Exit with 4 if a figure is worse than this."),
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Write three plots into this folder, as PNG and SVG.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace plots that exist.")] = False,
    delimiter: DelimiterOption = None,
    encoding: EncodingOption = None,
    file_format: FormatOption = None,
    sheet: SheetOption = None,
    as_json: JsonOption = False,
    model_path: ModelOption = None,
    glossary: GlossaryOption = None,
) -> None:
    """Compare what the model says of labelled rows with their labels.

    Gives precision, recall and F1 of each label, accuracy and macro F1 with their intervals, the quality of the
    probabilities, what the status ok is worth, and the surest mistakes. Rows without a label are left out. In
    --fail-under a figure has its name in --json, or is one of a label, as in sales.f1; log_loss, brier, ece and the
    numbers of rows left out or seen in training must not be above their number, all others not under it.

    \b
    Examples:
      smclassify evaluate checked.csv
      smclassify evaluate checked.csv -c "Task title" \\
          --label-column kind --by team
      smclassify evaluate checked.xlsx --json
      smclassify evaluate checked.csv --plot plots/
      smclassify evaluate checked.csv \\
          --fail-under macro_f1=0.9,accuracy=0.92
    """
    calculate_in_one_thread()
    from smclassify import plain_evaluation
    from smclassify.columns import name_of
    from smclassify.tables.formats import open_table
    from smclassify.tables.values import ReadOptions
    from smclassify.training.answers import collect_answers, seen_keys
    from smclassify.training.gates import missed_gates, parse_gates
    from smclassify.training.labelled import ColumnNames, find_columns
    from smclassify.training.plots import check_plots, plot_paths, write_plots

    settings = settings_in_use(model_path, glossary)
    model = open_model(settings)
    if settings.glossary:
        render.note([f"glossary: {plain.visible(str(settings.glossary.value))} ({settings.glossary.origin})"])
    gates = parse_gates(fail_under, model.labels) if fail_under is not None else ()
    if plot is not None:
        check_plots(plot, file, force=force)
    options = ReadOptions(file_format, encoding, delimiter, sheet=sheet)
    names = ColumnNames(column, label_column, activity_column, by, settings.column)
    with open_table(file, options) as table:
        columns = find_columns(table, names)
        render.note([plain_evaluation.plain_labelled(table, columns)])
        with render.batch_progress(table) as on_chunk:
            collected = collect_answers(table, columns, model, seen_keys(model), mistakes, on_chunk)
    from smclassify.training.measure import assess  # late, for scikit-learn takes a second to load

    by_name = None if columns.by is None else name_of(table, columns.by)
    assessment = assess(collected, model.labels, by_name)
    with render.while_read():
        if as_json:
            render.say(plain.as_json(plain_evaluation.json_assessment(assessment, table.name, str(model.path))))
        else:
            _show(assessment)
    render.note(plain_evaluation.plain_remarks(assessment))
    if plot is not None:
        write_plots(assessment, plot)
        render.note(f"plot written to {plain.visible(str(path))}" for path in plot_paths(plot))
    if missed := missed_gates(gates, assessment):
        render.note(f"missed: {line}" for line in missed)
        raise typer.Exit(EXIT_GATE_MISSED)


def _show(assessment: Assessment) -> None:
    from smclassify import plain_evaluation, render_evaluation

    if render.is_terminal(sys.stdout):
        render.draw(render_evaluation.drawn_assessment(assessment), sys.stdout)
        return
    for line in plain_evaluation.plain_assessment(assessment):
        render.say(line)
