"""The whole training procedure: examples in, calibrated model and report out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import joblib
import numpy as np

from smclassify.atomic import whole_file
from smclassify.model import Model, Temperatures, Thresholds
from smclassify.predictions import UNSURE, label_probabilities
from smclassify.training.calibrate import (
    choose_thresholds,
    inside_label,
    is_sure,
    label_logits,
    temperature,
)
from smclassify.training.dataset import group_near_copies
from smclassify.training.evaluate import coverage_curve, evaluate
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
from smclassify.training.report import HeldOut, TrainingReport, facts_of
from smclassify.training.revision import CORRECTION, repeated, repeats
from smclassify.training.teacher import SoftLabels, mixed_goals
from smclassify.training.vectorize import TermVectorizer
from smclassify.training.vectors import VectorAverager

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix
    from sklearn.pipeline import Pipeline

    from smclassify.definitions import Catalogue
    from smclassify.training.dataset import Example
    from smclassify.training.fit import Fold
    from smclassify.training.vectors import WordVectors

SURE_ACCURACY = 0.97
"""What predictions with status `ok` reach on held-out examples."""
MOST_DIFFERENCE = 1e-6
"""How far the probabilities of the model may lie from those of scikit-learn."""


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """What training gives.

    Attributes:
        model: The model.
        pipeline: The scikit-learn pipeline (texts -> activity columns) with the same answers.
        report: What was measured.
        held_out: The cross-validation with near copies in one fold.
    """

    model: Model
    pipeline: Pipeline
    report: TrainingReport
    held_out: CrossValidation


@dataclass(frozen=True, slots=True)
class Material:
    """What a model is made from.

    Attributes:
        examples: Checked examples.
        catalogue: The definitions of their labels and activities.
        vectors: What words mean.
        ambiguous: Texts that cannot be decided; the confidence that `ok` asks for is above that of half of them.
        teacher: What another model, which did not see the example, says of it; None if nobody was asked.
    """

    examples: Sequence[Example]
    catalogue: Catalogue
    vectors: WordVectors
    ambiguous: Sequence[str] = ()
    teacher: SoftLabels | None = None


@dataclass(frozen=True, slots=True)
class CrossValidation:
    """What it takes to cross-validate other goals on the same texts in the same folds, and what came out.

    Attributes:
        features: The values of all terms, and the averaged word vectors.
        targets: The true columns.
        folds: For each fold the examples to fit on and those to score.
        probabilities: Of the labels, from fits that did not see the example, shape (n, n_labels).
    """

    features: tuple[csr_matrix, NDArray[np.float64]]
    targets: Targets
    folds: Sequence[Fold]
    probabilities: NDArray[np.float64]


def train(material: Material, config: FitConfig, on_step: Callable[[str], None] = lambda _: None) -> TrainingResult:
    """Train a model.

    Held-out predictions are made twice: with near copies in one fold, and with whole origins in one fold. The second
    kind is nearer to users' texts, which nobody of the data set wrote, and chooses temperatures and thresholds.

    Args:
        material: What the model is made from.
        config: Choices made before fitting.
        on_step: Called with a short sentence before each step.

    Raises:
        DatasetError: There are too few examples of an activity, or of labels.
        RuntimeError: The model does not reproduce scikit-learn's probabilities: a defect of the program.
    """
    examples, catalogue, vectors, ambiguous = (
        material.examples,
        material.catalogue,
        material.vectors,
        material.ambiguous,
    )
    texts = [example.text for example in examples]
    targets = targets_of(material, config)
    times = repeats(examples)
    everything = repeated(np.arange(len(examples)), times)
    on_step("Grouping near copies")
    groups = group_near_copies(texts)
    on_step("Counting terms and averaging word vectors")
    vectorizer = TermVectorizer(config.min_texts)
    terms = vectorizer.fit_transform([texts[place] for place in everything])
    averages = VectorAverager(vectors).transform(texts)
    features = (TermVectorizer(min_texts=1).fit_transform(texts), averages)

    def held_out(folds: Sequence[Fold]) -> _HeldOutScores:
        folds = [(repeated(seen, times), unseen) for seen, unseen in folds]
        known = known_shares(texts, vectors.numbers, folds, config.min_texts)
        return _HeldOutScores(cross_validate(features, targets, folds, config), known)

    on_step(f"Cross-validating in {config.folds} folds")
    folds = make_folds(targets, groups, config)
    like = held_out(folds)
    on_step("Cross-validating with whole origins left out")
    origins = np.unique([example.origin for example in examples], return_inverse=True)[1]
    unlike = held_out(make_folds(targets, origins, config)) if origins.max() + 1 >= config.folds else like
    on_step("Fitting on all examples")
    network = fit_network(terms, averages[everything], targets.goals[everything], config)
    weights = export_weights(network, vectorizer, vectors)
    model = Model(
        weights=weights,
        labels=targets.labels,
        activities=targets.activities,
        catalogue=catalogue,
        temperatures=_temperatures(unlike, targets),
        thresholds=Thresholds(1.0, 0.0, 0.0),
    )
    undecided = np.sort(model.predict_proba(ambiguous).max(axis=1)) if ambiguous else np.zeros(1)
    probabilities = unlike.probabilities(targets, model.temperatures)
    thresholds = choose_thresholds(
        probabilities, unlike.known, targets.label, SURE_ACCURACY, float(undecided[len(undecided) // 2])
    )
    model = replace(model, thresholds=thresholds)
    pipeline = as_pipeline(weights, network, vectorizer)
    on_step("Comparing with scikit-learn")
    difference = parity(model, pipeline, texts)
    if difference > MOST_DIFFERENCE:
        raise RuntimeError(f"The model's probabilities and those of scikit-learn differ by {difference:.1e}.")
    report = TrainingReport(
        n_examples={slug: int((targets.label == place).sum()) for place, slug in enumerate(targets.labels)},
        thresholds=thresholds,
        like=_measure(like, model, targets),
        unlike=_measure(unlike, model, targets),
        ambiguous_unsure=_share_unsure(model, ambiguous) if ambiguous else None,
        parity=difference,
    )
    facts = facts_of(examples, config, report) | {"terms": len(weights.terms), "groups": len(set(groups.tolist()))}
    cross_validation = CrossValidation(features, targets, folds, like.probabilities(targets, model.temperatures))
    return TrainingResult(replace(model, facts=facts), pipeline, report, cross_validation)


def targets_of(material: Material, config: FitConfig) -> Targets:
    """Return what is learnt of each example: its activity, mixed with what the teacher says unless it is a correction.

    Raises:
        DatasetError: There are too few examples of an activity, or of labels.
    """
    targets = make_targets(material.examples, material.catalogue, config.folds)
    if material.teacher is None:
        return targets
    goals = mixed_goals(targets, [example.text for example in material.examples], material.teacher, config.teacher)
    corrected = np.array([example.style == CORRECTION for example in material.examples])
    return replace(targets, goals=np.where(corrected[:, None], targets.goals, goals))


def parity(model: Model, pipeline: Pipeline, texts: Sequence[str]) -> float:
    """Return the largest difference between the model's label probabilities and those that scikit-learn gives.

    Texts without known words are left out: the model lowers their confidence on purpose.
    """
    table = model.predict_table(texts)
    of_activities = pipeline.predict_proba(texts)
    owners = np.array([model.labels.index(model.catalogue.activities[slug].label) for slug in model.activities])
    odds = np.column_stack([of_activities[:, owners == place].sum(axis=1) for place in range(len(model.labels))])
    odds **= 1 / model.temperatures.label
    differences = np.abs(table.probabilities - odds / odds.sum(axis=1, keepdims=True))
    return float(differences[table.known > 0].max(initial=0.0))


@dataclass(frozen=True, slots=True)
class _HeldOutScores:
    """Logits of the activities, shape (n, n_activities), and shares of known words, shape (n,)."""

    logits: NDArray[np.float64]
    known: NDArray[np.float64]

    def probabilities(self, targets: Targets, temperatures: Temperatures) -> NDArray[np.float64]:
        """Return the calibrated probabilities of the labels, shape (n, n_labels)."""
        parts = [self.logits[:, targets.columns_of(label)] for label in range(len(targets.labels))]
        return label_probabilities(parts, temperatures.label, self.known)


def _temperatures(scores: _HeldOutScores, targets: Targets) -> Temperatures:
    named, of_labels = targets.named, label_logits(scores.logits, targets.owners, len(targets.labels))
    of_activities = inside_label(scores.logits, targets.owners, targets.label)
    return Temperatures(
        label=temperature(of_labels, targets.label),
        activity=temperature(of_activities[named], targets.activity[named]) if named.any() else 1.0,
    )


def _measure(scores: _HeldOutScores, model: Model, targets: Targets) -> HeldOut:
    probabilities = scores.probabilities(targets, model.temperatures)
    said = probabilities.argmax(axis=1)
    right = said == targets.label
    shown = inside_label(scores.logits, targets.owners, said).argmax(axis=1)
    top3 = np.argsort(-scores.logits, axis=1)[:, :3]
    is_shown = (shown == targets.activity)[targets.named]
    is_near = (top3 == targets.activity[:, None]).any(axis=1)[targets.named]
    sure = is_sure(probabilities, scores.known, model.thresholds)
    return HeldOut(
        labels=evaluate(targets.label, probabilities, targets.labels),
        activity_top1=float(is_shown.mean()) if len(is_shown) else None,
        activity_top3=float(is_near.mean()) if len(is_near) else None,
        coverage=float(sure.mean()),
        accuracy_ok=float(right[sure].mean()) if sure.any() else 0.0,
        curve=coverage_curve(probabilities.max(axis=1), right),
    )


def _share_unsure(model: Model, texts: Sequence[str]) -> float:
    return float((model.predict_table(texts).status == UNSURE).mean())


def save_pipeline(pipeline: Pipeline, path: Path) -> None:
    """Save the scikit-learn pipeline with joblib, for a notebook. Loading such a file runs code: load only your own."""
    with whole_file(path) as handle:
        joblib.dump(pipeline, handle)
