"""Tell sales activities from marketing activities, and show the definition that fits.

>>> from smclassify import load_model
>>> model = load_model()
>>> [prediction] = model.predict(["cold call"])
>>> prediction.label
'sales'
"""

from smclassify.artifact import load_model
from smclassify.definitions import Definition
from smclassify.errors import SmclassifyError
from smclassify.model import Model, Prediction

__version__ = "0.1.0"

__all__ = ["Definition", "Model", "Prediction", "SmclassifyError", "__version__", "load_model"]
