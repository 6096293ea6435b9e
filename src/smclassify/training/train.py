"""The whole training procedure: examples in, calibrated model and report out."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import joblib
import numpy as np
import scipy
import sklearn

from smclassify.atomic import whole_file
from smclassify.model import Model, Thresholds
from smclassify.training.calibrate import choose_thresholds, is_sure, probabilities_of, temperature
from smclassify.training.dataset import data_digest, group_near_copies
from smclassify.training.evaluate import EvaluationReport, evaluate
from smclassify.training.export import as_pipeline, export_weights
from smclassify.training.fit import FitConfig, HeldOut, Targets, cross_validate, fit_columns, make_targets
from smclassify.training.vectorize import TermVectorizer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from sklearn.pipeline import Pipeline

    from smclassify.definitions import Catalogue
    from smclassify.training.dataset import Example

SURE_ACCURACY = 0.97
"""What predictions with status `ok` reach on held-out examples."""


@dataclass(frozen=True, slots=True)
class TrainingReport:
    """What training did and measured; the figures come from examples that the fit did not see.

    Attributes:
        n_examples: Number of examples by label.
        n_groups: Number of groups of near copies, which no fold divides.
        n_terms: Number of terms in the model.
        labels: Figures of the labels in cross-validation, after calibration.
        activity_top1: Share of examples whose activity is the one shown, 0..1.
        activity_top3: Share of examples whose activity is among the three likeliest, 0..1.
        thresholds: The limits chosen.
        coverage: Share of predictions with status `ok`, 0..1.
        accuracy_ok: Accuracy of those, 0..1.
    """

    n_examples: dict[str, int]
    n_groups: int
    n_terms: int
    labels: EvaluationReport
    activity_top1: float
    activity_top3: float
    thresholds: Thresholds
    coverage: float
    accuracy_ok: float


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """A model, the scikit-learn pipeline (texts -> label columns) with the same probabilities, and the report."""

    model: Model
    pipeline: Pipeline
    report: TrainingReport


def train(
    examples: Sequence[Example],
    catalogue: Catalogue,
    config: FitConfig,
    on_step: Callable[[str], None] = lambda _: None,
) -> TrainingResult:
    """Train a model on checked examples.

    Near copies stay in one fold; temperature and thresholds are chosen on held-out predictions.

    Args:
        examples: Checked examples.
        catalogue: The definitions.
        config: Choices made before fitting.
        on_step: Called with a short sentence before each step.

    Raises:
        DatasetError: There are too few examples of an activity, or of labels.
    """
    texts = [example.text for example in examples]
    targets = make_targets(examples, catalogue, config.folds)
    on_step("Grouping near copies")
    groups = group_near_copies(texts)
    on_step("Counting terms")
    all_terms = TermVectorizer(min_texts=1).fit_transform(texts)
    on_step(f"Cross-validating in {config.folds} folds")
    heldout = cross_validate(texts, all_terms, targets, groups, config)
    temperatures = _temperatures(heldout, targets)
    on_step("Fitting on all examples")
    vectorizer = TermVectorizer(config.min_texts)
    matrix = vectorizer.fit_transform(texts)
    coefficients, intercepts = fit_columns(matrix, targets, np.arange(len(texts)), config)
    weights = export_weights(
        vectorizer.terms_, coefficients / temperatures, intercepts / temperatures, len(targets.labels)
    )
    report = _measure(heldout, temperatures, targets, n_groups=len(set(groups)), n_terms=len(weights.terms))
    facts = _facts(examples, config, report)
    model = Model(weights, targets.labels, targets.activities, catalogue, report.thresholds, facts)
    pipeline = as_pipeline(weights, vectorizer)
    return TrainingResult(model, pipeline, report)


def parity(result: TrainingResult, texts: Sequence[str]) -> float:
    """Return the largest difference between the model's probabilities and those of scikit-learn."""
    return float(np.abs(result.model.predict_proba(texts) - result.pipeline.predict_proba(texts)).max())


def _temperatures(heldout: HeldOut, targets: Targets) -> NDArray[np.float64]:
    """Return the temperature of every column: one for the labels, one for the activities of each label."""
    found = [temperature(heldout.labels, targets.label)] * len(targets.labels)
    for label in range(len(targets.labels)):
        columns, rows = targets.columns_of(label), targets.label == label
        own = heldout.activities[np.ix_(rows, columns)]
        alone = len(columns) == 1
        found += [1.0 if alone else temperature(own, targets.activity[rows] - columns[0])] * len(columns)
    return np.array(found)


def _measure(
    heldout: HeldOut, temperatures: NDArray[np.float64], targets: Targets, n_groups: int, n_terms: int
) -> TrainingReport:
    n_labels = len(targets.labels)
    probabilities = probabilities_of(heldout.labels / temperatures[:n_labels])
    joint = np.empty_like(heldout.activities)
    for label in range(n_labels):
        columns = targets.columns_of(label)
        inside = probabilities_of(heldout.activities[:, columns] / temperatures[columns + n_labels])
        joint[:, columns] = inside * probabilities[:, [label]]
    said = probabilities.argmax(axis=1)
    shown = np.where(targets.owners == said[:, None], joint, -1.0).argmax(axis=1)
    top3 = np.argsort(-joint, axis=1)[:, :3]
    thresholds = choose_thresholds(probabilities, heldout.known, targets.label, SURE_ACCURACY)
    sure = is_sure(probabilities, heldout.known, thresholds)
    return TrainingReport(
        n_examples={slug: int((targets.label == column).sum()) for column, slug in enumerate(targets.labels)},
        n_groups=n_groups,
        n_terms=n_terms,
        labels=evaluate(targets.label, probabilities, targets.labels),
        activity_top1=float((shown == targets.activity).mean()),
        activity_top3=float((top3 == targets.activity[:, None]).any(axis=1).mean()),
        thresholds=thresholds,
        coverage=float(sure.mean()),
        accuracy_ok=float((said == targets.label)[sure].mean()) if sure.any() else 0.0,
    )


def _facts(examples: Sequence[Example], config: FitConfig, report: TrainingReport) -> dict[str, Any]:
    """Return what the model file says of its making; figures to four digits."""
    return {
        "data": {"rows": len(examples), "labels": report.n_examples, "sha256": data_digest(examples)},
        "training": asdict(config) | {"groups": report.n_groups, "terms": report.n_terms},
        "heldout": _four_digits(
            asdict(report.labels)
            | {
                "labels": {scores.label: asdict(scores) for scores in report.labels.labels},
                "activity_top1": report.activity_top1,
                "activity_top3": report.activity_top3,
                "coverage": report.coverage,
                "accuracy_ok": report.accuracy_ok,
            }
        ),
        "versions": {
            "numpy": np.__version__,
            "scikit-learn": sklearn.__version__,
            "scipy": scipy.__version__,
        },
    }


def _four_digits(figures: dict[str, Any]) -> dict[str, Any]:
    return {
        key: _four_digits(value) if isinstance(value, dict) else round(value, 4) if isinstance(value, float) else value
        for key, value in figures.items()
    }


def save_pipeline(pipeline: Pipeline, path: Path) -> None:
    """Save the scikit-learn pipeline with joblib, for a notebook. Loading such a file runs code: load only your own."""
    with whole_file(path) as handle:
        joblib.dump(pipeline, handle)
