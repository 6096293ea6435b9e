#!/usr/bin/env python3
"""Merge the cells into data/labeled_activities.csv and report what was left out, and why.

A cell is `data/cells/ORIGIN/ACTIVITY/STYLE.txt`, one text per line; the names and synonyms of `data/definitions.toml`
are one more origin, `definitions`. Left out, in this order: texts that a second,
blind reader labelled otherwise (`data/second_labels.csv`), repeats, and near copies (word sets with a Jaccard index
of 0.8 or more, both of at least four words). Run it from the top of a checkout; it prints the figures of the data card.
"""

from __future__ import annotations

import argparse
import csv
from collections import Counter
from pathlib import Path

from smclassify.definitions import load_definitions
from smclassify.training.dataset import COLUMNS, near_pairs, text_key

NEAR = 0.8
SHORTEST = 4
DATA = Path("data")


def read_cells(folder: Path) -> list[dict[str, str]]:
    """Return the rows of all cells, in the order of their paths."""
    activities = load_definitions(DATA / "definitions.toml").activities
    return [
        {
            "text": " ".join(line.split()),
            "label": activities[path.parent.name].label,
            "activity": path.parent.name,
            "style": path.stem,
            "origin": path.parent.parent.name,
        }
        for path in sorted(folder.glob("*/*/*.txt"))
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.strip()
    ]


def read_synonyms() -> list[dict[str, str]]:
    """Return the names and synonyms of the definitions as rows."""
    return [
        {"text": text, "label": activity.label, "activity": slug, "style": "name", "origin": "definitions"}
        for slug, activity in load_definitions(DATA / "definitions.toml").activities.items()
        for text in (activity.name, *activity.synonyms)
    ]


def read_second_labels(path: Path) -> dict[str, str]:
    """Return text -> label of the second reader; empty where there was none yet."""
    if not path.exists():
        return {}
    with path.open(encoding="utf-8", newline="") as handle:
        return {row["text"]: row["label"] for row in csv.DictReader(handle)}


def agreement(rows: list[dict[str, str]], second: dict[str, str]) -> tuple[int, float, float]:
    """Return how many rows both read, the share of equal labels, and Cohen's kappa."""
    pairs = Counter((row["label"], second[row["text"]]) for row in rows if row["text"] in second)
    total = sum(pairs.values())
    if not total:
        return 0, 0.0, 0.0
    equal = sum(count for (one, other), count in pairs.items() if one == other) / total
    first, other = Counter[str](), Counter[str]()
    for (one, two), count in pairs.items():
        first[one] += count
        other[two] += count
    chance = sum(first[label] * other[label] for label in first) / total**2
    return total, equal, (equal - chance) / (1 - chance)


def without_repeats(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """Return the rows without those whose text came before under the same label, and without contradictions."""
    labels: dict[str, set[str]] = {}
    for row in rows:
        labels.setdefault(text_key(row["text"]), set()).add(row["label"])
    kept: dict[str, dict[str, str]] = {}
    for row in rows:
        key = text_key(row["text"])
        if len(labels[key]) == 1:
            kept.setdefault(key, row)
    return list(kept.values())


def without_near_copies(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """Return the rows without the later one of every two near copies."""
    later = {place for _, place in near_pairs([row["text"] for row in rows], NEAR, SHORTEST)}
    return [row for place, row in enumerate(rows) if place not in later]


def main() -> None:
    """Merge, write and report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.parse_args()
    written = read_synonyms() + read_cells(DATA / "cells")
    second = read_second_labels(DATA / "second_labels.csv")
    agreed = [row for row in written if second.get(row["text"], row["label"]) == row["label"]]
    single = without_repeats(agreed)
    rows = without_near_copies(single)
    with (DATA / "labeled_activities.csv").open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    read, equal, kappa = agreement(written, second)
    print(f"written {len(written)}, read a second time {read}: {100 * equal:.1f} % equal, kappa {kappa:.3f}")
    print(f"left out: {len(written) - len(agreed)} labelled otherwise, {len(agreed) - len(single)} repeats")
    print(f"left out: {len(single) - len(rows)} near copies; kept {len(rows)}")
    for column in ("label", "style", "origin", "activity"):
        counts = Counter(row[column] for row in rows)
        print(f"{column}: " + ", ".join(f"{name} {count}" for name, count in counts.most_common()))


if __name__ == "__main__":
    main()
