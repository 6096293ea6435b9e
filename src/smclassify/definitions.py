"""The written definitions of labels and activities, and looking one up by name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from smclassify.errors import DefinitionError, UsageError
from smclassify.paths import shipped

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Definition:
    """What one activity is, in a sentence or two.

    Attributes:
        slug: Short stable name, such as `cold-outreach`.
        name: Name as shown to people.
        label: Slug of the label that the activity belongs to; a label belongs to itself.
        text: The definition.
        synonyms: Other names that `define` understands.
        sources: File names of the articles that name it.
    """

    slug: str
    name: str
    label: str
    text: str
    synonyms: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LabelDefinition(Definition):
    """What a label is, with the five traits that tell the labels apart."""

    aim: str = ""
    relationship: str = ""
    horizon: str = ""
    journey_stage: str = ""
    success: str = ""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All definitions, in the order of the file.

    Attributes:
        labels: Label slug -> definition.
        activities: Activity slug -> definition.
        articles: File name -> title of the articles that the sources name.
    """

    labels: dict[str, LabelDefinition]
    activities: dict[str, Definition]
    articles: dict[str, str]

    def activities_of(self, label: str) -> tuple[str, ...]:
        """Return the slugs of the activities inside a label."""
        return tuple(slug for slug, activity in self.activities.items() if activity.label == label)

    def find(self, name: str) -> Definition:
        """Return the label or activity with this slug, name or synonym, whatever its case and hyphens.

        Raises:
            UsageError: No definition goes by that name; the tip suggests the nearest ones.
        """
        known: dict[str, Definition] = {}
        for definition in (*self.labels.values(), *self.activities.values()):
            for alias in (definition.slug, definition.name, *definition.synonyms):
                known.setdefault(_key(alias), definition)
        if (key := _key(name)) in known:
            return known[key]
        from difflib import get_close_matches  # noqa: PLC0415 - only a miss pays for it

        near = dict.fromkeys(known[match].slug for match in get_close_matches(key, known, n=5, cutoff=0.6))
        tip = f"Did you mean {' or '.join(near)}?" if near else "`smclassify define` lists them all."
        raise UsageError(f"No definition is called {name!r}.", tip)


def _key(name: str) -> str:
    return " ".join(re.findall(r"\w+", name.casefold()))


def load_definitions(path: Path | None = None) -> Catalogue:
    """Read the definitions from a TOML file; without a path, the shipped one.

    Raises:
        DefinitionError: The file is missing, is not TOML, lacks a field or names an unknown label.
    """
    import tomllib  # noqa: PLC0415 - `--help` and `--version` do without it

    path = path or shipped("data/definitions.toml")
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DefinitionError(f"{path}: cannot read the definitions: {error}") from error
    try:
        labels = [LabelDefinition(**_fields(entry, label=entry["slug"])) for entry in content["labels"]]
        activities = [Definition(**_fields(entry)) for entry in content["activities"]]
        articles = {name: str(article["title"]) for name, article in content.get("articles", {}).items()}
    except (KeyError, TypeError) as error:
        raise DefinitionError(f"{path}: a definition has a missing or unknown field: {error}") from error
    catalogue = Catalogue({d.slug: d for d in labels}, {d.slug: d for d in activities}, articles)
    for activity in activities:
        if activity.label not in catalogue.labels:
            raise DefinitionError(f"{path}: {activity.slug} names the unknown label {activity.label!r}")
    return catalogue


def _fields(entry: dict[str, Any], **extra: str) -> dict[str, Any]:
    """Return the fields of one definition, lists as tuples."""
    return {key: tuple(value) if isinstance(value, list) else value for key, value in (entry | extra).items()}
