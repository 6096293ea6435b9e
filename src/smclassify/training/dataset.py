"""Labelled examples: reading them, checking them, and splitting them without leaks."""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from smclassify.errors import DatasetError
from smclassify.examples import digest_of
from smclassify.tables.formats import open_table
from smclassify.tables.values import ReadOptions
from smclassify.text import analyze, normalise

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from smclassify.definitions import Catalogue
    from smclassify.tables.values import Table

_REQUIRED = ("text", "label")
COLUMNS = (*_REQUIRED, "activity", "style", "origin")
NEAR = 0.5
_COMMON = 400


@dataclass(frozen=True, slots=True)
class Example:
    """One labelled text.

    Attributes:
        text: The activity as somebody would write it.
        label: Slug of its label.
        activity: Slug of its activity inside the label; blank if nobody said which one it is.
        style: Kind of wording, such as name, tracker, log or cross (misleading on purpose); may be blank.
        origin: Which part of the data set it was written for; may be blank.
        line: Where it starts: its line in a text file, its row in others.
    """

    text: str
    label: str
    activity: str
    style: str
    origin: str
    line: int


def read_examples(path: Path) -> list[Example]:
    """Read the examples in a table of any format that `batch` reads.

    It needs the columns text and label; activity, style and origin may be blank or missing, and others do not matter.

    Raises:
        DatasetError: A column is missing or there twice, a row has no text or label or not as many cells as the header,
            or there are no rows.
        TableError: The file cannot be read.
        UsageError: The format needs an extra that is not installed.
    """
    examples: list[Example] = []
    with open_table(str(path), ReadOptions()) as table:
        places = _find_columns(table, path)
        for chunk in table.chunks(places["text"]):
            if chunk.unclosed is not None:
                tip = "All below it became one cell; close the quotes."
                raise DatasetError(f"{path}:{chunk.unclosed}: a quoted cell never ends.", tip)
            if chunk.ragged:
                tip = "A cell with the delimiter in it needs quotes."
                raise DatasetError(f"{path}:{chunk.ragged[0]}: too few or too many cells.", tip)
            cells = [chunk.column(places[name]) if name in places else [""] * len(chunk.lines) for name in COLUMNS]
            rows = enumerate(zip(chunk.lines, *cells, strict=True))
            examples += [_example(path, *row) for place, row in rows if place not in chunk.blanks]
    if not examples:
        raise DatasetError(f"{path}: there are no examples.")
    return examples


def _find_columns(table: Table, path: Path) -> dict[str, int]:
    """Return the places of the columns that there are."""
    names = [header.strip().casefold() for header in table.headers or ()]
    if missing := [name for name in _REQUIRED if name not in names]:
        needs = f"The file needs a header with {' and '.join(_REQUIRED)}"
        raise DatasetError(f"{path}: no column {missing[0]!r}.", f"{needs}; it may have {', '.join(COLUMNS[2:])}.")
    if twice := [name for name in COLUMNS if names.count(name) > 1]:
        raise DatasetError(f"{path}: more than one column {twice[0]!r}.")
    return {name: names.index(name) for name in COLUMNS if name in names}


def _example(path: Path, line: int, text: str, *slugs: str) -> Example:
    label, activity, style, origin = (slug.strip() for slug in slugs)
    if not (text.strip() and label):
        raise DatasetError(f"{path}:{line}: an example without {'label' if text.strip() else 'text'}.")
    return Example(text, label, activity, style, origin, line)


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
        if example.label not in catalogue.labels:
            tip = f"The labels are {', '.join(catalogue.labels)}; others need --definitions."
            raise DatasetError(f"{where}: unknown label {example.label!r}.", tip)
        if example.activity and example.activity not in catalogue.activities:
            raise DatasetError(f"{where}: unknown activity {example.activity!r}.")
        if example.activity and (label := catalogue.activities[example.activity].label) != example.label:
            raise DatasetError(f"{where}: {example.activity} is {label}, not {example.label!r}.")
        earlier = seen.setdefault(text_key(example.text), example)
        if earlier is not example:
            what = "repeats" if earlier.label == example.label else "contradicts"
            raise DatasetError(f"{where}: {example.text!r} {what} line {earlier.line}.")


def text_key(text: str) -> str:
    """Return what two texts share that differ only in case, accents, punctuation or spacing."""
    return " ".join(re.findall(r"\w+", normalise(text))) or text.strip()


def data_digest(examples: Sequence[Example]) -> str:
    """Return the SHA-256 of the examples' texts, labels and activities, whatever the file's line ends."""
    return digest_of((example.text, example.label, example.activity) for example in examples)


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
