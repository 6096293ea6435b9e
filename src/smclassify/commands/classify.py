"""`smclassify classify`: one answer per text."""

from __future__ import annotations

import sys
from itertools import chain
from typing import TYPE_CHECKING, Annotated

import typer

from smclassify import plain, render
from smclassify.commands.opening import open_model, settings_in_use
from smclassify.commands.options import GlossaryOption, JsonOption, ModelOption

if TYPE_CHECKING:
    from smclassify.model import Model


def classify(
    texts: Annotated[
        list[str] | None, typer.Argument(metavar="TEXT...", help="Activities; - reads lines from a pipe.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="One plain line per text, also on a terminal.")] = False,
    as_json: JsonOption = False,
    explain: Annotated[bool, typer.Option("--explain", help="Say why, as `smclassify explain` does.")] = False,
    model_path: ModelOption = None,
    glossary: GlossaryOption = None,
) -> None:
    """Say whether activities are sales, marketing or other, how surely, and by which definition.

    Plain lines hold text, label, confidence, status, activity and definition, with tabs between them.

    \b
    Examples:
      smclassify classify "cold call" "SEO audit"
      cat todo.txt | smclassify classify
      smclassify classify --json "ring back about the sofa"
      smclassify classify --glossary team.csv "QBR at Brandt"
      smclassify classify -- "-50% campaign"
    """
    from smclassify.lines import iter_texts

    arriving = iter_texts(texts or [], "classify")
    model = open_model(settings_in_use(model_path, glossary))
    if not explain:
        for chunk in arriving:
            _answer(model, chunk, quiet=quiet, as_json=as_json)
        return
    from smclassify.explanation import iter_explanations
    from smclassify.render_explanation import show_explanation

    for explanation in iter_explanations(model, chain.from_iterable(arriving)):
        show_explanation(explanation, model.labels, quiet=quiet, as_json=as_json)


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
