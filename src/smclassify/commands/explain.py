"""`smclassify explain`: why the answer is what it is."""

from __future__ import annotations

from itertools import chain
from typing import Annotated

import typer

from smclassify.commands.opening import open_model, settings_in_use
from smclassify.commands.options import GlossaryOption, JsonOption, ModelOption


def explain(
    texts: Annotated[
        list[str] | None, typer.Argument(metavar="TEXT...", help="Activities; - reads lines from a pipe.")
    ] = None,
    n_nearest: Annotated[
        int, typer.Option("--nearest", "-k", metavar="N", min=0, help="How many like examples to show.")
    ] = 3,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Plain lines, also on a terminal.")] = False,
    as_json: JsonOption = False,
    model_path: ModelOption = None,
    glossary: GlossaryOption = None,
) -> None:
    """Say why activities have their label: what each word and pair of words pushes, and which examples are like them.

    A push is what the log-odds of the label lose when the word is left out of the text; for a pair, when only the pair
    is forgotten. Minus: the word speaks against the label.

    Plain lines say first what they hold, with tabs between the cells: answer (text, label, confidence, status,
    activity, definition), unsure (the limit that was missed), runner-up (probability, activity, label, definition);
    word, pair, first or last (push, text; first and last: a word that begins or ends the text); example (similarity,
    text, label, activity); note.

    \b
    Examples:
      smclassify explain "cold call"
      smclassify explain -k 10 "ring back about the sofa"
      smclassify explain --json "discuss next steps"
      cat todo.txt | smclassify explain --json > reasons.jsonl
    """
    from smclassify.explanation import iter_explanations
    from smclassify.lines import iter_texts
    from smclassify.render_explanation import show_explanation

    arriving = iter_texts(texts or [], "explain")
    model = open_model(settings_in_use(model_path, glossary))
    for explanation in iter_explanations(model, chain.from_iterable(arriving), n_nearest):
        show_explanation(explanation, model.labels, quiet=quiet, as_json=as_json)
