from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from conftest import make_model
from test_render import drawn

from smclassify import plain_review, render, render_review
from smclassify.corrections import Correction
from smclassify.corrections_file import open_corrections
from smclassify.digest import model_digest
from smclassify.errors import UsageError
from smclassify.model import Thresholds
from smclassify.render_review import Question
from smclassify.review import END, Review, Step, asked_of, begin, correction_of, keys_of, press
from smclassify.review_export import Answers, ExportSummary, export_file
from smclassify.runs import RunOptions
from smclassify.tables.values import ReadOptions

if TYPE_CHECKING:
    from pathlib import Path

    from smclassify.model import Model

LABELS = ("sales", "marketing", "other")
EARLIER = [Correction("old", "sales", "closing", "sales", 0.5, "0123456789ab")]

# --- keys ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("labels", "keys"),
    [
        pytest.param(LABELS, "smo", id="first letters"),
        pytest.param(("Émile", "ça"), "éç", id="other letters"),
        pytest.param(("sales", "support"), "12", id="not unique"),
        pytest.param(("sales", "Support"), "12", id="not unique but for case"),
        pytest.param(("sales", "keep"), "12", id="k is taken"),
        pytest.param(("no", "yes"), "12", id="n is taken"),
        pytest.param(("undo", "yes"), "12", id="u is taken"),
        pytest.param(("query", "yes"), "12", id="q is taken"),
        pytest.param(("-", "yes"), "12", id="no letter"),
        pytest.param([f"label-{n}" for n in range(12)], "123456789abc", id="more than nine"),
        pytest.param([f"label-{n}" for n in range(31)], "123456789abcdefghijlmoprstvwxyz", id="as many as there are"),
    ],
)
def test_the_keys_of_labels(labels: list[str], keys: str) -> None:
    assert list(keys_of(labels).items()) == list(zip(labels, keys, strict=True))


def pressed(keys: str, review: Review | None = None) -> Review:
    review = review or begin(LABELS, ["a", "b", "c"], EARLIER)
    for key in keys:
        review = press(review, key)
    return review


A, B, C, OLD = Step("a", "sales"), Step("b", "sales"), Step("c", "sales"), Step("old", "sales")


@pytest.mark.parametrize(
    ("keys", "waiting", "steps"),
    [
        pytest.param("", "abc", [OLD], id="nothing"),
        pytest.param("s", "bc", [OLD, A], id="label"),
        pytest.param("S", "bc", [OLD, A], id="capital"),
        pytest.param("smo", "", [OLD, A, Step("b", "marketing"), Step("c", "other")], id="labels"),
        pytest.param("\r\nk", "", [OLD, Step("a", ""), Step("b", ""), Step("c", "")], id="keep"),
        pytest.param(" n", "c", [OLD, Step("a", None), Step("b", None)], id="skip"),
        pytest.param("su", "abc", [OLD], id="undo"),
        pytest.param("sssuu", "bc", [OLD, A], id="undo twice"),
        pytest.param("su s", "c", [OLD, Step("a", None), B], id="undo and otherwise"),
        pytest.param("s u", "bc", [OLD, A], id="undo a skip"),
        pytest.param(["u"], ["old", "a", "b", "c"], [], id="undo an earlier answer"),
        pytest.param("uuu", ["old", "a", "b", "c"], [], id="nothing left to undo"),
        pytest.param("us", "abc", [OLD], id="an earlier answer again"),
        pytest.param("sssssss  ", "", [OLD, A, B, C], id="no answers after the end"),
        pytest.param("sssu", "c", [OLD, A, B], id="undo at the end"),
        pytest.param(["x", "", "\x1b", "\x1b[A", "ss", "1", "é", "\t", "\x7f"], "abc", [OLD], id="unknown keys"),
    ],
)
def test_what_keys_do(keys: list[str], waiting: list[str], steps: list[Step]) -> None:
    review = pressed("")
    for key in keys:
        review = press(review, key)
    assert (list(review.waiting), list(review.steps), review.is_over) == (list(waiting), steps, False)


@pytest.mark.parametrize("key", ["x", "", "\x1b[A", "smo", "1"])
def test_a_key_that_does_nothing_changes_nothing(key: str) -> None:
    review = pressed("s")
    assert press(review, key) is review
    assert press(pressed("sss"), key).is_over is False


