"""Fitting the network that tells the activities apart, and cross-validating it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

import joblib
import numpy as np
from scipy.sparse import csr_matrix, hstack
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.neural_network import MLPClassifier

from smclassify.errors import DatasetError
from smclassify.text import analyze, spoken_words, word_number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from smclassify.definitions import Catalogue
    from smclassify.training.dataset import Example

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Fold = tuple[Ints, Ints]

_NEVER = -30.0  # logit of an activity without examples in a fold


@dataclass(frozen=True, slots=True)
class FitConfig:
    """Choices made before fitting, all of them by cross-validation on the training data.

    Attributes:
        folds: Number of cross-validation folds.
        seed: Seed of the shuffles: of the folds, of the first weights, and of the order of examples.
        min_texts: Terms in fewer texts are left out.
        hidden: Number of hidden units.
        epochs: How often the fit goes through the examples.
        averaged: The weights are the mean of those after each of the last so many epochs.
        min_steps: Least number of steps of the fit; few examples are gone through more often.
        batch: Number of examples per step.
        learning_rate: Step size of Adam.
        penalty: Strength of the L2 penalty on the weights.
        term_dropout: Share of the terms of each text that are left out of an epoch, 0..1.
        vector_dropout: Share of the values of the averaged word vectors that are left out of an epoch, 0..1.
        teacher: Share of the teacher's judgement in what is learnt of an example, 0..1; the rest is its activity.
    """

    folds: int = 5
    seed: int = 20
    min_texts: int = 4
    hidden: int = 64
    epochs: int = 14
    averaged: int = 4
    min_steps: int = 400
    batch: int = 1024
    learning_rate: float = 4e-3
    penalty: float = 1e-4
    term_dropout: float = 0.7
    vector_dropout: float = 0.3
    teacher: float = 0.25


@dataclass(frozen=True, slots=True)
class Targets:
    """What the examples are.

    Attributes:
        labels: Slugs of the labels.
        activities: Slugs of the activities, one per column; those of a label stand together.
        owners: Place of the label of each activity, shape (n_activities,).
        label: True label of each example as its place, shape (n,).
        activity: True activity of each example as its column, shape (n,); the commonest of its label if nobody said.
        named: Whether the example says its activity, shape (n,).
        goals: What is learnt of each example: how likely it is each activity, float32, shape (n, n_activities).
    """

    labels: tuple[str, ...]
    activities: tuple[str, ...]
    owners: Ints
    label: Ints
    activity: Ints
    named: NDArray[np.bool_]
    goals: NDArray[np.float32]

    def columns_of(self, label: int) -> Ints:
        """Return the columns of the activities of a label."""
        return np.flatnonzero(self.owners == label)


def make_targets(examples: Sequence[Example], catalogue: Catalogue, folds: int) -> Targets:
    """Return the true columns; labels and activities stand in the order of the definitions.

    An example that does not say its activity is each of its label's by the share they have among those that do, in
    equal shares if none does.

    Raises:
        DatasetError: An activity has fewer examples than there are folds, or there is a single label.
    """
    counts = Counter(example.activity for example in examples if example.activity)
    silent = {example.label for example in examples} - {catalogue.activities[slug].label for slug in counts}
    inside = [slug for label in catalogue.labels for slug in catalogue.activities_of(label)]
    activities = [slug for slug in inside if counts[slug] or catalogue.activities[slug].label in silent]
    labels = list(dict.fromkeys(catalogue.activities[slug].label for slug in activities))
    owners = np.array([labels.index(catalogue.activities[slug].label) for slug in activities])
    label = np.array([labels.index(example.label) for example in examples])
    frequency = np.array([counts[slug] or 1 for slug in activities])
    shares = np.where(owners == np.arange(len(labels))[:, None], frequency, 0)
    named = np.array([example.activity != "" for example in examples])
    activity = shares.argmax(axis=1)[label]
    activity[named] = [activities.index(example.activity) for example in examples if example.activity]
    for slug, count in zip(activities, np.bincount(activity, minlength=len(activities)).tolist(), strict=True):
        if 0 < count < folds:
            what, name = "activity", slug
            if not counts[slug] or slug in catalogue.labels:
                what, name = "label", catalogue.activities[slug].label
            raise DatasetError(f"The {what} {name!r} needs at least {folds} examples and has {count}.")
    if len(labels) < 2:
        raise DatasetError("All examples have the same label; a classifier needs at least two.")
    goals = np.eye(len(activities), dtype=np.float32)[activity]
    goals[~named] = (shares / shares.sum(axis=1, keepdims=True))[label[~named]]
    return Targets(tuple(labels), tuple(activities), owners, label, activity, named, goals)


def fit_network(
    terms: csr_matrix,
    vectors: Floats,
    goals: NDArray[np.float32],
    config: FitConfig,
    dtype: type[np.floating] = np.float64,
) -> MLPClassifier:
    """Fit a network with one hidden layer on the values of terms and the averaged word vectors, side by side.

    Each epoch leaves out other values at random, so that no term is relied on alone (dropout at the input: Srivastava
    et al., JMLR 2014); the weights after the last epochs are averaged (Izmailov et al., "Averaging Weights Leads to
    Wider Optima and Better Generalization", UAI 2018). scikit-learn learns one class per example, so each epoch learns
    one drawn from the goals, and over the epochs an example is each activity as often as its goals say.

    Args:
        terms: Values of the terms, shape (n, n_terms).
        vectors: Averaged word vectors, shape (n, n_dimensions).
        goals: How likely each example is each activity, shape (n, n_activities).
        config: Choices made before fitting.
        dtype: Precision of the fit. In double precision the last digits, which depend on the processor, stay far below
            a step of the rounded weights; single precision takes half the time.
    """
    features = hstack([terms, csr_matrix(vectors)], format="csr", dtype=dtype)
    kept = np.where(features.indices < terms.shape[1], 1 - config.term_dropout, 1 - config.vector_dropout)
    batch = min(config.batch, len(goals))
    n_epochs = max(config.epochs, ceil(config.min_steps * batch / len(goals)))
    network = MLPClassifier(
        hidden_layer_sizes=(config.hidden,),
        alpha=config.penalty,
        batch_size=batch,
        learning_rate_init=config.learning_rate,
        random_state=config.seed,
    )
    random = np.random.RandomState(config.seed)
    classes, last = np.flatnonzero(goals.any(axis=0)), []
    below = np.cumsum(goals, axis=1)
    first_draws, turns = random.random_sample(len(goals)), random.permutation(n_epochs) / n_epochs
    for epoch in range(n_epochs):
        drawn = np.where(random.random_sample(features.nnz) < kept, 1 / kept, 0.0).astype(dtype)
        thinned = csr_matrix((features.data * drawn, features.indices, features.indptr), shape=features.shape)
        draws = (first_draws + turns[epoch]) % 1.0
        learnt = np.minimum((below <= draws[:, None]).sum(axis=1), classes[-1])
        network.partial_fit(thinned, learnt, classes=classes)
        if epoch >= n_epochs - config.averaged:
            last.append(([layer.copy() for layer in network.coefs_], [bias.copy() for bias in network.intercepts_]))
    network.coefs_, network.intercepts_ = (
        [np.mean(layers, axis=0) for layers in zip(*of_epochs, strict=True)] for of_epochs in zip(*last, strict=True)
    )
    return network


def logits_of(network: MLPClassifier, terms: csr_matrix, vectors: Floats) -> Floats:
    """Return the network's logits, shape (n, n_classes); scikit-learn gives the probabilities only."""
    first, output = network.coefs_
    hidden = terms @ first[: terms.shape[1]] + vectors @ first[terms.shape[1] :] + network.intercepts_[0]
    logits: Floats = np.maximum(hidden, 0.0) @ output + network.intercepts_[1]
    return np.hstack((np.zeros_like(logits), logits)) if len(network.classes_) == 2 else logits


def cross_validate(
    features: tuple[csr_matrix, Floats], targets: Targets, folds: Sequence[Fold], config: FitConfig
) -> Floats:
    """Return the logits of each example, shape (n, n_activities), from a network fitted on the other folds.

    Args:
        features: The values of all terms, rare ones included since the choice is made in each fold anew, and the
            averaged word vectors.
        targets: The true columns.
        folds: For each fold the examples to fit on and those to score.
        config: Choices made before fitting.
    """
    parts = joblib.Parallel(n_jobs=-1)(
        joblib.delayed(_fit_and_score)(*features, targets, fold, config) for fold in folds
    )
    logits = np.empty((len(targets.activity), len(targets.activities)))
    for (_, unseen), part in zip(folds, parts, strict=True):
        logits[unseen] = part
    return logits


def make_folds(targets: Targets, groups: Ints, config: FitConfig) -> list[Fold]:
    """Return the folds: activities in equal shares, and no group of near copies divided.

    Raises:
        DatasetError: There are fewer groups than folds.
    """
    if (n_groups := len(np.unique(groups))) < config.folds:
        many = f"The examples form {n_groups} groups of near copies; cross-validation needs at least {config.folds}."
        raise DatasetError(many, "Add examples in other words.")
    splitter = StratifiedGroupKFold(config.folds, shuffle=True, random_state=config.seed)
    return list(splitter.split(targets.activity, targets.activity, groups))


def known_shares(texts: Sequence[str], vocabulary: NDArray[np.uint32], folds: Sequence[Fold], min_texts: int) -> Floats:
    """Return the share of each text's words that stand in enough texts of the other folds or have a vector."""
    words = [spoken_words(analyze(text)) for text in texts]
    numbers = set(vocabulary.tolist())
    has_vector = {word for of_text in words for word in of_text if word_number(word) in numbers}
    shares = np.zeros(len(texts))
    for seen, unseen in folds:
        counts = Counter(word for place in seen for word in set(words[place]))
        for place in unseen:
            known = sum(word in has_vector or counts[word] >= min_texts for word in words[place])
            shares[place] = known / max(1, len(words[place]))
    return shares


def _fit_and_score(terms: csr_matrix, vectors: Floats, targets: Targets, fold: Fold, config: FitConfig) -> Floats:
    seen, unseen = fold
    kept = terms[:, np.bincount(terms[seen].indices, minlength=terms.shape[1]) >= config.min_texts]
    network = fit_network(kept[seen], vectors[seen], targets.goals[seen], config, np.float32)
    logits = np.full((len(unseen), len(targets.activities)), _NEVER)
    logits[:, network.classes_] = logits_of(network, kept[unseen], vectors[unseen])
    return logits
