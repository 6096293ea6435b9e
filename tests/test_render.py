from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING

import pytest
from conftest import make_model
from rich.console import Console

from smclassify import render
from smclassify.definitions import parse_definitions
from smclassify.model import Prediction, Thresholds
from smclassify.tables.formats import open_table
from smclassify.tables.values import ReadOptions

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import RenderableType

    from smclassify.definitions import Catalogue
    from smclassify.model import Model


def drawn(drawing: RenderableType, width: int = 80) -> str:
    console = Console(file=io.StringIO(), width=width, highlight=False, markup=False, emoji=False)
    with console.capture() as capture:
        console.print(drawing)
    return "\n".join(line.rstrip() for line in capture.get().splitlines())


def test_an_unsure_answer(model: Model) -> None:
    [prediction] = model.predict(["sign it off [/x] :smile:"])
    assert drawn(render.drawn_prediction(prediction, model.labels), 100) == (
        "sign it off [/x] :smile:\n"
        "  label     Sales  72 %  ━━━━━━━━━━━━━━──────  unsure: check (marketing 28 %)\n"
        "            Selling to one customer.\n"
        "  activity  Closing\n"
        "            Getting the signature.\n"
    )


def test_a_sure_answer() -> None:
    model = make_model(thresholds=Thresholds(0.0, 0.0, 0.0))
    [prediction] = model.predict(["sign"])
    assert drawn(render.drawn_prediction(prediction, model.labels)) == (
        "sign\n"
        "  label     Sales  79 %  ━━━━━━━━━━━━━━━━────\n"
        "            Selling to one customer.\n"
        "  activity  Closing\n"
        "            Getting the signature.\n"
    )


def test_escapes_are_shown_not_sent(model: Model) -> None:
    [prediction] = model.predict(["\x1b[31msign\u202e"])
    shown = drawn(render.drawn_prediction(prediction, model.labels))
    assert shown.startswith(r"\x1b[31msign\u202e")


@pytest.mark.parametrize("width", [30, 60, 80, 140])
def test_long_texts_wrap(model: Model, width: int) -> None:
    [prediction] = model.predict(["sign " * 60])
    lines = drawn(render.drawn_prediction(prediction, model.labels), width).splitlines()
    assert max(map(len, lines)) <= width
    assert sum(line.count("sign") for line in lines) >= 60


def test_an_empty_text(model: Model) -> None:
    [prediction] = model.predict([""])
    assert drawn(render.drawn_prediction(prediction, model.labels)) == "(blank)  nothing to classify"


def test_all_definitions(catalogue: Catalogue) -> None:
    shown = drawn(render.drawn_definitions(catalogue))
    assert "SALES            Selling to one customer." in shown
    assert "  cold-outreach  First contact." in shown
    assert shown.index("SALES") < shown.index("closing") < shown.index("MARKETING") < shown.index("seo")


def with_own_labels(n_labels: int) -> Catalogue:
    labels = [{"slug": f"l{n}", "name": f"Läbel {n}", "text": f"Text {n}."} for n in range(n_labels)]
    return parse_definitions({"labels": labels}, "")


def test_a_label_that_is_its_own_activity_is_shown_once() -> None:
    shown = drawn(render.drawn_definitions(with_own_labels(12))).rstrip().split("\n\n")
    assert shown == [f"LÄBEL {n}{'' if n > 9 else ' '}  Text {n}." for n in range(12)]


def test_an_answer_whose_activity_is_its_label() -> None:
    catalogue, labels = with_own_labels(3), ("l0", "l1", "l2")
    model = make_model(catalogue=catalogue, labels=labels, activities=labels)
    [prediction] = model.predict(["sign"])
    assert drawn(render.drawn_prediction(prediction, model.labels), 100) == (
        "sign\n  label  Läbel 1  58 %  ━━━━━━━━━━━━────────\n         Text 1.\n"
    )


def test_of_many_labels_an_unsure_answer_names_the_likeliest() -> None:
    labels = tuple(f"l{n}" for n in range(12))
    catalogue = with_own_labels(12)
    scores = dict(zip(labels, [0.01] * 6 + [0.2, 0.3, 0.25, 0.05, 0.1, 0.04], strict=True))
    prediction = Prediction(
        "x", "l7", 0.3, "unsure", scores, "l7", 1.0, catalogue.activities["l7"], catalogue.labels["l7"]
    )
    assert "unsure: check (l8 25 %, l6 20 %, l10 10 %)" in drawn(render.drawn_prediction(prediction, labels), 140)


def test_one_definition(catalogue: Catalogue) -> None:
    assert drawn(render.drawn_definition(catalogue.activities["cold-outreach"], catalogue)) == (
        "slug      cold-outreach\n"
        "name      Cold outreach\n"
        "label     sales\n"
        "text      First contact.\n"
        "synonyms  cold call"
    )


def test_no_progress_off_a_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    path = tmp_path / "x.csv"
    path.write_text("task\ncall\n")
    with open_table(str(path), ReadOptions()) as table, render.batch_progress(table) as on_chunk:
        on_chunk(1)
    with render.training_progress() as on_step:
        on_step("Working")
    assert stream.getvalue() == ""


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_on_a_terminal_comes_after_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stream, now = Terminal(), [0.0]
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(render, "monotonic", lambda: now[0])
    monkeypatch.setenv("TERM", "xterm")
    path = tmp_path / "x.csv"
    path.write_text("task\ncall\n")
    with open_table(str(path), ReadOptions()) as table, render.batch_progress(table) as on_chunk:
        on_chunk(1000)
        assert stream.getvalue() == ""
        now[0] = 2.0
        on_chunk(234)
    assert "1,234 rows" in stream.getvalue()


def test_no_progress_where_no_line_can_be_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stream, now = Terminal(), [0.0]
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(render, "monotonic", lambda: now[0])
    monkeypatch.setenv("TERM", "dumb")
    path = tmp_path / "x.csv"
    path.write_text("task\ncall\n")
    with open_table(str(path), ReadOptions()) as table, render.batch_progress(table) as on_chunk:
        now[0] = 2.0
        on_chunk(1000)
    with render.training_progress() as on_step:
        on_step("Working")
    assert stream.getvalue() == ""


def test_progress_of_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    stream, now = Terminal(), [0.0]
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(render, "monotonic", lambda: now[0])
    monkeypatch.setenv("TERM", "xterm")
    end, start = os.pipe()
    os.write(start, b"call\nring\n")
    os.close(start)
    with os.fdopen(end) as pipe:
        monkeypatch.setattr(sys, "stdin", pipe)
        options = ReadOptions(format="lines")
        with open_table("-", options) as table, render.batch_watcher(quiet=True, to_stdout=True)(table, 0) as on_chunk:
            now[0] = 2.0
            on_chunk(2)
    assert "2 rows" in stream.getvalue()


def test_no_progress_where_the_rows_are_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stream, now = Terminal(), [0.0]
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setattr(render, "monotonic", lambda: now[0])
    path = tmp_path / "x.csv"
    path.write_text("task\ncall\n")
    with (
        open_table(str(path), ReadOptions()) as table,
        render.batch_watcher(quiet=True, to_stdout=True)(table, 0) as on_chunk,
    ):
        now[0] = 2.0
        on_chunk(1)
    assert stream.getvalue() == ""
