"""A team's own phrases, each with the label it stands for: they decide before the model."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property, partial
from hashlib import sha256
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

from smclassify.errors import GlossaryError
from smclassify.paths import read_whole
from smclassify.text import written_words

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from smclassify.definitions import Definition
    from smclassify.model import Model

_COLUMNS = ("phrase", "label")
_HELP = "A glossary is a CSV file with the columns phrase and label, and activity if you like."


@dataclass(frozen=True, slots=True)
class Entry:
    """One phrase of a glossary.

    Attributes:
        phrase: As it is written in the file.
        label: Slug of the label that it stands for.
        activity: Slug of an activity inside `label`; None to leave the choice to the model.
    """

    phrase: str
    label: str
    activity: str | None = None


@dataclass(frozen=True)
class Glossary:
    """Phrases that decide before the model; immutable.

    Attributes:
        entries: The phrases; no two of them have the same words.
        path: The file it was read from, if it was.
    """

    entries: tuple[Entry, ...]
    path: Path | None = field(default=None, compare=False)

    def find(self, text: str) -> Entry | None:
        """Return the entry whose phrase is in a text; None if there is none.

        A phrase is in a text if all its words stand there side by side, whatever their case, accents and the
        punctuation between them. The phrase with the most words wins; of several, the one that begins first.
        """
        words = written_words(text)
        if self._by_first_word.keys().isdisjoint(words):
            return None
        longest, found = 0, None
        for place, word in enumerate(words):
            for phrase, entry in self._by_first_word.get(word, ()):
                if len(phrase) > longest and words[place : place + len(phrase)] == phrase:
                    longest, found = len(phrase), entry
        return found

    def find_all(self, texts: Sequence[str]) -> dict[int, Entry]:
        """Return the entries by the places of the texts that have one."""
        return {place: entry for place, text in enumerate(texts) if (entry := self.find(text)) is not None}

    @cached_property
    def digest(self) -> str:
        """The SHA-256 digest of the entries."""
        return sha256(repr(self.entries).encode()).hexdigest()

    @cached_property
    def _by_first_word(self) -> dict[str, list[tuple[list[str], Entry]]]:
        by_word: dict[str, list[tuple[list[str], Entry]]] = {}
        for entry in self.entries:
            words = written_words(entry.phrase)
            by_word.setdefault(words[0], []).append((words, entry))
        return by_word


def load_glossary(path: str | os.PathLike[str], model: Model) -> Glossary:
    """Read a glossary for a model from a CSV file.

    Args:
        path: A file in UTF-8, with commas, semicolons or tabs, and the columns `phrase`, `label` and, optional,
            `activity`; others are ignored. Labels and activities go by slug or name, in any case.
        model: Whose labels and activities the glossary may name.

    Raises:
        GlossaryError: The file cannot be read or breaks a rule; the message says on which line.
    """
    path = Path(path)
    lines: dict[tuple[str, ...], tuple[int, Entry]] = {}
    for line, row in _rows(path):
        where = f"{path}:{line}"
        entry = _entry(row, model, where)
        before, same = lines.setdefault(tuple(written_words(entry.phrase)), (line, entry))
        if (same.label, same.activity) != (entry.label, entry.activity):
            raise GlossaryError(f"{where}: {entry.phrase!r} contradicts line {before}.", "Keep one of the two.")
    return Glossary(tuple(entry for _, entry in lines.values()), path)


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the rows of a CSV file that are not blank, as column -> cell, with the lines they start on."""
    import csv  # noqa: PLC0415 - an answer without a glossary does without it

    try:
        content = read_whole(path).decode("utf-8-sig")
    except OSError as error:
        raise GlossaryError(f"{path}: cannot read the glossary: {error.strerror}.", _HELP) from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise GlossaryError(f"{path}:{line}: the line is not UTF-8.", "Save the file as CSV in UTF-8.") from error
    header = next(filter(str.strip, content.splitlines()), "")
    reader = csv.reader(StringIO(content, newline=""), delimiter=max(",;\t", key=partial(_fit, header)), strict=True)
    try:
        names = next((_names(cells) for cells in reader if any(map(str.strip, cells))), [])
        for name in _COLUMNS:
            if names.count(name) != 1:
                which = "two columns are called" if name in names else "no column"
                raise GlossaryError(f"{path}:{max(1, reader.line_num)}: {which} {name!r}.", _HELP)
        while True:
            line = reader.line_num + 1
            cells = [cell.strip() for cell in next(reader)]
            if any(cells[len(names) :]):
                tip = "Put a phrase that holds the separator between double quotes."
                raise GlossaryError(f"{path}:{line}: more cells than columns.", tip)
            if any(cells):
                yield line, dict(zip(names, cells, strict=False))
    except StopIteration:
        return
    except csv.Error as error:
        raise GlossaryError(f"{path}:{reader.line_num}: not well formed CSV: {error}.", _HELP) from error


def _names(cells: Iterable[str]) -> list[str]:
    return [cell.strip().casefold() for cell in cells]


def _fit(header: str, delimiter: str) -> tuple[bool, int]:
    """Return how well a delimiter fits a header: whether it makes the columns, and how often it is there."""
    names = _names(header.replace('"', "").split(delimiter))
    return set(_COLUMNS) <= set(names), len(names)


def _entry(row: dict[str, str], model: Model, where: str) -> Entry:
    phrase = row.get("phrase", "")
    if not phrase:
        raise GlossaryError(f"{where}: the phrase is blank.", "Write one, or delete the row.")
    if not any(map(str.isalnum, "".join(written_words(phrase)))):
        raise GlossaryError(f"{where}: {phrase!r} has no word.", "A phrase needs letters or digits.")
    labels = {slug: model.catalogue.labels[slug] for slug in model.labels}
    label = _slug("label", row.get("label", ""), labels, where)
    if not (wanted := row.get("activity", "")):
        return Entry(phrase, label)
    activities = {slug: model.catalogue.activities[slug] for slug in model.activities}
    inside = {slug: activity for slug, activity in activities.items() if activity.label == label}
    return Entry(phrase, label, _slug(f"{label} activity", wanted, inside, where))


def _slug(kind: str, wanted: str, known: Mapping[str, Definition], where: str) -> str:
    """Return the slug of the one that goes by this slug or name."""
    for slug, definition in known.items():
        if wanted.casefold() in {slug.casefold(), definition.name.casefold()}:
            return slug
    message = f"{where}: there is no {kind} {wanted!r}." if wanted else f"{where}: the {kind} is blank."
    raise GlossaryError(message, f"Choose from {', '.join(known)}.")
