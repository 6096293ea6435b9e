"""`smclassify info`: what is in use and how good it is."""

from __future__ import annotations

from smclassify import plain, render
from smclassify.commands.options import JsonOption, ModelOption


def info(as_json: JsonOption = False, model_path: ModelOption = None) -> None:
    """Show the version, the model in use, what it was trained on, and what was measured.

    \b
    Examples:
      smclassify info
      smclassify info --json
    """
    from smclassify import __version__
    from smclassify.artifact import default_model_path, load_model

    path = model_path or default_model_path()
    model = load_model(path)
    size = path.stat().st_size
    if as_json:
        render.say(plain.as_json(plain.model_facts(model, str(path), size, __version__)))
    else:
        for line in plain.plain_model(model, str(path), size, __version__):
            render.say(line)
