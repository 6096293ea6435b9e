from __future__ import annotations

import json

import pytest
from conftest import make_model

from smclassify.examples import Examples
from smclassify.explanation import explain
from smclassify.model import Missed, Model, Thresholds
from smclassify.neighbours import Neighbours
from smclassify.plain import json_prediction
from smclassify.plain_explanation import json_explanation, plain_explanation, why_unsure


def examples_for(model: Model) -> Neighbours:
    return Neighbours(model.weights, Examples([("Sign\there", "sales", "closing"), ("rank", "marketing", "seo")]))


def test_plain_lines(model: Model) -> None:
    assert plain_explanation(explain(model, "sign\tit off", examples_for(model))) == [
        "answer\tsign\\tit off\tsales\t0.8067\tunsure\tclosing\tGetting the signature.",
        "unsure\tshare of known words 0.33 is below 0.60",
        "runner-up\t0.1933\tcold-outreach\tsales\tFirst contact.",
        "word\t+0.9141\tsign",
        "last\t+0.4057\toff",
        "word\t+0.3207\toff",
        "word\t-0.2032\tit",
        "example\t1.0000\tSign\\there\tsales\tclosing",
    ]


def test_the_largest_push_comes_first_whichever_its_direction(model: Model) -> None:
    lines = plain_explanation(explain(model, "sign\tcall call"))
    assert [line for line in lines if line.startswith(("word", "pair"))] == [
        "word\t-0.6089\tsign",
        "pair\t-0.5774\tsign\\tcall",
        "word\t+0.3298\tcall",
        "word\t+0.3298\tcall",
    ]


def test_plain_lines_of_an_answer_with_one_word() -> None:
    model = make_model(thresholds=Thresholds(0.8, 0.6, 0.0))
    assert plain_explanation(explain(model, "call", examples_for(model))) == [
        "answer\tcall\tsales\t0.7881\tunsure\tcold-outreach\tFirst contact.",
        "unsure\tconfidence 0.79 is below 0.80 and margin over the second label 0.58 is below 0.60",
        "runner-up\t0.2119\tclosing\tsales\tGetting the signature.",
        "word\t+0.9768\tcall",
        "note\tWithout its only word, the text is compared with one without known words.",
        "note\tNo labelled example has a word of the text.",
    ]


def test_plain_lines_of_an_empty_text(model: Model) -> None:
    assert plain_explanation(explain(model, "", examples_for(model))) == ["answer\t\t\t\tempty\t\t"]


NOTES = [
    pytest.param("!!", ["There are no words in the text, so none can be left out."], id="no words"),
    pytest.param("call " * 201, ["Only the first 200 of 201 words were left out in turn."], id="long"),
    pytest.param("call sign", [], id="none"),
]


@pytest.mark.parametrize(("text", "notes"), NOTES)
def test_notes(model: Model, text: str, notes: list[str]) -> None:
    lines = plain_explanation(explain(model, text))
    assert [line for line in lines if line.startswith("note\t")] == [f"note\t{note}" for note in notes]


def test_json(model: Model) -> None:
    explanation = explain(model, "sign off", examples_for(model))
    fields = json.loads(json_explanation(explanation))
    prediction = json.loads(json_prediction(explanation.prediction))
    assert {key: fields.pop(key) for key in prediction} == prediction
    runner_up = fields.pop("runner_up")
    assert (runner_up["probability"], runner_up["definition"]["slug"]) == (0.163579, "cold-outreach")
    assert fields == {
        "log_odds": 1.631835,
        "unsure_because": [{"measure": "known", "value": 0.5, "limit": 0.6}],
        "n_words": 2,
        "n_explained": 2,
        "contributions": [
            {"start": 0, "end": 4, "text": "sign", "kind": "word", "push": 1.03894},
            {"start": 5, "end": 8, "text": "off", "kind": "word", "push": 0.318574},
            {"start": 5, "end": 8, "text": "off", "kind": "last", "push": 0.523895},
        ],
        "nearest": [{"text": "Sign\there", "label": "sales", "activity": "closing", "similarity": 1.0}],
        "notes": [],
    }


def test_json_of_an_empty_text(model: Model) -> None:
    fields = json.loads(json_explanation(explain(model, "")))
    assert (fields["label"], fields["runner_up"], fields["contributions"]) == (None, None, [])


LIMITS = [
    pytest.param([], "", id="none"),
    pytest.param([Missed("confidence", 0.7149, 0.87)], "confidence 0.71 is below 0.87", id="two digits"),
    pytest.param([Missed("confidence", 0.8699, 0.87)], "confidence 0.8699 is below 0.8700", id="as many as it takes"),
    pytest.param(
        [Missed("margin", 0.1, 0.2), Missed("known", 0.0, 0.01)],
        "margin over the second label 0.10 is below 0.20 and share of known words 0.00 is below 0.01",
        id="two",
    ),
]


@pytest.mark.parametrize(("missed", "sentence"), LIMITS)
def test_why_unsure(missed: list[Missed], sentence: str) -> None:
    assert why_unsure(missed) == sentence
