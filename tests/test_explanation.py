from __future__ import annotations

import csv
from dataclasses import replace
from functools import cache
from itertools import islice
from math import e, log, sqrt
from typing import TYPE_CHECKING, Any

import pytest
from conftest import ROOT, make_model
from hypothesis import given
from hypothesis import strategies as st

from smclassify.artifact import load_model
from smclassify.explanation import MOST_WORDS, Explanation, explain, iter_explanations
from smclassify.model import Missed, Model, Temperatures, Thresholds
from smclassify.text import EDGE, analyze, pair_number, word_number

if TYPE_CHECKING:
    from collections.abc import Sequence


@cache
def shipped_model() -> Model:
    return load_model()


@cache
def some_texts() -> list[str]:
    """Return every 1,500th example, and texts that are odd."""
    with (ROOT / "data" / "labeled_activities.csv").open(encoding="utf-8", newline="") as handle:
        texts = [row["text"] for row in islice(csv.DictReader(handle), 0, None, 1_500)]
    return [*texts, "call", "12", "qwrtz", "call qwrtz", "call call call", "½ off – Café’s x℅y, 5% @ www.x.de", "!?"]


@cache
def explanations() -> list[Explanation]:
    return [explain(shipped_model(), text) for text in some_texts()]


def log_odds(model: Model, texts: Sequence[str], label: str) -> list[float]:
    """Return the log-odds of a label by the arithmetic of batches, which shares no code with that of explanations."""
    place = model.labels.index(label)
    rows = model.predict_proba(texts).tolist()
    return [log(row[place]) - log(sum(row[:place] + row[place + 1 :])) for row in rows]


def check_words(model: Model, explanation: Explanation) -> None:
    """Check that taking any word out of the text lowers the log-odds of its label by what is shown."""
    text, label = explanation.prediction.text, explanation.prediction.label
    if label is None:
        assert explanation == Explanation(explanation.prediction)
        return
    words = [part for part in explanation.contributions if part.kind == "word"]
    without = [f"{text[: part.start]} {text[part.end :]}" for part in words]
    whole, *left = log_odds(model, [text, *without], label)
    assert explanation.log_odds == pytest.approx(whole, abs=1e-9)
    assert [part.push for part in words] == pytest.approx([whole - lower for lower in left], abs=1e-9)
    assert all(part.text == text[part.start : part.end] for part in explanation.contributions)


def test_a_word_pushes_what_is_lost_without_it() -> None:
    for explanation in explanations():
        check_words(shipped_model(), explanation)


def test_without_the_largest_push_the_answer_is_less_sure_by_it() -> None:
    model = shipped_model()
    for text, explanation in zip(some_texts(), explanations(), strict=True):
        words = [part for part in explanation.contributions if part.kind == "word"]
        if len(words) > 1:
            largest = max(words, key=lambda part: part.push)
            [again] = model.predict([f"{text[: largest.start]} {text[largest.end :]}"])
            left = again.scores.pop(explanation.prediction.label or "")
            lost = explanation.log_odds - (log(left) - log(sum(again.scores.values())))
            assert lost == pytest.approx(largest.push, abs=1e-9)


WORDS = ["call", "sign", "rank", "off", "web", "webcall", "zzz", "12", "%", "½", "℅", "Câll", "it's", ",", "-", "."]


@given(st.lists(st.sampled_from(WORDS), max_size=9), st.sampled_from([" ", "", "-"]), st.floats(0.3, 3))
def test_a_word_pushes_what_is_lost_without_it_in_any_text(words: list[str], between: str, temperature: float) -> None:
    model = make_model(temperatures=Temperatures(temperature, 1.0))
    check_words(model, explain(model, between.join(words)))


def without_term(model: Model, left: int, right: int) -> Model:
    """Return a model that has forgotten a pair."""
    weights = model.weights
    row, width = weights.terms.tolist().index(pair_number(left, right)), len(weights.hidden_bias)
    rows = bytearray(weights.term_rows.cast("B"))
    rows[row * width : (row + 1) * width] = bytes(width)
    return replace(model, weights=replace(weights, term_rows=memoryview(bytes(rows)).cast("b")))


@pytest.mark.parametrize("text", ["cold call", "ring back the lady about the corner sofa", "blog post"])
def test_a_pair_pushes_what_is_lost_by_a_model_that_has_forgotten_it(text: str) -> None:
    model = shipped_model()
    explanation = explain(model, text)
    label = explanation.prediction.label or ""
    pairs = [part for part in explanation.contributions if part.kind != "word"]
    assert {part.kind for part in pairs} >= {"pair", "first"}
    for part in pairs:
        ends = [EDGE, *map(word_number, analyze(part.text)), EDGE]
        left, right = {"pair": ends[1:3], "first": ends[:2], "last": ends[1:]}[part.kind]
        [lower] = log_odds(without_term(model, left, right), [text], label)
        assert part.push == pytest.approx(explanation.log_odds - lower, abs=1e-9)


def parts_of(explanation: Explanation) -> list[tuple[str, str, object]]:
    return [(part.kind, part.text, part.push) for part in explanation.contributions]


def test_a_pair_by_hand(model: Model) -> None:
    # with it, all three activities have the logit a; without it, that of marketing is 0
    a = 1 / sqrt(2)
    explanation = explain(model, "sign call")
    assert explanation.log_odds == pytest.approx(log(2))
    assert parts_of(explanation) == [
        ("word", "sign", pytest.approx(log(2) - log(e + 1))),
        ("pair", "sign call", pytest.approx(-a)),
        ("word", "call", pytest.approx(log(2) - log(e + 1))),
    ]


