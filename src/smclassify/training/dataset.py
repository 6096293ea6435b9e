"""Labelled examples: reading them, checking them, and splitting them without leaks."""

from __future__ import annotations

import csv
import hashlib
import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from smclassify.errors import DatasetError
from smclassify.text import analyze, normalise

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from smclassify.definitions import Catalogue

COLUMNS = ("text", "label", "activity", "style", "origin")
NEAR = 0.5
_COMMON = 400


@dataclass(frozen=True, slots=True)
class Example:
    """One labelled text.

    Attributes:
        text: The activity as somebody would write it.
        label: Slug of its label.
        activity: Slug of its activity inside the label.
        style: Kind of wording: name, tracker, log, duty, skill, calendar or cross (misleading on purpose).
        origin: Which part of the data set it was written for.
        line: Line in the file where it ends.
    """

    text: str
    label: str
    activity: str
    style: str
    origin: str
    line: int


def read_examples(path: Path) -> list[Example]:
    """Read a CSV file of examples.

    Raises:
        DatasetError: The file cannot be read, lacks a column, or has a row with missing cells.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as handle:
            reader = csv.DictReader(handle, strict=True)
            if missing := [name for name in COLUMNS if name not in (reader.fieldnames or ())]:
                raise DatasetError(
                    f"{path}:1: no column {missing[0]!r}.",
                    f"The file needs the columns {', '.join(COLUMNS)}.",
                )
            rows = [(reader.line_num, tuple(row[name] for name in COLUMNS)) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(f"{path}: cannot read the examples: {error}") from error
    for line, cells in rows:
        if not all(cells):
            raise DatasetError(f"{path}:{line}: an example has an empty or missing cell.")
    if not rows:
        raise DatasetError(f"{path}: there are no examples.")
    return [Example(**dict(zip(COLUMNS, cells, strict=True)), line=line) for line, cells in rows]


def read_texts(path: Path) -> list[str]:
    """Read the texts of a CSV file with a column `text`.

    Raises:
        DatasetError: The file cannot be read, or has no such column.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as handle:
            return [row["text"] for row in csv.DictReader(handle, strict=True)]
    except (OSError, UnicodeDecodeError, csv.Error, KeyError) as error:
        raise DatasetError(f"{path}: cannot read the texts: {error}") from error


def check_examples(examples: Sequence[Example], catalogue: Catalogue, path: Path) -> None:
    """Check the rules that every data set must keep.

    Raises:
        DatasetError: A label or activity is unknown or they do not belong together, or a text appears twice;
            the message names the first such line.
    """
    seen: dict[str, Example] = {}
    for example in examples:
        where = f"{path}:{example.line}"
        activity = catalogue.activities.get(example.activity)
        if activity is None:
            raise DatasetError(f"{where}: unknown activity {example.activity!r}.")
        if activity.label != example.label:
            raise DatasetError(f"{where}: {example.activity} is {activity.label}, not {example.label!r}.")
        earlier = seen.setdefault(text_key(example.text), example)
        if earlier is not example:
            what = "repeats" if earlier.label == example.label else "contradicts"
            raise DatasetError(f"{where}: {example.text!r} {what} line {earlier.line}.")


def text_key(text: str) -> str:
    """Return what two texts share that differ only in case, accents, punctuation or spacing."""
    return " ".join(re.findall(r"\w+", normalise(text))) or text.strip()


def data_digest(examples: Sequence[Example]) -> str:
    """Return the SHA-256 of the examples' texts, labels and activities, whatever the file's line ends."""
    digest = hashlib.sha256()
    for example in examples:
        digest.update(f"{example.text}\x1f{example.label}\x1f{example.activity}\x1e".encode())
    return digest.hexdigest()


def near_pairs(texts: Sequence[str], least: float, shortest: int = 1) -> Iterator[tuple[int, int]]:
    """Yield the pairs of texts whose word sets have a Jaccard index of at least `least`.

    Texts with fewer than `shortest` different words are left out. Pairs that share nothing but very common words
    (those of over 400 texts) are not looked at.
    """
    sets = [frozenset(analyze(text)) for text in texts]
    holders: dict[str, list[int]] = defaultdict(list)
    for place, words in enumerate(sets):
        if len(words) >= shortest:
            shared = {other for word in words if len(holders[word]) <= _COMMON for other in holders[word]}
            for other in shared:
                if len(words & sets[other]) >= least * len(words | sets[other]):
                    yield other, place
            for word in words:
                holders[word].append(place)


def group_near_copies(texts: Sequence[str]) -> NDArray[np.int64]:
    """Return a group number per text, shape (n_texts,): texts that share half of their words are in one group.

    The number of a group is the place of its first text.
    """
    parent = list(range(len(texts)))

    def root(place: int) -> int:
        while parent[place] != place:
            parent[place] = parent[parent[place]]
            place = parent[place]
        return place

    for one, other in near_pairs(texts, NEAR):
        first, second = sorted((root(one), root(other)))
        parent[second] = first
    return np.array([root(place) for place in range(len(texts))], dtype=np.int64)
