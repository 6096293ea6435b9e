#!/usr/bin/env python3
"""Hand the texts of the cells to a second, blind reader, and collect the labels.

    tools/second_reading.py prepare FOLDER    writes FOLDER/NNN.txt: shuffled texts that have no second label yet,
                                              a number and a text per line, nothing else
    tools/second_reading.py collect FOLDER    reads FOLDER/NNN.labels: a number and one of s, m, o, a (sales,
                                              marketing, other, ambiguous) per line, into data/second_labels.csv

The reader sees the text alone and decides by the labeling guide. Run it from the top of a checkout.
"""

from __future__ import annotations

import argparse
import csv
import random
import sys
from pathlib import Path

from merge_cells import DATA, read_cells, read_second_labels

TARGET = DATA / "second_labels.csv"
PER_FILE = 400
LABELS = {"s": "sales", "m": "marketing", "o": "other", "a": "ambiguous"}


def prepare(folder: Path) -> None:
    """Write the lists of texts to read."""
    done = read_second_labels(TARGET)
    texts = sorted({row["text"] for row in read_cells(DATA / "cells")} - set(done))
    random.Random(len(done)).shuffle(texts)  # noqa: S311 - no secret
    folder.mkdir(parents=True, exist_ok=True)
    first = len(list(folder.glob("*.txt")))
    for place, start in enumerate(range(0, len(texts), PER_FILE), first):
        lines = [f"{number}\t{text}" for number, text in enumerate(texts[start : start + PER_FILE], 1)]
        (folder / f"{place:03}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(texts)} texts to read")


def collect(folder: Path) -> None:
    """Add the answers that are there to the second labels."""
    second = read_second_labels(TARGET)
    for answers in sorted(folder.glob("*.labels")):
        listed = answers.with_suffix(".txt").read_text(encoding="utf-8").splitlines()
        texts = dict(line.split("\t", 1) for line in listed)
        pairs = [line.split() for line in answers.read_text(encoding="utf-8").splitlines() if line.strip()]
        labels = {number: LABELS[letter] for number, letter in pairs}
        if len(pairs) != len(texts) or labels.keys() != texts.keys():
            print(f"{answers}: {len(pairs)} answers for {len(texts)} texts; left out", file=sys.stderr)
            continue
        second.update((texts[number], label) for number, label in labels.items())
    with TARGET.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(("text", "label"))
        writer.writerows(sorted(second.items()))
    print(f"{len(second)} texts have a second label")


def main() -> None:
    """Prepare or collect."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step", choices=("prepare", "collect"))
    parser.add_argument("folder", type=Path)
    args = parser.parse_args()
    (prepare if args.step == "prepare" else collect)(args.folder)


if __name__ == "__main__":
    main()
