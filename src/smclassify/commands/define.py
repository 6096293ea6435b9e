"""`smclassify define`: the written definitions."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import Annotated

import typer

from smclassify import plain, render
from smclassify.commands.opening import open_catalogue, settings_in_use
from smclassify.commands.options import JsonOption, ModelOption, complete_definitions


def define(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME", help="A label or activity, by slug, name or synonym.", autocompletion=complete_definitions
        ),
    ] = None,
    as_json: JsonOption = False,
    model_path: ModelOption = None,
) -> None:
    """Show the written definitions of the model in use: all of them, or one.

    \b
    Examples:
      smclassify define
      smclassify define sales
      smclassify define "cold call"
      smclassify define --model tickets.safetensors
    """
    catalogue = open_catalogue(settings_in_use(model_path))
    one = catalogue.find(name) if name is not None else None
    if not as_json and render.is_terminal(sys.stdout):
        drawing = render.drawn_definition(one, catalogue) if one else render.drawn_definitions(catalogue)
        render.draw(drawing, sys.stdout)
        return
    for definition in [one] if one else catalogue.definitions:
        render.say(plain.as_json(asdict(definition)) if as_json else plain.plain_definition(definition))
