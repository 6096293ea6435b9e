"""The guard of the data set: what is in the repository keeps the rules of the data card."""

from __future__ import annotations

import csv
import re
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from conftest import ROOT

from smclassify.definitions import load_definitions
from smclassify.training.dataset import Example, check_examples, near_pairs, read_examples, text_key

if TYPE_CHECKING:
    from smclassify.definitions import Catalogue

PATH = ROOT / "data" / "labeled_activities.csv"
STYLES = {"name", "tracker", "log", "duty", "skill", "calendar", "cross"}


@pytest.fixture(scope="module")
def examples() -> list[Example]:
    return read_examples(PATH)


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_definitions()


def test_no_repeats_no_contradictions_no_unknown_names(examples: list[Example], catalogue: Catalogue) -> None:
    check_examples(examples, catalogue, PATH)


def test_there_is_enough_of_everything(examples: list[Example], catalogue: Catalogue) -> None:
    labels = Counter(example.label for example in examples)
    assert labels["sales"] >= 9_000
    assert labels["marketing"] >= 9_000
    assert labels["other"] >= 11_000
    activities = Counter(example.activity for example in examples)
    assert set(activities) == set(catalogue.activities)
    assert min(activities.values()) >= 150


def test_every_style_is_there(examples: list[Example]) -> None:
    styles = Counter(example.style for example in examples)
    assert set(styles) == STYLES
    assert min(styles.values()) >= 1_000
    assert styles["cross"] >= 4_000


def test_no_near_copies(examples: list[Example]) -> None:
    texts = [example.text for example in examples]
    assert [(texts[one], texts[other]) for one, other in near_pairs(texts, 0.8, shortest=4)] == []


def test_texts_are_single_tidy_lines(examples: list[Example]) -> None:
    for example in examples:
        assert example.text == " ".join(example.text.split()), example
        assert len(example.text) <= 400, example


def test_no_opening_is_worn_out(examples: list[Example]) -> None:
    """Templates show in openings: no first two words begin one text in a hundred."""
    openings = Counter(" ".join(re.findall(r"\w+", example.text.lower())[:2]) for example in examples)
    [(_, most)] = openings.most_common(1)
    assert most <= len(examples) / 100


def test_the_data_card_counts_what_is_there(examples: list[Example]) -> None:
    card = (ROOT / "data" / "README.md").read_text(encoding="utf-8")
    labels = Counter(example.label for example in examples)
    assert f"kept {len(examples)}" in card
    assert "label: " + ", ".join(f"{label} {count}" for label, count in labels.most_common()) in card


def test_ambiguous_texts_are_enough_and_never_trained_on(examples: list[Example]) -> None:
    with (ROOT / "data" / "ambiguous_activities.csv").open(encoding="utf-8", newline="") as handle:
        ambiguous = [row["text"] for row in csv.DictReader(handle)]
    assert len(set(map(text_key, ambiguous))) == len(ambiguous) >= 300
    assert not {text_key(example.text) for example in examples} & set(map(text_key, ambiguous))
