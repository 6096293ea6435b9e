"""What a report says of labelled rows: counted while they stream, in bounded memory."""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Protocol

import numpy as np

from smclassify.model import STATUSES
from smclassify.predictions import NONE, OK, UNSURE
from smclassify.report_groups import GroupTally, shown_cell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from smclassify.model import Model
    from smclassify.report_groups import GroupColumn, Grouping
    from smclassify.tables.values import Chunk

LISTED_ROWS = 2000
"""Most rows that are listed one by one."""
N_BINS = 20
"""Number of equal parts of 0..1 in which confidences are counted."""
LONGEST_TEXT = 240
"""Most characters of a listed text; what comes after them is cut off."""


class Answers(Protocol):
    """What is known of n texts, as `predictions.PredictionTable` has it."""

    @property
    def label(self) -> NDArray[np.int64]:
        """Place of the label among the model's, `NONE` for an empty text; shape (n,)."""

    @property
    def activity(self) -> NDArray[np.int64]:
        """Place of the activity among the model's, `NONE` where there is none; shape (n,)."""

    @property
    def status(self) -> NDArray[np.int64]:
        """Place in `model.STATUSES`; shape (n,)."""

    @property
    def confidence(self) -> NDArray[np.float64]:
        """Confidence, 0..1; shape (n,)."""


@dataclass(frozen=True, slots=True)
class ActivityCount:
    """How often one activity was found.

    Attributes:
        slug: The activity.
        n_rows: Number of rows.
        n_unsure: How many of them have the status `unsure`.
    """

    slug: str
    n_rows: int
    n_unsure: int


@dataclass(frozen=True, slots=True)
class ListedRow:
    """A row with status `unsure`.

    Attributes:
        line: Where it starts, from 1.
        text: Its text, cut if it is long.
        label: Slug of its label.
        activity: Slug of its activity; `""` if there is none.
        confidence: 0..1.
        values: Its cells in the columns by which rows are grouped.
    """

    line: int
    text: str
    label: str
    activity: str
    confidence: float
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReportData:
    """All that a report says.

    Attributes:
        source: Name of the file.
        labels: Number of rows by label, in the order of the model's labels.
        statuses: Number of rows by status.
        activities: The activities that were found, the most frequent first.
        confidences: Number of rows by status, `ok` and `unsure`, in each of `N_BINS` equal parts of 0..1, lowest first.
        groupings: All rows by the values of each column that was asked for.
        listed: The rows with status `unsure`, the least sure first, `LISTED_ROWS` at most.
    """

    source: str
    labels: dict[str, int]
    statuses: dict[str, int]
    activities: tuple[ActivityCount, ...]
    confidences: dict[str, tuple[int, ...]]
    groupings: tuple[Grouping, ...]
    listed: tuple[ListedRow, ...]

    @property
    def n_rows(self) -> int:
        """Number of rows, blank lines not counted."""
        return sum(self.statuses.values())


class ReportTally:
    """The counts of a report while rows stream."""

    def __init__(self, source: str, model: Model, columns: Sequence[GroupColumn]) -> None:
        self._source = source
        self._model = model
        self._labels = np.zeros(len(model.labels), dtype=np.int64)
        self._statuses = np.zeros(len(STATUSES), dtype=np.int64)
        self._activities = np.zeros((len(model.activities), 2), dtype=np.int64)  # all, unsure
        self._confidences = np.zeros((2, N_BINS), dtype=np.int64)  # ok, unsure
        self._groups = [GroupTally(column, len(model.labels)) for column in columns]
        self._listed: list[ListedRow] = []
        self._highest = np.inf

    def add(self, chunk: Chunk, answers: Answers) -> None:
        """Count the rows of a chunk."""
        is_row = np.ones(len(chunk.texts), dtype=np.bool_)
        is_row[list(chunk.blanks)] = False
        rows = np.flatnonzero(is_row)
        confidence = np.round(answers.confidence, 4)  # as a labelled file has it
        label, activity, status = answers.label[rows], answers.activity[rows], answers.status[rows]
        self._labels += np.bincount(label[label != NONE], minlength=len(self._labels))
        self._statuses += np.bincount(status, minlength=len(STATUSES))
        is_unsure = status == UNSURE
        bins = np.minimum((confidence[rows] * N_BINS).astype(np.int64), N_BINS - 1)
        for place, chosen in enumerate((status == OK, is_unsure)):
            self._confidences[place] += np.bincount(bins[chosen], minlength=N_BINS)
        for place, chosen in enumerate((activity != NONE, (activity != NONE) & is_unsure)):
            self._activities[:, place] += np.bincount(activity[chosen], minlength=len(self._activities))
        columns = [chunk.column(group.column.place) for group in self._groups]
        for group, cells in zip(self._groups, columns, strict=True):
            group.add([cells[place] for place in rows.tolist()], label, is_unsure)
        self._list(rows[is_unsure & (confidence[rows] < self._highest)], chunk, answers, columns)

    def _list(self, places: NDArray[np.int64], chunk: Chunk, answers: Answers, columns: list[list[str]]) -> None:
        """Take in those rows of a chunk that may be among the least sure ones."""
        for place in places.tolist():
            activity = int(answers.activity[place])
            row = ListedRow(
                chunk.lines[place],
                _cut(chunk.texts[place]),
                self._model.labels[answers.label[place]],
                "" if activity == NONE else self._model.activities[activity],
                round(float(answers.confidence[place]), 4),
                tuple(shown_cell(cells[place]) for cells in columns),
            )
            self._listed.append(row)
        if len(self._listed) > 2 * LISTED_ROWS:
            self._listed = self._least_sure()
            self._highest = self._listed[-1].confidence

    def _least_sure(self) -> list[ListedRow]:
        """Return the rows to be listed; of equally sure ones the earlier comes first."""
        return sorted(self._listed, key=attrgetter("confidence"))[:LISTED_ROWS]

    def data(self) -> ReportData:
        """Return what was counted."""
        found = [
            ActivityCount(slug, *counts)
            for slug, counts in zip(self._model.activities, self._activities.tolist(), strict=True)
            if counts[0]
        ]
        return ReportData(
            source=self._source,
            labels=dict(zip(self._model.labels, self._labels.tolist(), strict=True)),
            statuses=dict(zip(STATUSES, self._statuses.tolist(), strict=True)),
            activities=tuple(sorted(found, key=lambda count: -count.n_rows)),
            confidences={
                STATUSES[status]: tuple(counts)
                for status, counts in zip((OK, UNSURE), self._confidences.tolist(), strict=True)
            },
            groupings=tuple(group.grouping() for group in self._groups),
            listed=tuple(self._least_sure()),
        )


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "\N{HORIZONTAL ELLIPSIS}"
