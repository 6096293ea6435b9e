"""Labelled examples small enough to train on in a test, in files and as values."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from smclassify.training.dataset import COLUMNS, Example
from smclassify.training.fit import FitConfig

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

QUICK = FitConfig(
    folds=3, min_texts=2, hidden=8, epochs=4, averaged=2, min_steps=40, batch=32, learning_rate=1e-2, term_dropout=0.2
)
PHRASES = {
    ("sales", "closing"): ("sign contract", "get signature", "agree terms"),
    ("marketing", "seo"): ("search rank", "keyword audit", "meta titles"),
    ("other", "finance"): ("pay invoice", "book expenses", "close ledger"),
}


def make_examples(n: int = 8) -> list[Example]:
    """Return n examples of each of nine phrases: the phrase, then three words seen nowhere else."""
    return [
        Example(f"{phrase} {noise(f'{phrase[0]}{phrase[-1]}', number)}", label, activity, "name", "test", line)
        for line, ((label, activity), phrase, number) in enumerate(
            ((key, phrase, number) for key, phrases in PHRASES.items() for phrase in phrases for number in range(n)),
            2,
        )
    ]


def noise(stem: str, number: int) -> str:
    """Return three words that belong to nothing."""
    return " ".join(f"{stem}{chr(97 + number % 26)}{letter}q" for letter in "xyz")


def write_table(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> Path:
    """Write a CSV file."""
    with path.open("w", encoding="utf-8", newline="") as handle:
        csv.writer(handle).writerows([header, *rows])
    return path


def write_examples(path: Path, examples: Iterable[Example]) -> Path:
    """Write a file of examples."""
    return write_table(path, COLUMNS, ([getattr(example, name) for name in COLUMNS] for example in examples))
