from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

import pytest
from conftest import make_model
from rich.console import Console

from smclassify.definitions import parse_definitions
from smclassify.examples import Examples
from smclassify.explanation import explain
from smclassify.model import Thresholds
from smclassify.neighbours import Neighbours
from smclassify.render_explanation import drawn_explanation

if TYPE_CHECKING:
    from smclassify.explanation import Explanation
    from smclassify.model import Model


def drawn(explanation: Explanation, width: int = 80, colours: str | None = None) -> str:
    console = Console(
        file=io.StringIO(),
        width=width,
        highlight=False,
        markup=False,
        emoji=False,
        force_terminal=bool(colours),
        color_system="standard" if colours else None,
    )
    with console.capture() as capture:
        console.print(drawn_explanation(explanation, ("sales", "marketing")))
    return "\n".join(line.rstrip() for line in capture.get().splitlines())


def explained(model: Model, text: str) -> Explanation:
    examples = Examples([("Sign\x1b [b]here", "sales", "closing"), ("rank it", "marketing", "")])
    return explain(model, text, Neighbours(model.weights, examples))


def test_a_drawing() -> None:
    model = make_model(thresholds=Thresholds(0.9, 0.0, 0.0))
    assert drawn(explained(model, "sign [x] it off"), 100) == (
        "sign [x] it off\n"
        "  label      Sales  79 %  ━━━━━━━━━━━━━━━━────  unsure: check (marketing 21 %)\n"
        "             Selling to one customer.\n"
        "  activity   Closing\n"
        "             Getting the signature.\n"
        "  unsure     confidence 0.79 is below 0.90\n"
        "  runner-up  Cold outreach  sales  21 %\n"
        "             First contact.\n"
        "  pushes     log-odds of Sales +1.31; lost without the word or pair:\n"
        "             +0.83 ━━━━━━━━━━━━ sign\n"
        "             +0.34 ━━━━━        off  as last word\n"
        "             +0.29 ━━━━         off\n"
        "             -0.12 ━━           x\n"
        "             -0.12 ━━           it\n"
        "  examples   1.00 closing   Sign\\x1b [b]here\n"
        "             0.00 marketing rank it\n"
    )


def test_a_runner_up_that_is_a_label_is_named_once() -> None:
    labels = [{"slug": slug, "name": slug.capitalize(), "text": "T."} for slug in ("sales", "marketing")]
    of_sales = [{"slug": slug, "name": slug, "label": "sales", "text": "T."} for slug in ("cold-outreach", "closing")]
    catalogue = parse_definitions({"labels": labels, "activities": of_sales}, "")
    model = make_model(catalogue=catalogue, activities=("cold-outreach", "closing", "marketing"))
    assert re.search(r"runner-up  Marketing  \d\d %\n", drawn(explained(model, "sign sign rank")))


def test_words_are_tinted_by_what_they_push(model: Model) -> None:
    title = drawn(explained(model, "sign it rank"), colours="standard").splitlines()[0]
    assert title == "\x1b[1;7;32msign\x1b[0m\x1b[1m \x1b[0m\x1b[1mit\x1b[0m\x1b[1m \x1b[0m\x1b[1;7;31mrank\x1b[0m"


def test_nothing_to_explain(model: Model) -> None:
    assert drawn(explained(model, "")) == "(blank)  nothing to classify"


def test_only_the_largest_pushes_are_drawn(model: Model) -> None:
    shown = drawn(explained(model, " ".join(["call", "sign", "rank", "web"] * 4)))
    assert len(re.findall(r"^ +[+-]\d\.\d\d ", shown, re.MULTILINE)) == 10
    assert "and 6 smaller, which --json has" in shown


def test_escapes_are_shown_not_sent(model: Model) -> None:
    shown = drawn(explained(model, "\x1b[31msign\u202e call\x1b"))
    assert shown.startswith(r"\x1b[31msign\u202e call\x1b")
    assert "\x1b" not in shown


@pytest.mark.parametrize("width", [30, 60, 80, 140])
def test_drawings_wrap(model: Model, width: int) -> None:
    lines = drawn(explained(model, "sign " * 60 + "supercalifragilistic" * 3), width).splitlines()
    assert max(map(len, lines)) <= width
    assert sum(line.count("sign") for line in lines) >= 60
