from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from conftest import make_catalogue, make_model
from teaching import write_table

from smclassify.errors import DatasetError, TableError
from smclassify.training.dataset import Example
from smclassify.training.revision import CORRECTION, read_corrections, repeated, repeats, revise, with_activity

if TYPE_CHECKING:
    from pathlib import Path

REVIEWED = ("text", "label", "activity", "was", "confidence", "model")


def example(text: str, label: str = "sales", activity: str = "closing", style: str = "", line: int = 2) -> Example:
    return Example(text, label, activity, style, style, line)


def correction(text: str, label: str = "sales", activity: str = "closing", line: int = 2) -> Example:
    return example(text, label, activity, CORRECTION, line)


def test_what_review_writes_can_be_learnt(tmp_path: Path) -> None:
    rows = [
        ("rank, fast", "marketing", "seo", "sales", "0.6100", "0123456789ab"),
        ("b", "sales", "closing", "sales", "0.7000", "0123456789ab"),
    ]
    path = write_table(tmp_path / "c.csv", REVIEWED, rows)
    assert read_corrections([path], make_catalogue()) == (
        [correction("rank, fast", "marketing", "seo"), correction("b", line=3)],
        [],
    )


def test_the_last_correction_of_a_text_counts(tmp_path: Path) -> None:
    one = write_table(
        tmp_path / "one.csv", ("text", "label"), [("Sign it", "sales"), ("a", "sales"), ("sign it!", "marketing")]
    )
    two = write_table(tmp_path / "two.csv", ("label", "text"), [("sales", "SIGN IT"), ("sales", "A")])
    corrections, notes = read_corrections([one, two], make_catalogue())
    assert corrections == [correction("SIGN IT", activity=""), correction("A", activity="", line=3)]
    assert notes == [
        f"{one}:4: 'sign it!' is marketing, and not sales as in {one}:2",
        f"{two}:2: 'SIGN IT' is sales, and not marketing as in {one}:4",
    ]


UNUSABLE = [
    pytest.param("text,label\na,support\n", r"c\.csv:2: unknown label 'support'", id="unknown label"),
    pytest.param("text,label,activity\na,sales,seo\n", r"c\.csv:2: seo is marketing, not 'sales'", id="wrong activity"),
    pytest.param("text,was\na,sales\n", r"c\.csv: no column 'label'", id="no label"),
    pytest.param("text,label\n", r"c\.csv: there are no examples", id="empty"),
    pytest.param("text,label\na,sales\n\u200b,sales\n", r"c\.csv:3: the text '\\u200b' has nothing", id="no text"),
]


@pytest.mark.parametrize(("content", "message"), UNUSABLE)
def test_corrections_that_cannot_be_used(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "c.csv").write_text(content)
    with pytest.raises(DatasetError, match=message):
        read_corrections([tmp_path / "c.csv"], make_catalogue())
    with pytest.raises(TableError, match="there is no such file"):
        read_corrections([tmp_path / "none.csv"], make_catalogue())


ALL = {"cold-outreach": "sales", "closing": "sales", "seo": "marketing"}
SOME = {"cold-outreach": "sales", "seo": "marketing"}
ACTIVITIES = [
    pytest.param(correction("call", activity="closing"), ALL, "closing", id="said"),
    pytest.param(correction("sign", activity="closing"), SOME, "", id="said, and not learnt before"),
    pytest.param(correction("sign", activity=""), ALL, "closing", id="the likeliest"),
    pytest.param(correction("rank rank call", activity=""), ALL, "cold-outreach", id="the likeliest inside the label"),
    pytest.param(correction("sign", activity=""), SOME, "cold-outreach", id="the likeliest learnt before"),
    pytest.param(correction("sign", activity=""), {"seo": "marketing"}, "", id="none of the label"),
    pytest.param(correction("sign", activity=""), {"closing": "other"}, "", id="another label has it"),
    pytest.param(correction("sign", "other", ""), ALL, "", id="a label that the model does not know"),
]


@pytest.mark.parametrize(("given", "base", "activity"), ACTIVITIES)
def test_the_activity_of_a_correction(given: Example, base: dict[str, str], activity: str) -> None:
    assert with_activity(given, base, make_model()).activity == activity


def test_without_a_model_nothing_is_guessed() -> None:
    assert with_activity(correction("sign", activity=""), ALL, None).activity == ""


def test_a_correction_stands_in_the_place_of_its_text() -> None:
    base = [example("a"), example("Sign it!"), example("b")]
    corrections = [correction("new", "marketing", "seo"), correction("sign it", "marketing", "seo", 3)]
    examples, before = revise(base, corrections)
    assert examples == [base[0], corrections[1], base[2], corrections[0]]
    assert before == [*base, None]


TIMES = [
    pytest.param(10, 0, 0, id="none"),
    pytest.param(50_000, 10, 20, id="few among many"),
    pytest.param(1_500, 10, 15, id="a tenth"),
    pytest.param(1_500, 100, 5, id="many"),
]


@pytest.mark.parametrize(("n_base", "n_corrections", "times"), TIMES)
def test_how_often_a_correction_is_learnt(n_base: int, n_corrections: int, times: int) -> None:
    examples = [*[example("a")] * n_base, *[correction("b")] * n_corrections]
    assert repeats(examples).tolist() == [1] * n_base + [times] * n_corrections


def test_repeated_places() -> None:
    assert repeated(np.array([2, 0, 1]), np.array([1, 3, 0])).tolist() == [0, 1, 1, 1]
