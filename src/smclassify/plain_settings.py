"""Settings to plain text and JSON: what is in use, and where each value comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from smclassify.columns import default_columns
from smclassify.plain import visible
from smclassify.settings import THRESHOLDS

if TYPE_CHECKING:
    from smclassify.model import Model
    from smclassify.settings import Setting, Settings

    Fact = dict[str, Any]


def settings_facts(settings: Settings, model: Model) -> dict[str, Fact]:
    """Return the settings in use, each with its value and where it comes from, for JSON."""
    glossary = _fact(settings.glossary, None)
    if model.glossary and settings.glossary:
        glossary |= {"value": str(settings.glossary.value), "phrases": len(model.glossary.entries)}
    return {
        "column": _fact(settings.column, None),
        "columns": _fact(settings.columns, default_columns(model)),
        "glossary": glossary,
        **{name: _fact(getattr(settings, name), getattr(model.thresholds, name), "model") for name in THRESHOLDS},
    }


def _fact(setting: Setting[Any] | None, default: object, origin: str = "default") -> Fact:
    return {"value": setting.value, "origin": setting.origin} if setting else {"value": default, "origin": origin}


def plain_settings(facts: dict[str, Fact]) -> list[str]:
    """Return lines about the facts of `settings_facts`: `name: value (where from)`."""
    shown = {
        "column": facts["column"]["value"] or "the one with a usual header",
        "columns": ", ".join(facts["columns"]["value"]),
        "glossary": "none",
        **{name: f"{facts[name]['value']:.4f}" for name in THRESHOLDS},
    }
    if facts["glossary"]["value"]:
        shown["glossary"] = f"{facts['glossary']['value']}, phrases: {facts['glossary']['phrases']}"
    return [visible(f"{name}: {value} ({facts[name]['origin']})") for name, value in shown.items()]
