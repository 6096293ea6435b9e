"""What each choice of the model is worth, by cross-validation on the training rows; no test file is read.

    python benchmarks/choices.py [--folds 1] [NAME ...]

Every line is one choice changed. Each is fitted on four fifths of the rows and measured on the rest, near copies kept
together; `--folds 5` takes turns. Accuracy of the labels, log loss after calibration, and how often the activity is the
likeliest one or among the first three.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import joblib
import numpy as np
from scipy.sparse import csr_matrix
from scipy.special import log_softmax

from smclassify.definitions import load_definitions
from smclassify.paths import shipped
from smclassify.training.calibrate import label_logits, temperature
from smclassify.training.dataset import group_near_copies, read_examples
from smclassify.training.fit import FitConfig, Targets, cross_validate, make_folds, make_targets
from smclassify.training.teacher import load_soft_labels, mixed_goals
from smclassify.training.vectorize import TermVectorizer
from smclassify.training.vectors import VectorAverager, load_vectors

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from smclassify.training.fit import Fold

    Features = tuple[csr_matrix, NDArray[np.float64]]

SHIPPED = FitConfig()
CHOICES = {
    "as shipped": SHIPPED,
    "no teacher": replace(SHIPPED, teacher=0.0),
    "the teacher alone": replace(SHIPPED, teacher=1.0),
    "no dropout": replace(SHIPPED, term_dropout=0.0, vector_dropout=0.0),
    "half the dropout": replace(SHIPPED, term_dropout=0.5, vector_dropout=0.2),
    "last epoch only": replace(SHIPPED, averaged=1),
    "small steps": replace(SHIPPED, batch=256, learning_rate=1e-3),
    "128 hidden units": replace(SHIPPED, hidden=128),
    "32 hidden units": replace(SHIPPED, hidden=32),
    "terms in 3 texts": replace(SHIPPED, min_texts=3),
    "terms in 8 texts": replace(SHIPPED, min_texts=8),
    "ten times the penalty": replace(SHIPPED, penalty=1e-3),
    "terms only": SHIPPED,
    "vectors only": SHIPPED,
    "labels, not activities": SHIPPED,
}


def main() -> None:
    """Fit each choice and print a line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(CHOICES))
    parser.add_argument("--folds", type=int, default=1)
    parser.add_argument("--unlike", action="store_true", help="leave out whole origins instead of near copies")
    args = parser.parse_args()
    examples = read_examples(shipped("data/labeled_activities.csv"))
    texts = [example.text for example in examples]
    targets = make_targets(examples, load_definitions(), SHIPPED.folds)
    teacher = load_soft_labels(shipped("data/soft_labels.npz"))
    origins = np.unique([example.origin for example in examples], return_inverse=True)[1]
    folds = make_folds(targets, origins if args.unlike else group_near_copies(texts), SHIPPED)[: args.folds]
    vectors = VectorAverager(load_vectors(shipped("data/word_vectors.npz"))).transform(texts)
    features = (TermVectorizer(min_texts=1).fit_transform(texts), vectors)
    print(f"{len(texts)} rows, {args.folds} of {SHIPPED.folds} folds")
    print(f"{'':24s}accuracy  log loss  activity first  first three  seconds")

    def with_teacher(name: str) -> Targets:
        if name == "labels, not activities":
            return targets
        return replace(targets, goals=mixed_goals(targets, texts, teacher, CHOICES[name].teacher))

    parallel = joblib.Parallel(n_jobs=-1, return_as="generator")
    for line in parallel(
        joblib.delayed(_line)(name, features, with_teacher(name), folds) for name in args.names or CHOICES
    ):
        print(line, flush=True)


def _line(name: str, features: Features, targets: Targets, folds: list[Fold]) -> str:
    begun = time.perf_counter()
    terms, vectors = features
    if name == "terms only":
        vectors = np.zeros((len(vectors), 1))
    if name == "vectors only":
        terms = csr_matrix(np.ones((len(vectors), 1)))
    fitted = targets
    if name == "labels, not activities":
        places = np.arange(len(targets.labels))
        goals = np.eye(len(places), dtype=np.float32)[targets.label]
        fitted = replace(targets, activities=targets.labels, owners=places, activity=targets.label, goals=goals)
    unseen = np.concatenate([unseen for _, unseen in folds])
    with joblib.parallel_config(n_jobs=1):
        logits = cross_validate((terms, vectors), fitted, folds, CHOICES[name])[unseen]
    of_labels, truth = label_logits(logits, fitted.owners, len(targets.labels)), targets.label[unseen]
    calibrated = log_softmax(of_labels / temperature(of_labels, truth), axis=1)
    ranked = np.argsort(-logits, axis=1)[:, :3] == fitted.activity[unseen][:, None]
    return (
        f"{name:24s}{(of_labels.argmax(axis=1) == truth).mean():8.4f}"
        f"{-calibrated[np.arange(len(truth)), truth].mean():10.4f}{ranked[:, 0].mean():16.4f}"
        f"{ranked.any(axis=1).mean():13.4f}{time.perf_counter() - begun:9.0f}"
    )


if __name__ == "__main__":
    main()
