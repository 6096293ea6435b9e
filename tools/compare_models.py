#!/usr/bin/env python3
"""Check that two model files are the same by content: what they learnt from, and what they answer.

    tools/compare_models.py ONE OTHER

The same training gives the same bytes on one machine; on another processor the last digits may differ. Compared are
the facts of the training, the label of every training row, the probabilities, which may differ by 1e-3, and the limits
for `ok`, which may differ by 5e-3.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from smclassify.artifact import load_model
from smclassify.paths import shipped
from smclassify.training.dataset import read_examples

MOST = 1e-3
MOST_LIMITS = 5e-3  # limits are read off fits in single precision, whose last digits depend on the processor


def main() -> None:
    """Compare and exit with 1 at a difference."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("one", type=Path)
    parser.add_argument("other", type=Path)
    args = parser.parse_args()
    one, other = load_model(args.one), load_model(args.other)
    texts = [example.text for example in read_examples(shipped("data/labeled_activities.csv"))]
    first, second = one.predict_proba(texts), other.predict_proba(texts)
    moved = int((first.argmax(axis=1) != second.argmax(axis=1)).sum())
    most = float(np.abs(first - second).max())
    limits = np.array([[getattr(m.thresholds, name) for name in m.thresholds.__slots__] for m in (one, other)])
    problems = [
        *(f"{part} differ" for part in ("labels", "activities") if getattr(one, part) != getattr(other, part)),
        *(f"facts of the {part} differ" for part in ("data", "training") if one.facts[part] != other.facts[part]),
        *([f"{moved} training rows change their label"] if moved else []),
        *([f"probabilities differ by {most:.1e}"] if most > MOST else []),
        *(["thresholds differ"] if np.abs(limits[0] - limits[1]).max() > MOST_LIMITS else []),
    ]
    print(f"{len(texts)} rows, {moved} labels moved, probabilities differ by {most:.1e} at most")
    print(f"same bytes: {args.one.read_bytes() == args.other.read_bytes()}")
    if problems:
        sys.exit("; ".join(problems))


if __name__ == "__main__":
    main()
