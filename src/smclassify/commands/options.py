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
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, one object per line.")]
