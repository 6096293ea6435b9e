"""Options that more than one command has."""

from pathlib import Path
from typing import Annotated

import typer

ModelOption = Annotated[
    Path | None,
    typer.Option("--model", metavar="FILE", help="Use this model instead of the one that is shipped."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, one object per line.")]
