"""Everything that is measured of a model on labelled rows, as values."""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smclassify.training.answers import Mistake
    from smclassify.training.evaluate import CoveragePoint, EvaluationReport

SCALARS = {
    "n": "report.n",
    "accuracy": "report.accuracy",
    "accuracy_low": "accuracy_interval.low",
    "accuracy_high": "accuracy_interval.high",
    "macro_f1": "report.macro_f1",
    "macro_f1_low": "macro_f1_interval.low",
    "macro_f1_high": "macro_f1_interval.high",
    "log_loss": "report.log_loss",
    "brier": "report.brier",
    "ece": "report.ece",
    "coverage": "coverage",
    "accuracy_ok": "accuracy_ok",
    "majority_accuracy": "majority.accuracy",
    "majority_macro_f1": "majority.macro_f1",
    "n_activity": "n_activity",
    "activity_top1": "activity_top1",
    "activity_top3": "activity_top3",
}
"""The figures that are one number: name -> where it is in `Figures`."""
COUNTS = ("n_unlabelled", "n_blank", "n_unknown_activity", "n_seen")
"""The numbers of rows in `Assessment`."""
SCORES = ("precision", "recall", "f1", "support")
"""The numbers that each label has: `sales.f1` and so on."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A 95 % confidence interval of a share, 0..1."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Answers of like confidence: where the bin starts and ends, how many, their mean confidence and accuracy, 0..1."""

    low: float
    high: float
    n: int
    confidence: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class Majority:
    """What somebody reaches who always says the commonest label: accuracy and macro F1, 0..1."""

    label: str
    accuracy: float
    macro_f1: float


@dataclass(frozen=True, slots=True)
class Figures:
    """What is measured of a set of rows.

    Attributes:
        report: Accuracy, macro F1, log loss, Brier score, calibration error, and the scores of each label.
        accuracy_interval: Of the accuracy, by bootstrap.
        macro_f1_interval: Of the macro F1, by bootstrap.
        confusion: Number of rows, row by row the true label, column by column the label said.
        curve: How accurate the surest answers are.
        reliability: Confidence and accuracy in the bins of the calibration error; bins without answers are left out.
        coverage: Share of answers with status `ok`, 0..1.
        accuracy_ok: Accuracy of those, 0..1; None if there are none.
        majority: What to compare with.
        n_activity: Number of rows with an activity that the model knows.
        activity_top1: Share of these whose activity is the one shown, 0..1; None if there are none.
        activity_top3: Share of these whose activity is among the three likeliest, 0..1; None if there are none.
    """

    report: EvaluationReport
    accuracy_interval: Interval
    macro_f1_interval: Interval
    confusion: tuple[tuple[int, ...], ...]
    curve: tuple[CoveragePoint, ...]
    reliability: tuple[ReliabilityBin, ...]
    coverage: float
    accuracy_ok: float | None
    majority: Majority
    n_activity: int
    activity_top1: float | None
    activity_top3: float | None

    def scalars(self) -> dict[str, float | None]:
        """Return the figures that are one number by name; None for what could not be measured."""
        return {name: attrgetter(path)(self) for name, path in SCALARS.items()}


@dataclass(frozen=True, slots=True)
class Assessment:
    """How good a model is on a labelled table.

    Attributes:
        labels: The labels, in the order of the model.
        figures: Of all rows that have a label and a text.
        by: What the groups are of; None without groups.
        groups: Of each group, in the order in which they first appear.
        mistakes: The wrong answers with the highest confidence, the surest first.
        n_unlabelled: Number of rows left out because they have no label.
        n_blank: Number of rows left out because there is nothing in their text.
        n_unknown_activity: Number of rows whose activity the model does not know.
        n_seen: Number of rows whose text is among the examples the model was made from; None if these are not known.
    """

    labels: tuple[str, ...]
    figures: Figures
    by: str | None
    groups: dict[str, Figures]
    mistakes: tuple[Mistake, ...]
    n_unlabelled: int
    n_blank: int
    n_unknown_activity: int
    n_seen: int | None

    def scalars(self) -> dict[str, float | None]:
        """Return all figures of all rows that are one number by name; None for what could not be measured."""
        counts = {name: getattr(self, name) for name in COUNTS}
        of_labels = {f"{of.label}.{score}": getattr(of, score) for of in self.figures.report.labels for score in SCORES}
        return self.figures.scalars() | counts | of_labels


def scalar_names(labels: Sequence[str]) -> list[str]:
    """Return the names of `Assessment.scalars` for a model with these labels."""
    return [*SCALARS, *COUNTS, *(f"{label}.{score}" for label in labels for score in SCORES)]
