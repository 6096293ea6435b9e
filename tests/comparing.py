"""Models that disagree, and a comparison of them, for the tests of `diff`."""

from __future__ import annotations

from array import array
from dataclasses import replace
from typing import TYPE_CHECKING

from conftest import make_catalogue, make_model

from smclassify.comparison import Answer, Change, Comparison, Move
from smclassify.model import Thresholds

if TYPE_CHECKING:
    from smclassify.model import Model

SALES, MARKETING = Answer("sales", 0.788058, "ok"), Answer("marketing", 0.576117, "ok")
RANK = Change(3, "rank", MARKETING, SALES)
SIGN = Change(6, "sign", SALES, Answer("marketing", 0.576117, "unsure"))
CALL_X = Change(5, "call x", Answer("sales", 0.751745, "unsure"), Answer("sales", 0.751745, "ok"))

TASKS = ["call", "rank", "", "call x", "sign", "sign", "x"]
OF_TASKS = Comparison(
    n_rows=7,
    n_changed=4,
    labels=(
        Move("sales", "sales", 3),
        Move("sales", "marketing", 2),
        Move("marketing", "sales", 1),
    ),
    statuses=(
        Move("ok", "ok", 2),
        Move("ok", "unsure", 2),
        Move("unsure", "ok", 1),
        Move("unsure", "unsure", 1),
        Move("empty", "empty", 1),
    ),
    changes=(RANK, SIGN, replace(SIGN, line=7), CALL_X),
    only_before=(),
    only_after=(),
    unclosed_line=None,
)
"""What `make_model` and `swapped_model` say of the tasks, from line 2 on."""


def swapped_model() -> Model:
    """Return a model that takes the word `sign` for marketing and `rank` for sales, and judges by other limits."""
    model = make_model(thresholds=Thresholds(confidence=0.6, margin=0.0, known=0.4))
    return _with_output(model, [1, 0, 0, 0, 0, 1, 0, 1, 0])


def turned_model() -> Model:
    """Return a model with the usual answers that has its labels in another order."""
    model = make_model(labels=("marketing", "sales"), activities=("seo", "cold-outreach", "closing"))
    return _with_output(model, [0, 1, 0, 0, 0, 1, 1, 0, 0])


def _with_output(model: Model, output: list[float]) -> Model:
    return replace(model, weights=replace(model.weights, output=memoryview(array("d", output))))


def renamed_model() -> Model:
    """Return a model whose second label has another slug."""
    catalogue = make_catalogue()
    promotion = replace(catalogue.labels["marketing"], slug="promotion", label="promotion")
    labels = {"sales": catalogue.labels["sales"], "promotion": promotion}
    activities = catalogue.activities | {"seo": replace(catalogue.activities["seo"], label="promotion")}
    renamed = replace(catalogue, labels=labels, activities=activities)
    return make_model(labels=("sales", "promotion"), catalogue=renamed)
