"""`smclassify info`: what is in use and how good it is."""

from __future__ import annotations

import sys

from smclassify import plain, render
from smclassify.commands.opening import model_origin, open_model, settings_in_use
from smclassify.commands.options import JsonOption, ModelOption
from smclassify.errors import ArtifactError


def info(as_json: JsonOption = False, model_path: ModelOption = None) -> None:
    """Show the version, the model in use, what it was trained on, what was measured, and the settings.

    \b
    Examples:
      smclassify info
      smclassify info --json
    """
    from smclassify import __version__
    from smclassify.artifact import default_model_path
    from smclassify.plain_settings import plain_settings, settings_facts

    settings = settings_in_use(model_path)
    model = open_model(settings)
    path = model.path or default_model_path()
    size, origin = path.stat().st_size, model_origin(settings)
    facts = settings_facts(settings, model)
    if as_json:
        of_model = plain.model_facts(model, str(path), size, __version__)
        render.say(plain.as_json(of_model | {"model_origin": origin, "settings": facts}))
    else:
        try:
            lines = plain.plain_model(model, f"{path} ({origin}, {size / 1e6:.1f} MB)", __version__)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            message = f"{path}: the model file does not say how it was trained."
            raise ArtifactError(message, "--json shows what it says.") from error
        lines += plain_settings(facts)
        if render.is_terminal(sys.stdout):
            render.draw(render.drawn_facts(lines), sys.stdout)
        else:
            render.say("\n".join(lines))
