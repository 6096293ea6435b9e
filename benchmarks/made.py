"""Make a large CSV file of tasks, as a team's tracker exports it; equal arguments give equal bytes.

    python benchmarks/made.py 200000 tasks.csv [--seed 0]

A text is the first half of one labelled example and the second half of another one of the same activity, with new
digits, and with invented names in the place of names, so that nearly every row is new and words turn up that no model
has met. The first rows of a large file are those of a smaller one.
"""

from __future__ import annotations

import argparse
import csv
import re
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

EXAMPLES = Path(__file__).resolve().parents[1] / "data" / "labeled_activities.csv"
HEADERS = ("id", "created", "task", "owner", "status", "due")
COLUMN = "task"
_OWNERS = ("Ada Okafor", "Lindqvist, Per", "m.sato", "Chloé Martin", "Brandt, Ute (AE)", "j.doe", "Priya N.", "")
_STATUSES = ("open", "in progress", "done", "done", "waiting, customer")
_FIRST_DAY = date(2024, 1, 1)
_NAME = re.compile(r"(?<=[a-z,.] )[A-Z][a-z]{3,}")
_DIGIT = re.compile(r"\d")
_SYLLABLES = [consonant + vowel for consonant in "bdfghjklmnprstvz" for vowel in "aeiou"]
_N_NAMES = 40_000
_BLANK, _BROKEN = 0.002, 0.004


def texts(seed: int = 0) -> Iterator[str]:
    """Yield invented texts without end."""
    random = Random(seed)  # noqa: S311 - not a secret
    names = ["".join(random.choices(_SYLLABLES, k=random.choice((2, 3, 3, 4)))).title() for _ in range(_N_NAMES)]
    halves = _halves()
    families = [pair for pair in halves.values() for _ in pair[0]]
    while True:
        firsts, seconds = random.choice(families)
        text = f"{random.choice(firsts)} {random.choice(seconds)}".strip()
        # a few names are frequent and most are rare, as in life
        text = _NAME.sub(lambda _: names[int(len(names) * random.random() ** 4)], text)
        yield _DIGIT.sub(lambda _: str(int(10 * random.random())), text)


def write_file(path: Path, n_rows: int, seed: int = 0) -> None:
    """Write a file of n_rows tasks below a header."""
    random = Random(seed + 1)  # noqa: S311 - not a secret
    days = [(_FIRST_DAY + timedelta(days=day)).isoformat() for day in range(1000)]
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(HEADERS)
        for number, text in zip(range(1, n_rows + 1), texts(seed), strict=False):
            created, dice = int(900 * random.random()), random.random()
            due = days[created + int(90 * random.random())] if random.random() < 0.7 else ""
            task = "" if dice < _BLANK else text.replace(" ", "\n", 1) if dice < _BROKEN else text
            writer.writerow((number, days[created], task, random.choice(_OWNERS), random.choice(_STATUSES), due))


def read_texts(path: Path) -> list[str]:
    """Return the texts of a file that `write_file` wrote."""
    with path.open(encoding="utf-8", newline="") as handle:
        return [row[COLUMN] for row in csv.DictReader(handle)]


def _halves() -> dict[str, tuple[Sequence[str], Sequence[str]]]:
    """Return the first and the second halves of the examples of each activity."""
    halves: dict[str, tuple[list[str], list[str]]] = {}
    with EXAMPLES.open(encoding="utf-8", newline="") as handle:
        for row in csv.DictReader(handle):
            words = row["text"].split()
            middle = (len(words) + 1) // 2
            firsts, seconds = halves.setdefault(row["activity"] or row["label"], ([], []))
            firsts.append(" ".join(words[:middle]))
            seconds.append(" ".join(words[middle:]))
    return dict(halves)


def main() -> None:
    """Write a file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", type=int)
    parser.add_argument("file", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    write_file(args.file, args.rows, args.seed)


if __name__ == "__main__":
    main()
