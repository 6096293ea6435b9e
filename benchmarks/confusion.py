"""Where held-out rows go wrong: confusion of the labels, and accuracy by label, style and origin.

    python benchmarks/confusion.py

Fits on four fifths of the training rows and looks at the rest, near copies kept together. Reads no test file.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np

from smclassify.definitions import load_definitions
from smclassify.paths import shipped
from smclassify.training.calibrate import label_logits
from smclassify.training.dataset import group_near_copies, read_examples
from smclassify.training.fit import FitConfig, cross_validate, make_folds, make_targets
from smclassify.training.teacher import load_soft_labels, mixed_goals
from smclassify.training.vectorize import TermVectorizer
from smclassify.training.vectors import VectorAverager, load_vectors


def main() -> None:
    """Fit, compare and print."""
    config = FitConfig()
    examples = read_examples(shipped("data/labeled_activities.csv"))
    texts = [example.text for example in examples]
    targets = make_targets(examples, load_definitions(), config.folds)
    teacher = load_soft_labels(shipped("data/soft_labels.npz"))
    targets = replace(targets, goals=mixed_goals(targets, texts, teacher, config.teacher))
    folds = make_folds(targets, group_near_copies(texts), config)[:1]
    vectors = VectorAverager(load_vectors(shipped("data/word_vectors.npz"))).transform(texts)
    logits = cross_validate((TermVectorizer(min_texts=1).fit_transform(texts), vectors), targets, folds, config)
    unseen = folds[0][1]
    said = label_logits(logits[unseen], targets.owners, len(targets.labels)).argmax(axis=1)
    truth = targets.label[unseen]
    print("true label / said  " + "".join(f"{label:>11s}" for label in targets.labels))
    for place, label in enumerate(targets.labels):
        counts = np.bincount(said[truth == place], minlength=len(targets.labels))
        print(f"{label:19s}" + "".join(f"{count:11d}" for count in counts))
    rows = [examples[place] for place in unseen]
    for column in ("style", "origin"):
        groups = np.array([getattr(example, column) for example in rows])
        shares = {group: (said == truth)[groups == group].mean() for group in sorted(set(groups))}
        print(f"{column}: " + ", ".join(f"{group} {share:.3f}" for group, share in shares.items()))
    first = logits[unseen].argmax(axis=1)
    mistaken = Counter(
        tuple(sorted((targets.activities[true], targets.activities[found])))
        for true, found in zip(targets.activity[unseen], first, strict=True)
        if true != found
    )
    print("activities taken for one another most often:")
    for (one, other), count in mistaken.most_common(10):
        print(f"{count:5d}  {one} / {other}")


if __name__ == "__main__":
    main()
