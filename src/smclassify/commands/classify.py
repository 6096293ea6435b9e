"""`smclassify classify`: one answer per text."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from smclassify import plain, render
from smclassify.commands.options import JsonOption, ModelOption
from smclassify.errors import UsageError

if TYPE_CHECKING:
    from smclassify.model import Model


def classify(
    texts: Annotated[
        list[str] | None, typer.Argument(metavar="TEXT...", help="Activities; - reads lines from a pipe.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="One plain line per text, also on a terminal.")] = False,
    as_json: JsonOption = False,
    model_path: ModelOption = None,
) -> None:
    """Say whether activities are sales, marketing or other, how surely, and by which definition.

    Plain lines hold text, label, confidence, status, activity and definition, with tabs between them.

    \b
    Examples:
      smclassify classify "cold call" "SEO audit"
      cat todo.txt | smclassify classify
      smclassify classify --json "ring back the lady about the corner sofa"
      smclassify classify -- "-50% campaign"
    """
    from smclassify.artifact import load_model
    from smclassify.lines import iter_lines

    given = texts or ["-"]
    if not texts and render.is_terminal(sys.stdin):
        raise UsageError("There is no text to classify.", 'Give one, as in: smclassify classify "cold call".')
    for place, text in enumerate(given, 1):
        if not text.strip():
            raise UsageError(f"Text {place} is blank.", "Give at least one word.")
    model = load_model(model_path)
    for text in given:
        for chunk in iter_lines() if text == "-" else [[text]]:
            _answer(model, chunk, quiet=quiet, as_json=as_json)


def _answer(model: Model, texts: list[str], *, quiet: bool, as_json: bool) -> None:
    drawn = not quiet and render.is_terminal(sys.stdout)
    for prediction in model.predict(texts):
        if as_json:
            render.say(plain.json_prediction(prediction))
        elif not drawn:
            render.say(plain.plain_prediction(prediction))
        else:
            render.draw(render.drawn_prediction(prediction, model.labels), sys.stdout)
    sys.stdout.flush()
