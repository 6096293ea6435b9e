"""What tells a model from others."""

from __future__ import annotations

import hashlib
from dataclasses import fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from smclassify.model import Model


def model_digest(model: Model) -> str:
    """Return the SHA-256 digest of all that a model's answers depend on, thresholds and glossary left out."""
    settings = (model.labels, model.activities, model.temperatures, model.catalogue)
    digest = hashlib.sha256(repr(settings).encode())
    for array in fields(model.weights):
        digest.update(getattr(model.weights, array.name))
    return digest.hexdigest()
