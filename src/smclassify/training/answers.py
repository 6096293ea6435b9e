"""What a model says of labelled rows, beside the truth."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from heapq import nlargest
from typing import TYPE_CHECKING, Any

import numpy as np

from smclassify.batch_scoring import BatchScorer
from smclassify.errors import DatasetError, UsageError
from smclassify.examples import examples_of
from smclassify.predictions import EMPTY, NONE, OK, decide
from smclassify.training.dataset import text_key
from smclassify.training.labelled import iter_labelled

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from smclassify.model import Model
    from smclassify.predictions import PredictionTable
    from smclassify.tables.values import Table
    from smclassify.training.labelled import Columns, LabelledRows

MOST_GROUPS = 1000


@dataclass(frozen=True, slots=True)
class Mistake:
    """A wrong answer: where the row starts, what it says, its label, and what the model said how surely."""

    line: int
    text: str
    truth: str
    said: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Answers:
    """What a model said of n labelled rows.

    Attributes:
        truth: Place of the true label among the model's; int64, shape (n,).
        probabilities: Of the labels; float64, shape (n, n_labels).
        ok: Whether the status is `ok`; shape (n,).
        has_activity: Whether the row has an activity that the model knows; shape (n,).
        activity_first: Whether it is the activity shown; shape (n,).
        activity_in_three: Whether it is among the three likeliest of all activities; shape (n,).
    """

    truth: NDArray[np.int64]
    probabilities: NDArray[np.float64]
    ok: NDArray[np.bool_]
    has_activity: NDArray[np.bool_]
    activity_first: NDArray[np.bool_]
    activity_in_three: NDArray[np.bool_]

    def of(self, rows: NDArray[np.int64]) -> Answers:
        """Return the answers of some rows, given by their places."""
        return Answers(*(getattr(self, column.name)[rows] for column in fields(self)))


@dataclass(frozen=True, slots=True)
class Collected:
    """The answers to a whole table.

    Attributes:
        answers: What was said of the rows that have a label and a text.
        group: Place of the group of each, shape (n,).
        groups: The groups, in the order in which they first appear.
        mistakes: The wrong answers with the highest confidence, the surest first.
        n_unlabelled: Number of rows left out because they have no label.
        n_blank: Number of rows left out because there is nothing in their text.
        n_unknown_activity: Number of rows whose activity the model does not know.
        n_seen: Number of rows whose text is among the examples the model was made from; None if these are not known.
    """

    answers: Answers
    group: NDArray[np.int64]
    groups: tuple[str, ...]
    mistakes: tuple[Mistake, ...]
    n_unlabelled: int
    n_blank: int
    n_unknown_activity: int
    n_seen: int | None


def seen_keys(model: Model) -> frozenset[str] | None:
    """Return the `text_key` of the examples that a model was made from; None if they are not known."""
    examples = examples_of(model)
    return None if examples.why_none else frozenset(text_key(text) for text, _, _ in examples.rows if text)


def collect_answers(  # noqa: PLR0913, PLR0917 - the last three have defaults
    table: Table,
    columns: Columns,
    model: Model,
    seen: frozenset[str] | None = None,
    n_mistakes: int = 10,
    on_chunk: Callable[[int], None] = lambda _: None,
) -> Collected:
    """Ask a model about every labelled row of a table.

    Args:
        table: The table.
        columns: Where its texts, labels, activities and groups are.
        model: What answers.
        seen: The `text_key` of the examples that it was made from; None if they are not known.
        n_mistakes: How many mistakes to keep.
        on_chunk: Called with the number of rows of each chunk.

    Raises:
        DatasetError: No row has both a label and a text, or the model does not know a label.
        UsageError: There are more than 1000 groups.
        TableError: The table cannot be read.
    """
    collector = _Collector(model, seen, n_mistakes)
    for rows in iter_labelled(table, columns, model):
        collector.add(rows)
        if len(collector.groups) > MOST_GROUPS:
            message = f"{table.name}: the column of the groups has more than {MOST_GROUPS} different values."
            raise UsageError(message, "Choose one with few, with --by.")
        on_chunk(len(rows.texts) + rows.n_unlabelled)
    if not any(len(part.truth) for part in collector.parts):
        lack = "no row with a label has a text" if collector.n_blank else "no row has a label"
        raise DatasetError(f"{table.name}: {lack}.", "Choose other columns with --column and --label-column.")
    return collector.collected()


@dataclass(slots=True)
class _Collector:
    model: Model
    seen: frozenset[str] | None
    n_mistakes: int
    scorer: BatchScorer = field(init=False)
    parts: list[Answers] = field(default_factory=list)
    group: list[NDArray[np.int64]] = field(default_factory=list)
    groups: dict[str, int] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)
    n_unlabelled: int = 0
    n_blank: int = 0
    n_unknown_activity: int = 0
    n_seen: int = 0

    def __post_init__(self) -> None:
        self.scorer = BatchScorer(self.model.weights)

    def add(self, rows: LabelledRows) -> None:
        """Ask about some rows and count them."""
        self.n_unlabelled += rows.n_unlabelled
        if not rows.texts:
            return
        scores = self.scorer.score(rows.texts)
        table = decide(self.model, rows.texts, scores)
        kept = np.flatnonzero(table.status != EMPTY)
        has_activity = rows.activity != NONE
        places = np.arange(len(rows.texts))
        higher = scores.logits > scores.logits[places, rows.activity][:, None]
        first = table.activity == rows.activity
        answers = Answers(
            truth=rows.truth,
            probabilities=table.probabilities,
            ok=table.status == OK,
            has_activity=has_activity,
            activity_first=first,
            activity_in_three=has_activity & (first | (higher.sum(axis=1) < 3)),
        )
        self.parts.append(answers.of(kept))
        self.group.append(np.array([self._group(rows.groups[place]) for place in kept.tolist()], dtype=np.int64))
        self._keep_mistakes(rows, table, kept)
        self.n_blank += len(rows.texts) - len(kept)
        self.n_unknown_activity += rows.n_unknown_activity
        if self.seen is not None:
            self.n_seen += sum(text_key(rows.texts[place]) in self.seen for place in kept.tolist())

    def _group(self, name: str) -> int:
        return self.groups.setdefault(name, len(self.groups))

    def _keep_mistakes(self, rows: LabelledRows, table: PredictionTable, kept: NDArray[np.int64]) -> None:
        wrong = kept[table.label[kept] != rows.truth[kept]]
        surest = wrong[np.argsort(-table.confidence[wrong], kind="stable")[: self.n_mistakes]].tolist()
        labels = self.model.labels
        self.mistakes += [
            Mistake(
                rows.lines[place],
                rows.texts[place],
                labels[rows.truth[place]],
                labels[table.label[place]],
                float(table.confidence[place]),
            )
            for place in surest
        ]
        self.mistakes = nlargest(self.n_mistakes, self.mistakes, key=lambda mistake: mistake.confidence)

    def collected(self) -> Collected:
        """Return what was collected."""
        return Collected(
            answers=Answers(*(self._column(column.name) for column in fields(Answers))),
            group=np.concatenate(self.group),
            groups=tuple(self.groups),
            mistakes=tuple(self.mistakes),
            n_unlabelled=self.n_unlabelled,
            n_blank=self.n_blank,
            n_unknown_activity=self.n_unknown_activity,
            n_seen=None if self.seen is None else self.n_seen,
        )

    def _column(self, name: str) -> NDArray[Any]:
        return np.concatenate([getattr(part, name) for part in self.parts])
