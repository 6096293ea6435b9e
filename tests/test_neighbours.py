from __future__ import annotations

from functools import cache
from math import sqrt
from typing import TYPE_CHECKING, Any

import pytest
from conftest import make_model
from hypothesis import given
from hypothesis import strategies as st

from smclassify.artifact import load_model
from smclassify.examples import Examples, examples_of
from smclassify.neighbours import NearExample, Neighbours
from smclassify.text import analyze, spoken_words

if TYPE_CHECKING:
    from smclassify.model import Model


def neighbours(model: Model, *texts: str) -> Neighbours:
    return Neighbours(model.weights, Examples([(text, "sales", "closing") for text in texts]))


def found(model: Model, text: str, *texts: str, n: int = 9) -> list[tuple[str, Any]]:
    return [(near.text, near.similarity) for near in neighbours(model, *texts).nearest(text, n)]


def test_similarity_by_hand(model: Model) -> None:
    # the activations are (1, 0, 0), then (1, 0, 1) and (1, 1, 0) over the square root of two, and (0, 0, 0)
    assert found(model, "call", "rank call", "zzz", "call me call", "call sign", "sign") == [
        ("call me call", pytest.approx(1)),
        ("rank call", pytest.approx(1 / sqrt(2))),
        ("call sign", pytest.approx(1 / sqrt(2))),
    ]


def test_an_example_is_told_with_its_label(model: Model) -> None:
    examples = Neighbours(model.weights, Examples([("rank", "marketing", "seo")]))
    assert examples.nearest("rank", 1) == [NearExample("rank", "marketing", "seo", 1.0)]


def test_no_more_than_asked_for(model: Model) -> None:
    assert len(found(model, "call", "call a", "call b", "call c", n=2)) == 2
    assert found(model, "call", "call a", n=0) == []


SHARED = [
    pytest.param("call", "Call!", True, id="case and signs"),
    pytest.param("c\u00e2ll", "CA\u0301LL", True, id="accents"),
    pytest.param("call", "recall", False, id="end of a word"),
    pytest.param("call", "calling", False, id="beginning of a word"),
    pytest.param("B2B", "b", True, id="letters beside a number"),
    pytest.param("follow-up", "up", True, id="half of a word with a hyphen"),
    pytest.param("call", "ring\ncall", True, id="second line"),
    pytest.param("12 %", "12 %", False, id="numbers and signs"),
    pytest.param("", "call", False, id="nothing"),
]


@pytest.mark.parametrize(("text", "example", "shares"), SHARED)
def test_examples_share_a_word(model: Model, text: str, example: str, shares: bool) -> None:
    assert [near for near, _ in found(model, text, "zzz", example, "yyy")] == [example] * shares


def test_examples_may_have_lines(model: Model) -> None:
    assert [near for near, _ in found(model, "call", "a\nb\nc", "d", "call\n", "e")] == ["call\n"]


def test_rare_words_decide_who_is_compared(model: Model) -> None:
    texts = [*[f"the call {number}" for number in range(80)], "my corner sofa"]
    assert ("my corner sofa", 0.0) in found(model, "call the sofa", *texts, n=60)


@pytest.mark.parametrize(
    "text", ["cold call", "canvass a street for sign-ups", "telephone canvassing roofers 8\u201310"]
)
def test_an_example_is_nearest_to_itself(text: str) -> None:
    [same, *others] = shipped().nearest(text, 5)
    assert (same.text, same.activity) == (text, "cold-outreach")
    assert same.similarity == pytest.approx(1)
    similarities = [near.similarity for near in others]
    assert len(similarities) == 4
    assert similarities == sorted(similarities, reverse=True)


@cache
def shipped() -> Neighbours:
    model = load_model()
    return Neighbours(model.weights, examples_of(model))


@given(st.text(max_size=9), st.lists(st.text(max_size=9)))
def test_any_text_is_like_any_examples_or_none(text: str, examples: list[str]) -> None:
    near = found(make_model(), text, text, *examples)
    assert all(0 <= similarity <= 1 for _, similarity in near)
    assert bool(near) >= bool(spoken_words(analyze(text)))