@pytest.mark.parametrize(
    ("keys", "is_over"),
    [
        pytest.param("q", True, id="quit"),
        pytest.param("sQ", True, id="capital"),
        pytest.param(END, True, id="end of input"),
        pytest.param("sss", False, id="all answered"),
        pytest.param("sss\r", True, id="Enter at the end"),
        pytest.param("sssq", True, id="quit at the end"),
    ],
)
def test_when_it_is_over(keys: str, is_over: bool) -> None:
    assert pressed(keys).is_over is is_over


@pytest.mark.parametrize(
    ("keys", "n_done", "n_answers", "n_earlier"),
    [
        pytest.param("", 0, 1, 1, id="start"),
        pytest.param("s ", 2, 2, 1, id="one answered, one skipped"),
        pytest.param("s u", 1, 2, 1, id="skip taken back"),
        pytest.param("u", 0, 0, 0, id="earlier one taken back"),
        pytest.param("us", 1, 1, 0, id="earlier one answered again"),
    ],
)
def test_counts(keys: str, n_done: int, n_answers: int, n_earlier: int) -> None:
    review = pressed(keys)
    assert (review.n_done, review.n_answers, review.n_earlier) == (n_done, n_answers, n_earlier)


@pytest.mark.parametrize(
    ("text", "label", "recorded"),
    [
        # sales 0.5 + 0.5 * share: see make_model
        pytest.param("sign", "", ("sales", "closing", "sales"), id="kept"),
        pytest.param("sign", "sales", ("sales", "closing", "sales"), id="chosen as it was"),
        pytest.param("sign", "marketing", ("marketing", "seo", "sales"), id="another label"),
        pytest.param("rank", "sales", ("sales", "cold-outreach", "marketing"), id="first of equal activities"),
        pytest.param("rank sign", "sales", ("sales", "closing", "sales"), id="likeliest activity inside the label"),
    ],
)
def test_what_is_recorded(model: Model, text: str, label: str, recorded: tuple[str, str, str]) -> None:
    [prediction] = model.predict([text])
    correction = correction_of(model, prediction, label, model_digest(model))
    assert (correction.label, correction.activity, correction.was) == recorded
    assert correction.text == text
    assert correction.confidence == pytest.approx(prediction.confidence, abs=5e-5)
    assert correction.model == model_digest(model)[:12]
    assert len(correction.model) == 12


def test_what_is_kept_is_what_was_shown(model: Model) -> None:
    [prediction] = model.predict(["sign"])
    shown = replace(prediction, activity="cold-outreach")  # as a glossary may decide
    assert correction_of(model, shown, "", "x").activity == "cold-outreach"


# --- screens -------------------------------------------------------------------------------------------------------


def screen(text: str, keys: str = "", width: int = 80) -> str:
    model = make_model(thresholds=Thresholds(0.0, 0.0, 0.0))
    review = pressed(keys, begin(model.labels, [text] * 3, []))
    return drawn(render_review.drawn_question(review, Question(asked_of(model, text), model.labels, 2)), width)


def test_a_question() -> None:
    assert screen("sign", "s") == (
        "\n"
        "2 of 3, 2 corrected\n"
        "sign\n"
        "  label     Sales  79 %  ━━━━━━━━━━━━━━━━────\n"
        "            Selling to one customer.\n"
        "  activity  Closing\n"
        "            Getting the signature.\n"
        "  pushes    sign +1.0\n"
        "\n"
        "s sales   m marketing   Enter keep   Space skip   u undo   q quit"
    )


def test_the_end() -> None:
    model = make_model()
    review = pressed("ss ", begin(model.labels, ["sign"] * 3, []))
    shown = drawn(render_review.drawn_question(review, Question(None, model.labels, 2)))
    assert shown == "\nAll 3 are done, 2 corrected.\nu undo   Enter quit"


def test_escapes_are_shown_not_sent() -> None:
    assert r"\x1b[31msign\u202e [/x]" in screen("\x1b[31msign\u202e [/x]")


def test_the_words_that_push_most() -> None:
    assert "  pushes    web -0.4   sign +0.3   call +0.3   rank +0.1\n" in screen("sign rank call web it")


def test_a_very_long_text_is_shortened() -> None:
    shown = screen("sign " * 10_000)
    assert "... (50,000 characters)" in shown
    assert "pushes" not in shown
    assert len(shown) < 2000


@pytest.mark.parametrize("width", [10, 30, 60, 80, 200])
def test_every_line_fits(width: int) -> None:
    assert max(map(len, screen("sign " * 30, width=width).splitlines())) <= width


