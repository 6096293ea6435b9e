"""What changes in the answers to a table when one model takes the place of another."""

from __future__ import annotations

from dataclasses import dataclass
from heapq import nlargest
from operator import attrgetter
from typing import TYPE_CHECKING

import numpy as np

from smclassify.model import STATUSES
from smclassify.predictions import NONE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from smclassify.model import Model, Status
    from smclassify.predictions import PredictionTable
    from smclassify.tables.values import Chunk

    Ints = NDArray[np.int64]

_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Answer:
    """What one model says of a row; see `model.Prediction`."""

    label: str | None
    confidence: float
    status: Status


@dataclass(frozen=True, slots=True)
class Change:
    """A row whose label or status is not the same.

    Attributes:
        line: Where the row starts, from 1.
        text: What it says.
        before: The answer of the first model.
        after: The answer of the second.
    """

    line: int
    text: str
    before: Answer
    after: Answer

    @property
    def of_label(self) -> bool:
        """Whether the label is another one."""
        return self.before.label != self.after.label

    @property
    def of_status(self) -> bool:
        """Whether the status is another one."""
        return self.before.status != self.after.status

    @property
    def rank(self) -> float:
        """What the worst changes are found by, 0..4: those of labels first, then by the sum of both confidences."""
        return self.before.confidence + self.after.confidence + 2 * self.of_label


@dataclass(frozen=True, slots=True)
class Move:
    """How many rows have one label or status before and another, or the same, after."""

    before: str
    after: str
    n_rows: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two models compared on the rows of a table.

    Attributes:
        n_rows: Number of rows, blank lines not counted.
        n_changed: Number of rows with another label, another status, or both.
        labels: Number of rows by label before and after, without empty rows.
        statuses: Number of rows by status before and after.
        changes: The worst changes, the worst first.
        only_before: Labels that the second model does not have.
        only_after: Labels that the first model does not have.
        unclosed_line: Line of a row whose quoted cell never ends; None if all do.
    """

    n_rows: int
    n_changed: int
    labels: tuple[Move, ...]
    statuses: tuple[Move, ...]
    changes: tuple[Change, ...]
    only_before: tuple[str, ...]
    only_after: tuple[str, ...]
    unclosed_line: int | None

    @property
    def n_labels(self) -> int:
        """Number of rows with another label."""
        return _n_moved(self.labels)

    @property
    def n_statuses(self) -> int:
        """Number of rows with another status."""
        return _n_moved(self.statuses)


def _n_moved(moves: Iterable[Move]) -> int:
    return sum(move.n_rows for move in moves if move.before != move.after)


def compare(
    chunks: Iterable[Chunk],
    before: Model,
    after: Model,
    limit: int | None = 20,
    on_chunk: Callable[[int], None] = lambda _: None,
) -> Comparison:
    """Compare the answers of two models to the rows of a table.

    Labels are the same if their slugs are. Of equally bad changes the earlier comes first.

    Args:
        chunks: The rows.
        before: The first model.
        after: The second model.
        limit: How many changes to return, which bounds the memory; None for all.
        on_chunk: Called with the number of rows of each chunk once it is compared.
    """
    tally = _Tally(before, after, limit)
    for chunk in chunks:
        tally.add(chunk, before.predict_table(chunk.texts), after.predict_table(chunk.texts))
        on_chunk(len(chunk.texts))
    return tally.comparison()


class _Side:
    """What one of two models says, in the words of both."""

    def __init__(self, model: Model, labels: Sequence[str]) -> None:
        self._labels = (*labels, None)
        # the place -1, which stands for none, is the last
        self._places = np.array([*map(labels.index, model.labels), NONE])

    def label(self, predictions: PredictionTable) -> Ints:
        """Return the places of the labels among those of both models, `NONE` for an empty text; shape (n,)."""
        places: Ints = self._places[predictions.label]
        return places

    def answer(self, predictions: PredictionTable, place: int) -> Answer:
        """Return the answer to one text."""
        return Answer(
            self._labels[self._places[predictions.label[place]]],
            # what texts are scored together may change the last digits
            round(float(predictions.confidence[place]), _DIGITS),
            STATUSES[predictions.status[place]],
        )


class _Tally:
    """The counts and the worst changes while a table is read."""

    def __init__(self, before: Model, after: Model, limit: int | None) -> None:
        self._only_before = tuple(label for label in before.labels if label not in after.labels)
        self._only_after = tuple(label for label in after.labels if label not in before.labels)
        self._names = (*before.labels, *self._only_after)
        self._before, self._after = _Side(before, self._names), _Side(after, self._names)
        self._labels = np.zeros((len(self._names), len(self._names)), dtype=np.int64)
        self._statuses = np.zeros((len(STATUSES), len(STATUSES)), dtype=np.int64)
        self._limit = limit
        self._changes: list[Change] = []
        self._n_changed = 0
        self._unclosed_line: int | None = None

    def add(self, chunk: Chunk, before: PredictionTable, after: PredictionTable) -> None:
        """Compare the answers to a chunk."""
        is_row = np.ones(len(chunk.texts), dtype=np.bool_)
        is_row[list(chunk.blanks)] = False
        old, new = self._before.label(before), self._after.label(after)
        labelled = is_row & (old != NONE) & (new != NONE)
        np.add.at(self._labels, (old[labelled], new[labelled]), 1)
        np.add.at(self._statuses, (before.status[is_row], after.status[is_row]), 1)
        changed = np.flatnonzero(is_row & ((old != new) | (before.status != after.status)))
        self._n_changed += len(changed)
        self._unclosed_line = self._unclosed_line or chunk.unclosed
        self._keep(
            Change(
                chunk.lines[place],
                chunk.texts[place],
                self._before.answer(before, place),
                self._after.answer(after, place),
            )
            for place in changed.tolist()
        )

    def _keep(self, changes: Iterable[Change]) -> None:
        self._changes.extend(changes)
        if self._limit is not None:
            self._changes = nlargest(self._limit, self._changes, key=attrgetter("rank"))

    def comparison(self) -> Comparison:
        """Return what was found."""
        return Comparison(
            n_rows=int(self._statuses.sum()),
            n_changed=self._n_changed,
            labels=_moves(self._names, self._labels),
            statuses=_moves(STATUSES, self._statuses),
            changes=tuple(sorted(self._changes, key=attrgetter("rank"), reverse=True)),
            only_before=self._only_before,
            only_after=self._only_after,
            unclosed_line=self._unclosed_line,
        )


def _moves(names: Sequence[str], counts: Ints) -> tuple[Move, ...]:
    """Return the counts above zero, the highest first."""
    moves = [Move(names[old], names[new], int(counts[old, new])) for old, new in np.argwhere(counts).tolist()]
    return tuple(sorted(moves, key=attrgetter("n_rows"), reverse=True))
