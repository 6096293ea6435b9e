"""The whole training procedure: examples in, calibrated model and report out."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import joblib
import numpy as np
import scipy
import sklearn

from smclassify.atomic import whole_file
from smclassify.model import Model, Temperatures, Thresholds
from smclassify.training.calibrate import (
    choose_thresholds,
    inside_label,
    is_sure,
    label_logits,
    probabilities_of,
    temperature,
)
from smclassify.training.dataset import data_digest, group_near_copies
from smclassify.training.evaluate import EvaluationReport, evaluate
from smclassify.training.export import as_pipeline, export_weights
from smclassify.training.fit import (
    FitConfig,
    Targets,
    cross_validate,
    fit_network,
    known_shares,
    make_folds,
    make_targets,
)
from smclassify.training.vectorize import TermVectorizer
from smclassify.training.vectors import VectorAverager

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from sklearn.pipeline import Pipeline

    from smclassify.definitions import Catalogue
    from smclassify.training.dataset import Example
    from smclassify.training.vectors import WordVectors

SURE_ACCURACY = 0.97
"""What predictions with status `ok` reach on held-out examples."""
MOST_DIFFERENCE = 1e-6
"""How far the probabilities of the model may lie from those of scikit-learn."""


@dataclass(frozen=True, slots=True)
class TrainingReport:
    """What training did and measured; the figures come from examples that the fit did not see.

    Attributes:
        n_examples: Number of examples by label.
        labels: Figures of the labels in cross-validation, after calibration.
        activity_top1: Share of examples whose activity is the one shown, 0..1.
        activity_top3: Share of examples whose activity is among the three likeliest, 0..1.
        thresholds: The limits chosen.
        coverage: Share of predictions with status `ok`, 0..1.
        accuracy_ok: Accuracy of those, 0..1.
        parity: Largest difference from scikit-learn's probabilities over all examples.
    """

    n_examples: dict[str, int]
    labels: EvaluationReport
    activity_top1: float
    activity_top3: float
    thresholds: Thresholds
    coverage: float
    accuracy_ok: float
    parity: float = 0.0


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """A model, the scikit-learn pipeline (texts -> activity columns) with the same answers, and the report."""

    model: Model
    pipeline: Pipeline
    report: TrainingReport


def train(
    examples: Sequence[Example],
    catalogue: Catalogue,
    vectors: WordVectors,
    config: FitConfig,
    on_step: Callable[[str], None] = lambda _: None,
) -> TrainingResult:
    """Train a model on checked examples.

    Near copies stay in one fold; temperature and thresholds are chosen on held-out predictions.

    Args:
        examples: Checked examples.
        catalogue: The definitions.
        vectors: What words mean.
        config: Choices made before fitting.
        on_step: Called with a short sentence before each step.

    Raises:
        DatasetError: There are too few examples of an activity, or of labels.
        RuntimeError: The model does not reproduce scikit-learn's probabilities: a defect of the program.
    """
    texts = [example.text for example in examples]
    targets = make_targets(examples, catalogue, config.folds)
    on_step("Grouping near copies")
    groups = group_near_copies(texts)
    folds = make_folds(targets, groups, config)
    on_step("Counting terms and averaging word vectors")
    vectorizer = TermVectorizer(config.min_texts)
    terms = vectorizer.fit_transform(texts)
    averages = VectorAverager(vectors).transform(texts)
    on_step(f"Cross-validating in {config.folds} folds")
    features = (TermVectorizer(min_texts=1).fit_transform(texts), averages)
    logits = cross_validate(features, targets, folds, config)
    known = known_shares(texts, vectors.numbers, folds, config.min_texts)
    on_step("Fitting on all examples")
    network = fit_network(terms, averages, targets.activity, config)
    weights = export_weights(network, vectorizer, vectors)
    temperatures = _temperatures(logits, targets)
    report = _measure(logits, known, temperatures, targets)
    facts = _facts(examples, config, report) | {"terms": len(weights.terms), "groups": len(set(groups.tolist()))}
    model = Model(
        weights=weights,
        labels=targets.labels,
        activities=targets.activities,
        catalogue=catalogue,
        temperatures=temperatures,
        thresholds=report.thresholds,
        facts=facts,
    )
    pipeline = as_pipeline(weights, network, vectorizer)
    on_step("Comparing with scikit-learn")
    difference = parity(model, pipeline, texts)
    if difference > MOST_DIFFERENCE:
        raise RuntimeError(f"The model's probabilities and those of scikit-learn differ by {difference:.1e}.")
    return TrainingResult(model, pipeline, replace(report, parity=difference))


def parity(model: Model, pipeline: Pipeline, texts: Sequence[str]) -> float:
    """Return the largest difference between the model's label probabilities and those that scikit-learn gives."""
    of_activities = pipeline.predict_proba(texts)
    owners = np.array([model.labels.index(model.catalogue.activities[slug].label) for slug in model.activities])
    odds = np.column_stack([of_activities[:, owners == place].sum(axis=1) for place in range(len(model.labels))])
    odds **= 1 / model.temperatures.label
    return float(np.abs(model.predict_proba(texts) - odds / odds.sum(axis=1, keepdims=True)).max())


def _temperatures(logits: NDArray[np.float64], targets: Targets) -> Temperatures:
    return Temperatures(
        label=temperature(label_logits(logits, targets.owners, len(targets.labels)), targets.label),
        activity=temperature(inside_label(logits, targets.owners, targets.label), targets.activity),
    )


def _measure(
    logits: NDArray[np.float64], known: NDArray[np.float64], temperatures: Temperatures, targets: Targets
) -> TrainingReport:
    of_labels = label_logits(logits, targets.owners, len(targets.labels))
    probabilities = probabilities_of(of_labels / temperatures.label)
    said = probabilities.argmax(axis=1)
    shown = inside_label(logits, targets.owners, said).argmax(axis=1)
    top3 = np.argsort(-logits, axis=1)[:, :3]
    thresholds = choose_thresholds(probabilities, known, targets.label, SURE_ACCURACY)
    sure = is_sure(probabilities, known, thresholds)
    return TrainingReport(
        n_examples={slug: int((targets.label == place).sum()) for place, slug in enumerate(targets.labels)},
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
        "training": asdict(config),
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