def test_lines_between_the_questions() -> None:
    correction = Correction("a", "marketing", "seo", "sales", 0.5, "x")
    assert drawn(render_review.drawn_saved(correction)) == "saved: marketing, seo"
    alone = Correction("a", "refund", "refund", "sales", 0.5, "x")
    assert drawn(render_review.drawn_saved(alone)) == "saved: refund"
    assert drawn(render_review.drawn_undone(correction)) == "taken back: marketing"


def test_lines_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    right, wrong = Correction("a", "s", "x", "s", 0.5, "x"), Correction("a", "m", "y", "s", 0.5, "x")
    assert plain_review.plain_answers(path, []) == "0 answered"
    assert plain_review.plain_answers(path, [right, wrong, wrong]) == f"3 answered, 2 corrected; saved in {path}"
    assert plain_review.plain_export(ExportSummary(3, 1, None)) == ["1 of 3 rows by a person"]
    assert "line 7 never ends" in plain_review.plain_export(ExportSummary(3, 1, 7))[1]


def test_a_dropped_row_is_told(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("text,label,activity,was,confidence,model\nweb\x1b si")
    with open_corrections(path) as answers:
        [line] = plain_review.plain_torn(answers)
    assert line == rf"note: {path}: the last row was half written and is dropped: web\x1b si"
    with open_corrections(path) as answers:
        assert plain_review.plain_torn(answers) == []


# --- export --------------------------------------------------------------------------------------------------------

HEADERS = "reviewed_label,reviewed_status,reviewed_activity,reviewed_source"
SAID = [
    Correction("sign", "sales", "closing", "sales", 0.5, "x"),
    Correction("sign", "marketing", "seo", "sales", 0.5, "x"),
    Correction("rank, web", "sales", "cold-outreach", "marketing", 0.5, "x"),
    Correction("not there", "sales", "closing", "sales", 0.5, "x"),
]


def exported(source: Path, target: Path, **options: object) -> ExportSummary:
    model = make_model()
    read = ReadOptions(**options)  # type: ignore[arg-type]
    return export_file(
        str(source),
        str(target),
        RunOptions(read),
        Answers.of(model, SAID),
        render.batch_watcher(quiet=True, to_stdout=False),
    )


def test_export_leaves_the_table_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_bytes(
        b'\xef\xbb\xbfid;task;note\r\n00123;sign;"a;b"\r\n2;rank, web;\r\n\r\n3;call;=1+1\r\n4;;x\r\n5;sign;y\r\n'
    )
    summary = exported(tmp_path / "in.csv", tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_bytes() == (
        b"\xef\xbb\xbfid;task;note;" + HEADERS.replace(",", ";").encode() + b"\r\n"
        b'00123;sign;"a;b";marketing;ok;seo;person\r\n'
        b"2;rank, web;;sales;ok;cold-outreach;person\r\n"
        b"\r\n"
        b"3;call;=1+1;sales;ok;cold-outreach;model\r\n"
        b"4;;x;;empty;;\r\n"
        b"5;sign;y;marketing;ok;seo;person\r\n"
    )
    assert summary == ExportSummary(n_rows=5, n_reviewed=3, unclosed_line=None)


def test_export_of_a_labelled_file_leaves_the_models_cells(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text(
        "task,label,confidence,status,activity,definition\nsign,sales,0.7,unsure,closing,x\n"
    )
    exported(tmp_path / "in.csv", tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text() == (
        f"task,label,confidence,status,activity,definition,{HEADERS}\n"
        "sign,sales,0.7,unsure,closing,x,marketing,ok,seo,person\n"
    )


def test_export_to_another_format(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("task\nsign\n")
    exported(tmp_path / "in.csv", tmp_path / "out.jsonl")
    assert json.loads((tmp_path / "out.jsonl").read_text()) == {
        "task": "sign",
        "reviewed_label": "marketing",
        "reviewed_status": "ok",
        "reviewed_activity": "seo",
        "reviewed_source": "person",
    }


def test_export_without_rows(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("task\n")
    assert exported(tmp_path / "in.csv", tmp_path / "out.csv") == ExportSummary(0, 0, None)
    assert (tmp_path / "out.csv").read_text() == f"task,{HEADERS}\n"


def test_export_tells_of_an_open_quote(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text('task\nsign\n"call\n')
    assert exported(tmp_path / "in.csv", tmp_path / "out.csv").unclosed_line == 3


@pytest.mark.parametrize("name", HEADERS.split(","))
def test_export_replaces_no_column(tmp_path: Path, name: str) -> None:
    (tmp_path / "in.csv").write_text(f"task,{name}\nsign,x\n")
    with pytest.raises(UsageError, match=f"the file has a column '{name}' already"):
        exported(tmp_path / "in.csv", tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()
