"""Options that more than one command has."""

from pathlib import Path
from typing import Annotated

import typer

ModelOption = Annotated[
    Path | None,
    typer.Option("--model", metavar="FILE", help="Use this model instead of the one that is shipped."),
]
GlossaryOption = Annotated[
    Path | None,
    typer.Option("--glossary", metavar="FILE", help="CSV of phrases and labels that decide before the model."),
]
ByOption = Annotated[
    list[str] | None,
    typer.Option("--by", metavar="COLUMN[:PERIOD]", help="Count by this column, or by its day, week or month."),
]
DateFormatOption = Annotated[
    str | None,
    typer.Option("--date-format", help="How dates are written, for instance %d/%m/%Y; if not as 2026-03-02."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, one object per line.")]
