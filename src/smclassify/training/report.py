"""What training did and measured, as values and as the facts in a model file."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy
import sklearn

from smclassify.training.dataset import data_digest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smclassify.model import Thresholds
    from smclassify.training.dataset import Example
    from smclassify.training.evaluate import CoveragePoint, EvaluationReport
    from smclassify.training.fit import FitConfig


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Figures of examples that the fit did not see, after calibration.

    Attributes:
        labels: Figures of the labels.
        activity_top1: Share of examples whose activity is the one shown, 0..1, of those that say theirs; None if none
            does.
        activity_top3: Share of these whose activity is among the three likeliest, 0..1.
        coverage: Share of predictions with status `ok`, 0..1.
        accuracy_ok: Accuracy of those, 0..1.
        curve: How accurate the surest predictions are.
    """

    labels: EvaluationReport
    activity_top1: float | None
    activity_top3: float | None
    coverage: float
    accuracy_ok: float
    curve: tuple[CoveragePoint, ...]

    def figures(self) -> dict[str, Any]:
        """Return all figures by name, as the model file has them; those of a label by the label."""
        own = asdict(self)
        labels: dict[str, Any] = own.pop("labels")
        by_label = {scores.label: asdict(scores) for scores in self.labels.labels}
        return labels | {"labels": by_label} | own | {"curve": [asdict(point) for point in self.curve]}


@dataclass(frozen=True, slots=True)
class TrainingReport:
    """What training did and measured.

    Attributes:
        n_examples: Number of examples by label.
        thresholds: The limits chosen.
        like: Figures in cross-validation, where the fit saw other examples of the same origins.
        unlike: Figures where the fit saw no example of the same origin; they choose temperatures and thresholds. The
            same as `like` if the examples do not have enough origins.
        ambiguous_unsure: Share of ambiguous texts, which no fit saw, with status `unsure`, 0..1; None without any.
        parity: Largest difference from scikit-learn's probabilities over all examples.
    """

    n_examples: dict[str, int]
    thresholds: Thresholds
    like: HeldOut
    unlike: HeldOut
    ambiguous_unsure: float | None
    parity: float


def facts_of(examples: Sequence[Example], config: FitConfig, report: TrainingReport) -> dict[str, Any]:
    """Return what the model file says of its making; figures to four digits."""
    return {
        "data": {"rows": len(examples), "labels": report.n_examples, "sha256": data_digest(examples)},
        "training": asdict(config),
        "heldout": _four_digits(report.like.figures()),
        "unlike": _four_digits(report.unlike.figures()),
        "ambiguous_unsure": _four_digits(report.ambiguous_unsure),
        "versions": {
            "numpy": np.__version__,
            "scikit-learn": sklearn.__version__,
            "scipy": scipy.__version__,
        },
    }


def _four_digits(value: Any) -> Any:  # noqa: ANN401 - whatever JSON can hold
    match value:
        case dict():
            return {key: _four_digits(item) for key, item in value.items()}
        case list():
            return [_four_digits(item) for item in value]
        case float():
            return round(value, 4)
    return value
