"""Every activity, objective, measure and worked example of the five articles is labelled as the article says."""

from __future__ import annotations

import csv

import pytest
from conftest import ROOT

from smclassify import load_model
from smclassify.definitions import load_definitions

with (ROOT / "tests" / "seed_activities.csv").open(encoding="utf-8", newline="") as handle:
    SEEDS = list(csv.DictReader(handle))
MODEL = load_model()


@pytest.mark.parametrize("seed", SEEDS, ids=[f"{seed['article'][:3]} {seed['text']}" for seed in SEEDS])
def test_seed(seed: dict[str, str]) -> None:
    [prediction] = MODEL.predict([seed["text"]])
    assert prediction.label == seed["label"], prediction


def test_every_article_is_there_on_both_sides() -> None:
    articles = set(load_definitions().articles)
    for label in ("sales", "marketing"):
        assert {seed["article"] for seed in SEEDS if seed["label"] == label} == articles
