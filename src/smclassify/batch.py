"""Labelling the rows of a table, chunk by chunk."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from heapq import nsmallest
from typing import TYPE_CHECKING, Any

import numpy as np

from smclassify.model import SOURCES, STATUSES
from smclassify.predictions import GLOSSARY, NONE, UNSURE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from smclassify.model import Model
    from smclassify.predictions import PredictionTable
    from smclassify.tables.values import Chunk, NewColumn, Writer

_SHOWN_LINES = 5
_SHOWN_ROWS = 5


@dataclass(frozen=True, slots=True)
class UnsureRow:
    """A row that a person should look at: where it starts, what it says, what the model makes of it."""

    line: int
    text: str
    label: str
    confidence: float


@dataclass(frozen=True, slots=True)
class BatchSummary:
    """What a batch did.

    Attributes:
        n_rows: Number of rows written, blank lines not counted.
        labels: Number of rows by label, the most frequent first.
        statuses: Number of rows by status.
        least_sure: The rows with status `unsure` that have the lowest confidence.
        n_ragged: Number of rows with too few or too many cells.
        ragged_lines: Lines where the first of them start.
        n_blank_lines: Number of blank lines, which stay as they are.
        unclosed_line: Line of a row whose quoted cell never ends; None if all do.
        n_by_glossary: Number of rows that the glossary decided; None if there is no glossary.
    """

    n_rows: int
    labels: dict[str, int]
    statuses: dict[str, int]
    least_sure: tuple[UnsureRow, ...]
    n_ragged: int
    ragged_lines: tuple[int, ...]
    n_blank_lines: int
    unclosed_line: int | None
    n_by_glossary: int | None = None


class Tally:
    """The counts of a batch while it runs."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._labels = np.zeros(len(model.labels), dtype=np.int64)
        self._statuses = np.zeros(len(STATUSES), dtype=np.int64)
        self._least_sure: list[UnsureRow] = []
        self._n_ragged = 0
        self._ragged_lines: tuple[int, ...] = ()
        self._n_blank_lines = 0
        self._unclosed_line: int | None = None
        self._n_by_glossary = 0

    def add(self, chunk: Chunk, predictions: PredictionTable) -> None:
        """Count the rows of a chunk."""
        rows = np.ones(len(chunk.texts), dtype=np.bool_)
        rows[list(chunk.blanks)] = False
        labels = predictions.label[rows]
        self._labels += np.bincount(labels[labels != NONE], minlength=len(self._labels))
        self._statuses += np.bincount(predictions.status[rows], minlength=len(STATUSES))
        self._n_blank_lines += len(chunk.blanks)
        self._n_ragged += len(chunk.ragged)
        self._ragged_lines = (*self._ragged_lines, *chunk.ragged)[:_SHOWN_LINES]
        self._unclosed_line = self._unclosed_line or chunk.unclosed
        self._n_by_glossary += int((predictions.source == GLOSSARY).sum())
        unsure = np.flatnonzero(predictions.status == UNSURE)
        lowest = unsure[np.argsort(predictions.confidence[unsure], kind="stable")[:_SHOWN_ROWS]].tolist()
        least_sure = [
            UnsureRow(
                chunk.lines[place],
                chunk.texts[place],
                self._model.labels[predictions.label[place]],
                float(predictions.confidence[place]),
            )
            for place in lowest
        ]
        self._least_sure = nsmallest(_SHOWN_ROWS, self._least_sure + least_sure, key=lambda row: row.confidence)

    def state(self) -> dict[str, Any]:
        """Return the counts as JSON has them."""
        return {
            "labels": self._labels.tolist(),
            "statuses": self._statuses.tolist(),
            "least_sure": [astuple(row) for row in self._least_sure],
            "n_ragged": self._n_ragged,
            "ragged_lines": self._ragged_lines,
            "n_blank_lines": self._n_blank_lines,
            "unclosed_line": self._unclosed_line,
            "n_by_glossary": self._n_by_glossary,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from the counts that `state` returned."""
        self._labels = np.array(state["labels"], dtype=np.int64)
        self._statuses = np.array(state["statuses"], dtype=np.int64)
        self._least_sure = [UnsureRow(*row) for row in state["least_sure"]]
        self._n_ragged = state["n_ragged"]
        self._ragged_lines = tuple(state["ragged_lines"])
        self._n_blank_lines = state["n_blank_lines"]
        self._unclosed_line = state["unclosed_line"]
        self._n_by_glossary = state["n_by_glossary"]

    def summary(self) -> BatchSummary:
        """Return what was counted."""
        return BatchSummary(
            n_rows=int(self._statuses.sum()),
            labels=_counts(self._model.labels, self._labels),
            statuses=_counts(STATUSES, self._statuses),
            least_sure=tuple(self._least_sure),
            n_ragged=self._n_ragged,
            ragged_lines=self._ragged_lines,
            n_blank_lines=self._n_blank_lines,
            unclosed_line=self._unclosed_line,
            n_by_glossary=self._n_by_glossary if self._model.glossary else None,
        )


def _counts(names: Sequence[str], counts: NDArray[np.int64]) -> dict[str, int]:
    """Return how often each name was counted, the most frequent first."""
    counted = sorted(zip(names, counts.tolist(), strict=True), key=lambda pair: -pair[1])
    return {name: count for name, count in counted if count}


def new_columns(table: PredictionTable, columns: Sequence[str], model: Model) -> list[NewColumn]:
    """Return the cells of the new columns; none of them can start a spreadsheet formula."""
    definitions = [model.catalogue.activities[slug].text for slug in model.activities]
    # the place -1, which stands for none, is the blank at the end
    names: dict[str, tuple[Sequence[str], NDArray[np.integer]]] = {
        "label": ([*model.labels, ""], table.label),
        "status": (STATUSES, table.status),
        "activity": ([*model.activities, ""], table.activity),
        "definition": ([*definitions, ""], table.activity),
        "source": ([*SOURCES, ""], table.source),
    }
    return [
        np.array(names[column][0], dtype=np.object_)[names[column][1]].tolist()
        if column in names
        else [sure or None for sure in np.round(table.confidence, 4).tolist()]
        for column in columns
    ]


def label_table(  # noqa: PLR0913, PLR0917 - the last two have defaults
    predicted: Iterable[tuple[Chunk, PredictionTable]],
    writer: Writer,
    columns: Sequence[str],
    model: Model,
    on_chunk: Callable[[int], None] = lambda _: None,
    tally: Tally | None = None,
) -> BatchSummary:
    """Write all rows of a table with the new cells, and return what was done.

    Args:
        predicted: The chunks of the table with the predictions of their texts.
        writer: Where its rows go; the header has been written.
        columns: Which new columns to write.
        model: What made the predictions.
        on_chunk: Called with the number of rows of each chunk once it is written.
        tally: What counts the rows, those done before among them; a new one if None.
    """
    tally = tally or Tally(model)
    for chunk, predictions in predicted:
        writer.write(chunk, new_columns(predictions, columns, model))
        tally.add(chunk, predictions)
        on_chunk(len(chunk.texts))
    writer.finish()
    return tally.summary()
