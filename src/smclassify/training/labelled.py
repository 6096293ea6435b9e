"""Labelled rows of a table of any format."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from smclassify.columns import LIKELY_HEADERS, find_column, has_header
from smclassify.errors import DatasetError, TableError, UsageError
from smclassify.predictions import NONE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from smclassify.model import Model
    from smclassify.settings import Setting
    from smclassify.tables.values import Chunk, Table

LABEL_HEADERS = ("label", "category", "class")
_ACTIVITY = "activity"


@dataclass(frozen=True, slots=True)
class ColumnNames:
    """What the user says of the columns: headers, or numbers from 1.

    Attributes:
        text: Column of the texts; None to find it.
        label: Column of the labels; None to find it.
        activity: Column of the activities; None for the one called `activity`, if there is one.
        by: Column whose values make the groups; None for no groups.
        preferred: Column of the texts where there is one of this name, unless `text` says.
    """

    text: str | None = None
    label: str | None = None
    activity: str | None = None
    by: str | None = None
    preferred: Setting[str] | None = None


@dataclass(frozen=True, slots=True)
class Columns:
    """Places of the columns, from 0; None where there is no such column."""

    text: int
    label: int
    activity: int | None
    by: int | None


@dataclass(frozen=True, slots=True)
class LabelledRows:
    """Neighbouring rows that have a label.

    Attributes:
        texts: The text of each row.
        lines: Where each row starts, from 1.
        truth: Place of the label among the model's; int64, shape (n,).
        activity: Place of the activity among the model's, `NONE` where there is none; int64, shape (n,).
        groups: The group of each row; blank without groups.
        n_unlabelled: Number of rows between them that have no label.
        n_unknown_activity: Number of these rows whose activity the model does not know.
    """

    texts: list[str]
    lines: list[int]
    truth: NDArray[np.int64]
    activity: NDArray[np.int64]
    groups: list[str]
    n_unlabelled: int
    n_unknown_activity: int


def find_columns(table: Table, names: ColumnNames) -> Columns:
    """Return where a table has texts, labels, activities and groups.

    A column `activity` beside another one that looks like the texts holds the activities.

    Raises:
        UsageError: A column is missing, or it is not clear which one is meant; the tip lists the headers.
    """
    headers = [header.strip().casefold() for header in table.headers or ()]
    label = _label_column(table, names.label, headers)
    usual = [header for header in headers if header in LIKELY_HEADERS and header != _ACTIVITY]
    wanted = names.text
    if wanted is None and len(usual) == 1 and not (names.preferred and has_header(table, names.preferred.value)):
        wanted = usual[0]
    text = find_column(table, wanted, names.preferred)
    if text == label:
        raise UsageError(
            f"{table.name}: column {text + 1} cannot hold both the texts and the labels.",
            "Name the two with --column and --label-column.",
        )
    activity = None
    if names.activity is not None:
        activity = find_column(table, names.activity)
    elif headers.count(_ACTIVITY) == 1 and headers.index(_ACTIVITY) not in {text, label}:
        activity = headers.index(_ACTIVITY)
    return Columns(text, label, activity, None if names.by is None else find_column(table, names.by))


def _label_column(table: Table, wanted: str | None, headers: Sequence[str]) -> int:
    if wanted is not None:
        return find_column(table, wanted)
    usual = [place for place, header in enumerate(headers) if header in LABEL_HEADERS]
    if len(usual) == 1:
        return usual[0]
    which = "more than one column looks like the labels" if usual else "no column has one of the usual names"
    columns = ", ".join(f"{number} {header.strip()!r}" for number, header in enumerate(table.headers or (), 1))
    listed = f"The columns are: {columns}." if columns else f"The file has no header; its columns: {table.width}."
    raise UsageError(
        f"{table.name}: which column holds the labels? Here {which}.", f"{listed} Choose with --label-column."
    )


def iter_labelled(table: Table, columns: Columns, model: Model) -> Iterator[LabelledRows]:
    """Yield the labelled rows of a table, chunk by chunk; case and space around labels and activities do not matter.

    Raises:
        DatasetError: The model does not know a label; the message names the line.
        TableError: The table cannot be read, or a quoted cell never ends.
    """
    labels = {slug.casefold(): place for place, slug in enumerate(model.labels)}
    activities = {slug.casefold(): place for place, slug in enumerate(model.activities)}
    for chunk in table.chunks(columns.text):
        if chunk.unclosed is not None:
            raise TableError(f"{table.name}:{chunk.unclosed}: a quoted cell never ends.", "Add the closing quote.")
        cells = [cell.strip().casefold() for cell in chunk.column(columns.label)]
        rows = [place for place, cell in enumerate(cells) if cell]
        for place in rows:
            if cells[place] not in labels:
                unknown = chunk.column(columns.label)[place].strip()
                raise DatasetError(
                    f"{table.name}:{chunk.lines[place]}: unknown label {unknown!r}.",
                    f"The model knows: {', '.join(model.labels)}.",
                )
        named = [cell.strip().casefold() for cell in _cells(chunk, columns.activity, rows)]
        activity = [activities.get(name, NONE) for name in named]
        yield LabelledRows(
            texts=[chunk.texts[place] for place in rows],
            lines=[chunk.lines[place] for place in rows],
            truth=np.array([labels[cells[place]] for place in rows], dtype=np.int64),
            activity=np.array(activity, dtype=np.int64),
            groups=[cell.strip() for cell in _cells(chunk, columns.by, rows)],
            n_unlabelled=len(cells) - len(chunk.blanks) - len(rows),
            n_unknown_activity=sum(place == NONE and name != "" for place, name in zip(activity, named, strict=True)),
        )


def _cells(chunk: Chunk, column: int | None, rows: Sequence[int]) -> list[str]:
    """Return the cells of a column in some rows; blank ones if there is no such column."""
    if column is None:
        return [""] * len(rows)
    cells = chunk.column(column)
    return [cells[place] for place in rows]
