"""The columns that a table gets: their names, and which of them where none are asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from smclassify.model import Model

NEW_COLUMNS = ("label", "confidence", "status", "activity", "definition")
ALL_COLUMNS = (*NEW_COLUMNS, "source")


def default_columns(model: Model) -> tuple[str, ...]:
    """Return the new columns where none are asked for: with a glossary, also what decided."""
    return ALL_COLUMNS if model.glossary else NEW_COLUMNS
