"""The written definitions of labels and activities, and looking one up by name."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from smclassify.errors import DefinitionError, UsageError
from smclassify.paths import read_whole, shipped

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_SLUG = re.compile(r"[a-z0-9][a-z0-9-]*")
_TRAITS = ("aim", "relationship", "horizon", "journey_stage", "success")
_LISTS = ("synonyms", "sources")
_FORMULA = ("=", "+", "-", "@")
_FIELDS = {  # part -> its fields, required and optional
    "labels": (("slug", "name", "text"), (*_TRAITS, *_LISTS)),
    "activities": (("slug", "name", "label", "text"), _LISTS),
}


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
        activities: Activity slug -> definition. A label without activities is its own: one has the label's slug.
        articles: File name -> title of the articles that the sources name.
    """

    labels: dict[str, LabelDefinition]
    activities: dict[str, Definition]
    articles: dict[str, str]

    @property
    def definitions(self) -> tuple[Definition, ...]:
        """All definitions, labels first; a label that is its own activity once."""
        inside = (activity for slug, activity in self.activities.items() if slug not in self.labels)
        return (*self.labels.values(), *inside)

    def activities_of(self, label: str) -> tuple[str, ...]:
        """Return the slugs of the activities inside a label."""
        return tuple(slug for slug, activity in self.activities.items() if activity.label == label)

    def find(self, name: str) -> Definition:
        """Return the label or activity with this slug, else name, else synonym, whatever its case and hyphens.

        Raises:
            UsageError: No definition goes by that name; the tip suggests the nearest ones.
        """
        known: dict[str, Definition] = {}
        named = [(definition.name, definition) for definition in self.definitions]
        also = [(synonym, definition) for definition in self.definitions for synonym in definition.synonyms]
        for alias, definition in (*((of.slug, of) for of in self.definitions), *named, *also):
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
        DefinitionError: The file is missing, is not TOML, or breaks a rule of `parse_definitions`.
    """
    import tomllib  # noqa: PLC0415 - `--help` and `--version` do without it

    path = path or shipped("data/definitions.toml")
    try:
        content = tomllib.loads(read_whole(path).decode("utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:  # also a number of 5,000 digits, a list 1,000 lists deep
        raise DefinitionError(f"{path}: cannot read the definitions: {error}") from error
    return parse_definitions(content, str(path))


def parse_definitions(content: object, where: str) -> Catalogue:
    """Return the definitions that a file holds. A label without activities gets one: itself.

    A slug is made of lowercase letters, digits and hyphens. Runs of white space in texts become one blank.

    Args:
        content: A table with the lists `labels` and perhaps `activities`, whose entries have the fields of `Definition`
            and `LabelDefinition`, and perhaps a table `articles`: file name -> table with a `title`.
        where: What messages start with, such as the name of the file.

    Raises:
        DefinitionError: A field is missing, blank, unknown or of the wrong kind, a slug is not well formed or there
            twice, or something is named that is not there.
    """
    if not isinstance(content, dict) or not content.get("labels"):
        raise DefinitionError(f"{where}: there are no labels.", "Each needs an entry [[labels]] with slug, name, text.")
    if unknown := [name for name in content if name not in {*_FIELDS, "articles"}]:
        raise DefinitionError(f"{where}: unknown part {unknown[0]!r}.", "A file has labels, activities and articles.")
    labels = [LabelDefinition(label=fields["slug"], **fields) for fields in _entries(content, "labels", where)]
    activities = [Definition(**fields) for fields in _entries(content, "activities", where)]
    catalogue = Catalogue(
        labels={label.slug: label for label in labels},
        activities={activity.slug: activity for activity in (*activities, *_implied(labels, activities))},
        articles=_articles(content.get("articles", {}), where),
    )
    slugs = set()
    for definition in (*labels, *activities):
        if definition.slug in slugs:
            raise DefinitionError(f"{where}: the slug {definition.slug!r} is there twice.", "Each needs its own.")
        slugs.add(definition.slug)
        if definition.label not in catalogue.labels:
            raise DefinitionError(f"{where}: {definition.slug} names the unknown label {definition.label!r}.")
        if unknown := [source for source in definition.sources if source not in catalogue.articles]:
            raise DefinitionError(f"{where}: {definition.slug} names the unknown article {unknown[0]!r}.")
    return catalogue


def definitions_content(catalogue: Catalogue) -> dict[str, Any]:
    """Return what `parse_definitions` makes this catalogue of: lists and tables of texts."""
    entries = [
        {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(of).items() if value}
        for of in catalogue.definitions
    ]
    n_labels = len(catalogue.labels)
    return {
        "labels": [{key: value for key, value in entry.items() if key != "label"} for entry in entries[:n_labels]],
        "activities": entries[n_labels:],
        "articles": {name: {"title": title} for name, title in catalogue.articles.items()},
    }


def _implied(labels: Sequence[LabelDefinition], activities: Sequence[Definition]) -> list[Definition]:
    """Return an activity for each label that has none: the label itself."""
    owners = {activity.label for activity in activities}
    return [
        Definition(label.slug, label.name, label.slug, label.text, label.synonyms, label.sources)
        for label in labels
        if label.slug not in owners
    ]


def _entries(content: dict[str, Any], part: str, where: str) -> list[dict[str, Any]]:
    """Return the checked fields of each definition in a part."""
    entries, (required, optional) = content.get(part, []), _FIELDS[part]
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise DefinitionError(f"{where}: {part} must be entries with the heading [[{part}]].")
    checked = []
    for number, entry in enumerate(entries, 1):
        place = f"{where}: [[{part}]] number {number}" + (f" ({entry['slug']!r})" if "slug" in entry else "")
        if missing := [name for name in required if name not in entry]:
            raise DefinitionError(f"{place} has no {missing[0]}.", f"It needs {', '.join(required)}.")
        if unknown := [name for name in entry if name not in {*required, *optional}]:
            tip = f"The fields are {', '.join((*required, *optional))}."
            raise DefinitionError(f"{place} has an unknown field {unknown[0]!r}.", tip)
        checked.append({name: _checked(name, value, f"{place}: {name}") for name, value in entry.items()})
    return checked


def _checked(name: str, value: object, place: str) -> str | tuple[str, ...]:
    """Return the value of a field, lists as tuples."""
    if name in _LISTS:
        if not isinstance(value, list):
            raise DefinitionError(f"{place} must be a list of texts.")
        return tuple(_line(text, place) for text in value)
    line = _line(value, place)
    if name == "slug" and not _SLUG.fullmatch(line):
        raise DefinitionError(f"{place} is made of lowercase letters a-z, digits and hyphens.")
    if name == "text" and line.startswith(_FORMULA):
        raise DefinitionError(f"{place} starts like a formula of a spreadsheet.", f"Not with {' '.join(_FORMULA)}.")
    return line


def _line(value: object, place: str) -> str:
    """Return a text in one line."""
    if not isinstance(value, str):
        raise DefinitionError(f"{place} must be a text.")
    line = " ".join(value.split())
    if not line.isprintable():
        raise DefinitionError(f"{place} has an invisible character.", "Type the text anew.")
    if not line:
        raise DefinitionError(f"{place} is blank.")
    return line


def _articles(articles: object, where: str) -> dict[str, str]:
    """Return the titles of articles by their file names."""
    if not isinstance(articles, dict):
        raise DefinitionError(f"{where}: articles must be entries with the heading [articles.NAME].")
    for name, article in articles.items():
        if not isinstance(article, dict) or "title" not in article:
            raise DefinitionError(f"{where}: the article {name!r} has no title.")
    return {
        _line(name, where): _line(article["title"], f"{where}: {name}: title") for name, article in articles.items()
    }
