from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smclassify import plain
from smclassify.batch import BatchSummary, UnsureRow
from smclassify.errors import TableError

if TYPE_CHECKING:
    from smclassify.definitions import Catalogue
    from smclassify.model import Model

VISIBLE = [
    pytest.param("plain [/x] :smile: é 🎯", "plain [/x] :smile: é 🎯", id="nothing to hide"),
    pytest.param("\x1b[31mred", r"\x1b[31mred", id="terminal escape"),
    pytest.param("a\tb\nc\rd", r"a\tb\nc\rd", id="white space"),
    pytest.param("\u202eright", r"\u202eright", id="direction mark"),
    pytest.param("zero\u200bwidth", r"zero\u200bwidth", id="zero width"),
    pytest.param("\x9b31m", r"\x9b31m", id="C1 control"),
    pytest.param("\u2028", r"\u2028", id="line separator"),
    pytest.param("\udc81", r"\udc81", id="surrogate"),
]


@pytest.mark.parametrize(("text", "shown"), VISIBLE)
def test_visible(text: str, shown: str) -> None:
    assert plain.visible(text) == shown


@given(st.text())
def test_nothing_invisible_remains(text: str) -> None:
    shown = plain.visible(text)
    assert not any(ord(char) < 32 or 127 <= ord(char) < 160 or char in "\u200b\u202e\u2066\ufeff" for char in shown)


def test_an_error_is_one_line() -> None:
    error = TableError("a\nb: broken.", "Mend it.")
    assert plain.plain_error(error) == r"smclassify: error: a\nb: broken. Mend it."
    assert plain.plain_error(TableError("broken.")) == "smclassify: error: broken."


def test_a_prediction_is_one_line(model: Model) -> None:
    [prediction, blank] = model.predict(["sign\tit\nnow", " "])
    assert plain.plain_prediction(prediction) == (
        r"sign\tit\nnow" + "\tsales\t0.7355\tunsure\tclosing\tGetting the signature."
    )
    assert plain.plain_prediction(blank) == " \t\t\tempty\t\t"


def test_json_of_a_prediction(model: Model) -> None:
    [prediction] = model.predict(["sign é"])
    assert json.loads(plain.json_prediction(prediction)) == {
        "text": "sign é",
        "label": "sales",
        "confidence": 0.751745,
        "status": "unsure",
        "scores": {"sales": 0.751745, "marketing": 0.248255},
        "activity": "closing",
        "activity_confidence": 0.669762,
        "definition": {
            "slug": "closing",
            "name": "Closing",
            "label": "sales",
            "text": "Getting the signature.",
            "synonyms": [],
            "sources": [],
        },
        "label_definition": {
            "slug": "sales",
            "name": "Sales",
            "label": "sales",
            "text": "Selling to one customer.",
            "synonyms": ["selling"],
            "sources": [],
            "aim": "",
            "relationship": "",
            "horizon": "",
            "journey_stage": "",
            "success": "",
        },
        "source": "model",
        "phrase": None,
    }


def test_json_of_an_empty_text(model: Model) -> None:
    [prediction] = model.predict([""])
    answer = json.loads(plain.json_prediction(prediction))
    assert (answer["label"], answer["status"], answer["definition"], answer["scores"]) == (None, "empty", None, {})


def test_a_definition_is_one_line(catalogue: Catalogue) -> None:
    assert plain.plain_definition(catalogue.activities["seo"]) == "seo\tmarketing\tSEO\tBeing found."


def summary(**changes: object) -> BatchSummary:
    fields: dict[str, object] = {
        "n_rows": 3,
        "labels": {"sales": 2, "other": 1},
        "statuses": {"ok": 2, "unsure": 1},
        "least_sure": (),
        "n_ragged": 0,
        "ragged_lines": (),
        "n_blank_lines": 0,
        "unclosed_line": None,
    }
    return BatchSummary(**fields | changes)  # type: ignore[arg-type]


SUMMARIES = [
    pytest.param(summary(), ["3 rows: 2 sales, 1 other; 2 ok, 1 unsure"], id="plain"),
    pytest.param(summary(n_rows=0, labels={}, statuses={}), ["0 rows: no label; nothing to label"], id="no rows"),
    pytest.param(
        summary(least_sure=(UnsureRow(7, "say\x1b " + "it " * 40, "sales", 0.456),)),
        [
            "3 rows: 2 sales, 1 other; 2 ok, 1 unsure",
            "least sure:",
            r"  line 7: say\x1b it it it it it it it it it it it it it it it it it i... -> sales 0.46",
        ],
        id="unsure",
    ),
    pytest.param(
        summary(n_by_glossary=0), ["3 rows: 2 sales, 1 other; 2 ok, 1 unsure; 0 by the glossary"], id="glossary"
    ),
    pytest.param(
        summary(n_blank_lines=2),
        ["3 rows: 2 sales, 1 other; 2 ok, 1 unsure", "note: 2 blank lines, which are no rows"],
        id="blank lines",
    ),
    pytest.param(
        summary(n_ragged=9, ragged_lines=(2, 3), n_blank_lines=1, unclosed_line=12),
        [
            "3 rows: 2 sales, 1 other; 2 ok, 1 unsure",
            "note: 9 rows with too few or too many cells, kept (lines 2, 3, ...)",
            "note: 1 blank line, which is no row",
            "problem: a quoted cell that starts on line 12 never ends; all below it became one cell",
        ],
        id="warts",
    ),
]


@pytest.mark.parametrize(("of", "lines"), SUMMARIES)
def test_summary(of: BatchSummary, lines: list[str]) -> None:
    assert plain.plain_summary(of) == lines
