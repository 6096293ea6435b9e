"""`smclassify batch`: a table with answers."""

from __future__ import annotations

from typing import Annotated

import typer

from smclassify import plain, render
from smclassify.commands.options import ModelOption

EXIT_ROWS_WITH_ERRORS = 3


def batch(
    file: Annotated[str, typer.Argument(metavar="FILE", help="CSV file; - reads from a pipe.")],
    column: Annotated[
        str | None,
        typer.Option("--column", "-c", help="Header or number (from 1) of the column with the activities."),
    ] = None,
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="FILE", help="Where to write; - is standard output.")
    ] = "-",
    columns: Annotated[
        str, typer.Option(help="New columns to add, in this order.")
    ] = "label,confidence,status,activity,definition",
    prefix: Annotated[str, typer.Option(help="Put this before the names of the new columns.")] = "",
    delimiter: Annotated[
        str | None, typer.Option("--delimiter", "-d", help="One character, or comma, semicolon, tab, pipe.")
    ] = None,
    encoding: Annotated[str | None, typer.Option("--encoding", "-e", help="For instance utf-8 or cp1252.")] = None,
    no_header: Annotated[bool, typer.Option("--no-header", help="The first row holds data, not headers.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace the output file if it exists.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No notes and no summary.")] = False,
    model_path: ModelOption = None,
) -> None:
    """Label every row of a CSV file: the same rows, with new columns after their own.

    Rows are never dropped, moved or rewritten; delimiter, encoding and line ends stay as they are. The file
    appears whole or not at all. Exit status 3: done, but a quoted cell never ends.

    \b
    Examples:
      smclassify batch tasks.csv -o labelled.csv
      smclassify batch tasks.csv -c "Task title" --columns label,confidence > labelled.csv
      smclassify batch export.csv -c 3 --prefix sm_ -o labelled.csv
    """
    from smclassify.artifact import load_model
    from smclassify.batch import find_column, label_table, new_headers
    from smclassify.tables import ReadOptions, TableWriter, check_target, open_table, open_target

    with open_table(file, ReadOptions(encoding, delimiter, not no_header)) as table:
        place = find_column(table, column)
        chosen = [name.strip() for name in columns.split(",")]
        headers = new_headers(table, chosen, prefix)
        check_target(output, file, force=force)
        model = load_model(model_path)
        if not quiet:
            render.note([plain.plain_source(table, place)])
        with open_target(output) as handle, render.batch_progress(table) as on_chunk:
            writer = TableWriter(table, handle)
            writer.start(headers)
            summary = label_table(writer, place, chosen, model, on_chunk)
    if not quiet:
        render.note(plain.plain_summary(summary))
    if summary.unclosed_line is not None:
        raise typer.Exit(EXIT_ROWS_WITH_ERRORS)
