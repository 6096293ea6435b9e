from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from conftest import make_catalogue

from smclassify.errors import DatasetError
from smclassify.training.audit import Suspect, audit, suspects
from smclassify.training.dataset import Example

PATH = Path("x.csv")


def example(text: str, label: str = "sales", activity: str = "closing", line: int = 3) -> Example:
    return Example(text, label, activity, "", "", line)


FIRST = example("Sign it", line=2)
REPEATS = [
    pytest.param(example("sign - it!"), "x.csv:3: 'sign - it!' repeats line 2; left out", id="the same"),
    pytest.param(
        example("sign it", activity="cold-outreach"),
        "x.csv:3: 'sign it' repeats line 2, where it is closing; left out",
        id="another activity",
    ),
    pytest.param(
        example("sign it", activity=""),
        "x.csv:3: 'sign it' repeats line 2, where it is closing; left out",
        id="no activity",
    ),
]


@pytest.mark.parametrize(("second", "note"), REPEATS)
def test_a_text_counts_once(second: Example, note: str) -> None:
    other = example("rank", "marketing", "seo", 4)
    assert audit([FIRST, second, other], make_catalogue(), PATH) == ([FIRST, other], [note])


FATAL = [
    pytest.param(
        example("SIGN it", "marketing", "seo"),
        "x.csv:3: 'SIGN it' contradicts line 2.",
        "It is marketing here and sales there: remove one of the rows.",
        id="two labels",
    ),
    pytest.param(example("\u200b "), r"x.csv:3: the text '\u200b ' has nothing to read in it.", "", id="invisible"),
    pytest.param(
        example("b", "support", ""),
        "x.csv:3: unknown label 'support'.",
        "The labels are sales, marketing; others need --definitions.",
        id="unknown label",
    ),
    pytest.param(example("b", activity="dance"), "x.csv:3: unknown activity 'dance'.", "", id="unknown activity"),
    pytest.param(example("b", activity="seo"), "x.csv:3: seo is marketing, not 'sales'.", "", id="wrong label"),
]


@pytest.mark.parametrize(("second", "message", "tip"), FATAL)
def test_what_cannot_be_trained_on(second: Example, message: str, tip: str) -> None:
    with pytest.raises(DatasetError) as caught:
        audit([FIRST, second], make_catalogue(), PATH)
    assert (caught.value.message, caught.value.tip) == (message, tip)


def test_suspects_by_hand() -> None:
    labels = ["a", "b", "c"]
    examples = [example(text) for text in "pqrstu"]
    truth = np.array([0, 0, 0, 1, 1, 2])
    probabilities = np.array(
        [
            [0.90, 0.05, 0.05],  # p: a
            [0.15, 0.80, 0.05],  # q: less a than is usual of a's, more b than is usual of b's
            [0.45, 0.15, 0.40],  # r: a, and less c than the only c
            [0.10, 0.90, 0.00],  # s: b
            [0.60, 0.40, 0.00],  # t: more a than is usual of a's: (0.9 + 0.15 + 0.45) / 3 = 0.5
            [0.40, 0.00, 0.60],  # u: c
        ]
    )
    # usual of b: (0.9 + 0.4) / 2 = 0.65; of c: 0.6
    assert suspects(examples, truth, probabilities, labels) == [
        Suspect(examples[1], 0.15, "b", 0.8),
        Suspect(examples[4], 0.4, "a", 0.6),
    ]


def test_a_label_that_is_usually_unsure_asks_for_less() -> None:
    # 0.45 of b is more than b's usually have, while 0.55 of a is less than is usual of a's
    probabilities = np.array([[0.9, 0.1], [0.55, 0.45], [0.7, 0.3]])
    [suspect] = suspects([example("p"), example("q"), example("r")], np.array([0, 0, 1]), probabilities, ["a", "b"])
    assert (suspect.example.text, suspect.suggested, suspect.probability) == ("q", "b", 0.45)


def test_labels_that_were_swapped_are_found_first() -> None:
    rng = np.random.default_rng(0)
    true = rng.integers(0, 3, 300)
    probabilities = np.full((300, 3), 0.1)
    probabilities[np.arange(300), true] = 0.8
    probabilities += rng.normal(scale=0.002, size=probabilities.shape)
    given = true.copy()
    given[:10] = (true[:10] + 1) % 3
    examples = [example(str(number)) for number in range(300)]
    found = suspects(examples, given, probabilities, ["a", "b", "c"])
    assert {suspect.example.text for suspect in found} == {str(number) for number in range(10)}
    assert [suspect.suggested for suspect in found] == ["abc"[true[int(suspect.example.text)]] for suspect in found]
    assert [suspect.given for suspect in found] == sorted(suspect.given for suspect in found)