def test_the_end_of_a_text_by_hand(model: Model) -> None:
    # the word and its end lead to closing; without the end, half of that is left
    assert parts_of(explain(model, "sign off"))[-1] == (
        "last",
        "off",
        pytest.approx(log(e ** sqrt(2) + 1) - log(e ** (1 / sqrt(2)) + 1)),
    )


def test_a_repeated_word_is_pushed_once_per_place(model: Model) -> None:
    # without either, one third of the squared length is gone: 2 / sqrt(3) becomes 1 / sqrt(2)
    push = pytest.approx(log(e ** (2 / sqrt(3)) + 1) - log(e ** (1 / sqrt(2)) + 1))
    explanation = explain(model, "call zzz call")
    assert [(part.start, part.end) for part in explanation.contributions] == [(0, 4), (5, 8), (9, 13)]
    assert [part.push for part in explanation.contributions if part.text == "call"] == [push, push]


def test_words_of_one_character_are_one_part_with_a_pair_between_them() -> None:
    parts = [(part.kind, part.text) for part in explain(shipped_model(), "\u00bd off").contributions]
    off = [("word", "off"), ("last", "off")]
    assert parts == [("word", "\u00bd"), ("first", "\u00bd"), ("pair", "\u00bd"), ("pair", "\u00bd off"), *off]


def test_an_only_word_is_compared_with_a_text_without_known_words(model: Model) -> None:
    # without it: half-way between 2/3 and 1/2
    assert parts_of(explain(model, "call")) == [("word", "call", pytest.approx(log(e + 1) - log(7 / 5)))]


@pytest.mark.parametrize("text", ["", " ", "\u200b"])
def test_an_empty_text_has_no_reasons(model: Model, text: str) -> None:
    explanation = explain(model, text)
    assert explanation == Explanation(model.predict([text])[0])


def test_a_text_without_words(model: Model) -> None:
    explanation = explain(model, "!!")
    assert (explanation.contributions, explanation.n_words) == ((), 0)
    assert explanation.log_odds == pytest.approx(log(7 / 5))


def test_only_the_first_words_of_a_long_text_are_left_out() -> None:
    text = "call sign " * 5_000
    explanation = explain(make_model(), text)
    words = [part for part in explanation.contributions if part.kind == "word"]
    assert (explanation.n_words, explanation.n_explained, len(words)) == (10_000, MOST_WORDS, MOST_WORDS)
    assert "last" not in {part.kind for part in explanation.contributions}
    rest = text[: words[3].start] + text[words[3].end :]
    whole, lower = log_odds(make_model(), [text, rest], "sales")
    assert words[3].push == pytest.approx(whole - lower, abs=1e-9)


def test_the_runner_up_is_the_second_of_all_activities(model: Model) -> None:
    explanation = explain(model, "rank")  # logits 0, 0, 1
    assert explanation.runner_up
    assert explanation.runner_up.definition is model.catalogue.activities["cold-outreach"]
    assert explanation.runner_up.probability == pytest.approx(1 / (e + 2))


def test_the_probabilities_of_all_activities_are_those_of_their_labels() -> None:
    for explanation in explanations():
        prediction = explanation.prediction
        assert explanation.runner_up
        shown = prediction.confidence * prediction.activity_confidence
        assert 0 < explanation.runner_up.probability <= 1 - shown + 1e-12
        assert explanation.runner_up.definition.slug != prediction.activity
        of_label = prediction.scores[explanation.runner_up.definition.label]
        assert explanation.runner_up.probability <= of_label + 1e-12


P: Any = pytest.approx((e + 1) / (e + 2))  # 0.788
MARGIN: Any = pytest.approx(e / (e + 2))
LIMITS = [
    pytest.param(Thresholds(0.5, 0.1, 0.5), [], id="ok"),
    pytest.param(Thresholds(0.8, 0.1, 0.5), [Missed("confidence", P, 0.8)], id="confidence"),
    pytest.param(Thresholds(0.5, 0.6, 0.5), [Missed("margin", MARGIN, 0.6)], id="margin"),
    pytest.param(Thresholds(0.5, 0.1, 1.5), [Missed("known", 1.0, 1.5)], id="known words"),
    pytest.param(
        Thresholds(0.8, 0.6, 0.5),
        [Missed("confidence", P, 0.8), Missed("margin", MARGIN, 0.6)],
        id="two",
    ),
]


@pytest.mark.parametrize(("thresholds", "missed"), LIMITS)
def test_why_an_answer_is_unsure(thresholds: Thresholds, missed: list[Missed]) -> None:
    explanation = explain(make_model(thresholds=thresholds), "call")
    assert list(explanation.missed) == missed
    assert explanation.prediction.status == ("unsure" if missed else "ok")


def test_unsure_answers_and_no_others_have_a_reason() -> None:
    assert {explanation.prediction.status for explanation in explanations()} == {"ok", "unsure"}
    for explanation in explanations():
        assert (explanation.prediction.status == "unsure") == bool(explanation.missed)


def test_examples_come_with_many_texts(model: Model) -> None:
    [explanation] = iter_explanations(shipped_model(), ["cold call"], 2)
    assert [(near.text, near.activity) for near in explanation.nearest] == [
        ("cold call", "cold-outreach"),
        ("cold calling", "cold-outreach"),
    ]
    assert explanation.why_none == ""
    [explanation] = iter_explanations(model, ["call"])
    assert explanation.why_none == "The model does not say which examples it learnt from."
    [explanation] = iter_explanations(model, ["call"], 0)
    assert (explanation.nearest, explanation.why_none) == ((), "")
    [explanation] = iter_explanations(shipped_model(), ["qwrtz"])
    assert explanation.why_none == "No labelled example has a word of the text."
