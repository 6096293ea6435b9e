"""`smclassify report`: a labelled file as one HTML page."""

from __future__ import annotations

from typing import Annotated

import typer

from smclassify import plain_report, render
from smclassify.commands.opening import open_model, settings_in_use
from smclassify.commands.options import (
    ByOption,
    ColumnOption,
    DateFormatOption,
    DelimiterOption,
    EncodingOption,
    FormatOption,
    ModelOption,
    SheetOption,
)


def report(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A file that batch has labelled; - reads from a pipe.")],
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="FILE", help="Where to write the page; - for the pipe.")
    ],
    by: ByOption = None,
    date_format: DateFormatOption = None,
    column: ColumnOption = None,
    prefix: Annotated[
        str, typer.Option(metavar="TEXT", help="What the batch put before the names of its columns.")
    ] = "",
    delimiter: DelimiterOption = None,
    encoding: EncodingOption = None,
    file_format: FormatOption = None,
    sheet: SheetOption = None,
    no_header: Annotated[
        bool,
        typer.Option("--no-header", help="The first row holds data; the last five columns are those of the batch."),
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace the page if it exists.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No notes.")] = False,
    model_path: ModelOption = None,
) -> None:
    """Show a labelled file as one HTML page, for a browser; it needs no network and nothing beside it.

    The page has the rows by label, by activity, by confidence and by any column, and a table of the unsure rows that
    can be sorted, filtered and searched. Names and definitions are those of the model; give the one that labelled the
    file. A page is also what `batch --report FILE` writes.

    \b
    Examples:
      smclassify report labelled.csv -o report.html
      smclassify report labelled.csv -o report.html \\
          --by owner --by "Due date:week"
      smclassify report labelled.csv -o report.html \\
          --by 4:month --date-format %d/%m/%Y
    """
    from smclassify.columns import find_column
    from smclassify.html_report import check_jinja, write_report
    from smclassify.report_gather import Gatherer, GroupOptions, LabelledColumns
    from smclassify.tables.formats import open_table
    from smclassify.tables.target import check_target
    from smclassify.tables.values import STANDARD_STREAM, ReadOptions

    check_jinja()
    check_target(output, file, force=force)
    settings = settings_in_use(model_path)
    model = open_model(settings._replace(glossary=None))
    gatherer = Gatherer(model, GroupOptions(tuple(by or ()), date_format))
    options = ReadOptions(file_format, encoding, delimiter, not no_header, sheet)
    watch = render.batch_watcher(quiet=quiet, to_stdout=output == STANDARD_STREAM)
    with open_table(file, options) as table:
        place, columns = find_column(table, column, settings.column), LabelledColumns(table, prefix, model)
        with watch(table, place) as on_chunk:
            for chunk, _ in gatherer.watched(table, columns.answered(table.chunks(place))):
                on_chunk(len(chunk.texts))
    data = gatherer.data()
    write_report(data, model.catalogue, output)
    if not quiet:
        render.note(plain_report.plain_written(data, output))
