"""Options and an exit code that more than one command has, and the values that a shell completes."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from smclassify.columns import ALL_COLUMNS

EXIT_ROWS_WITH_ERRORS = 3
"""Finished, but a quoted cell never ends."""


def complete_headers(ctx: typer.Context) -> list[tuple[str, str]]:
    """Return the headers of the file that the command line names, each with its number."""
    from smclassify.tables.beginning import read_headers
    from smclassify.tables.values import ReadOptions

    given = ctx.params
    options = ReadOptions(given.get("file_format"), given.get("encoding"), given.get("delimiter"))
    path = _given_file(ctx)
    headers = read_headers(path, options) if path and not given.get("no_header") else ()
    return [(header, f"column {number}") for number, header in enumerate(headers, 1) if header]


def _given_file(ctx: typer.Context) -> str | None:
    """Return the table of an unfinished command line: its arguments are not yet sorted where an option has no value."""
    names = [param.name for param in ctx.command.params if param.param_type_name == "argument"]
    given = ctx.params | dict(zip(names, ctx.args, strict=False))
    files = given.get("file") or given.get("files")
    return files if isinstance(files, str) else next(iter(files or ()), None)


def complete_columns(incomplete: str) -> Iterable[str]:
    """Return what may follow in a list of new columns."""
    *before, _ = incomplete.split(",")
    return (",".join([*before, name]) for name in ALL_COLUMNS if name not in before)


def complete_definitions(ctx: typer.Context) -> list[tuple[str, str]]:
    """Return the labels and activities of the model in use, each with its name."""
    from smclassify.commands.opening import open_catalogue, settings_in_use

    model = ctx.params.get("model_path")
    catalogue = open_catalogue(settings_in_use(Path(model) if model else None))
    return [(definition.slug, definition.name) for definition in catalogue.definitions]


def complete_delimiters() -> Iterable[str]:
    """Return the names of the delimiters."""
    from smclassify.tables.dialect import DELIMITERS

    return DELIMITERS


def complete_encodings() -> Iterable[str]:
    """Return the encodings that are met most."""
    from smclassify.tables.dialect import COMMON_ENCODINGS

    return COMMON_ENCODINGS


def complete_formats() -> Iterable[str]:
    """Return the formats of files."""
    from smclassify.tables.values import FORMATS

    return FORMATS


ModelOption = Annotated[
    Path | None,
    typer.Option("--model", metavar="FILE", help="Use this model, not your own or the shipped one."),
]
GlossaryOption = Annotated[
    Path | None,
    typer.Option("--glossary", metavar="FILE", help="CSV of phrases and labels that decide before the model."),
]
ByOption = Annotated[
    list[str] | None,
    typer.Option(
        "--by",
        metavar="COLUMN[:PERIOD]",
        help="Count by this column, or by its day, week or month.",
        autocompletion=complete_headers,
    ),
]
DateFormatOption = Annotated[
    str | None,
    typer.Option(
        "--date-format", metavar="FORMAT", help="How dates are written, for instance %d/%m/%Y; if not as 2026-03-02."
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, one object per line.")]
ColumnOption = Annotated[
    str | None,
    typer.Option(
        "--column",
        "-c",
        metavar="COLUMN",
        help="Header or number (from 1) of the column with the texts.",
        autocompletion=complete_headers,
    ),
]
DelimiterOption = Annotated[
    str | None,
    typer.Option(
        "--delimiter",
        "-d",
        metavar="CHARACTER",
        help="One character, or comma, semicolon, tab, pipe.",
        autocompletion=complete_delimiters,
    ),
]
EncodingOption = Annotated[
    str | None,
    typer.Option(
        "--encoding", "-e", metavar="NAME", help="For instance utf-8 or cp1252.", autocompletion=complete_encodings
    ),
]
FormatOption = Annotated[
    str | None,
    typer.Option(
        "--format",
        metavar="NAME",
        help="csv, tsv, jsonl, lines, excel or parquet, if the name does not say.",
        autocompletion=complete_formats,
    ),
]
SheetOption = Annotated[
    str | None, typer.Option(metavar="NAME", help="Name of the sheet of a workbook; the first if left out.")
]
NoHeaderOption = Annotated[bool, typer.Option("--no-header", help="The first row holds data, not headers.")]
