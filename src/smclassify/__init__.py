"""Tell sales activities from marketing activities, and show the definition that fits.

>>> from smclassify import load_model
>>> model = load_model()
>>> [prediction] = model.predict(["cold call"])
>>> prediction.label
'sales'
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from smclassify.artifact import load_model
    from smclassify.definitions import Definition
    from smclassify.errors import SmclassifyError
    from smclassify.frames import label_frame
    from smclassify.model import Model, Prediction

__version__ = "0.1.0"

__all__ = ["Definition", "Model", "Prediction", "SmclassifyError", "__version__", "label_frame", "load_model"]

_HOMES = {
    "Definition": "definitions",
    "Model": "model",
    "Prediction": "model",
    "SmclassifyError": "errors",
    "label_frame": "frames",
    "load_model": "artifact",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - PEP 562; types come from the imports above
    """Import a public name when it is first asked for: `--help` needs none of them."""
    if name in _HOMES:
        return getattr(import_module(f"smclassify.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
