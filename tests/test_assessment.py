from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from conftest import make_model
from hypothesis import given
from hypothesis import strategies as st
from sklearn.dummy import DummyClassifier
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, log_loss, precision_recall_fscore_support

from smclassify.artifact import load_model
from smclassify.batch_scoring import BatchScorer
from smclassify.errors import DatasetError, UsageError
from smclassify.examples import digest_of
from smclassify.paths import shipped
from smclassify.plain_evaluation import plain_assessment, plain_remarks
from smclassify.tables.formats import open_table
from smclassify.tables.values import CHUNK_ROWS, ReadOptions
from smclassify.training import answers as answers_module
from smclassify.training.answers import Answers, Collected, Mistake, collect_answers, seen_keys
from smclassify.training.assessment import Interval, Majority, ReliabilityBin, scalar_names
from smclassify.training.dataset import text_key
from smclassify.training.evaluate import LabelScores, calibration_error
from smclassify.training.labelled import ColumnNames, find_columns
from smclassify.training.measure import (
    assess,
    bootstrap_intervals,
    macro_f1,
    majority_baseline,
    measure,
    reliability_bins,
)

if TYPE_CHECKING:
    from smclassify.model import Model

LABELS = ("sales", "marketing")


def collect(path: Path, model: Model, content: str, by: str | None = None, **options: Any) -> Collected:  # noqa: ANN401 - as `collect_answers` takes them
    path.write_text(content, encoding="utf-8")
    with open_table(str(path), ReadOptions()) as table:
        return collect_answers(table, find_columns(table, ColumnNames(by=by)), model, **options)


def make_answers(truth: list[int], first: list[float], ok: list[int] | None = None) -> Answers:
    """Return answers of two labels; `first` are the probabilities of the first label."""
    n, of_first = len(truth), np.array(first)
    nothing = np.zeros(n, dtype=np.bool_)
    sure = np.ones(n, dtype=np.bool_) if ok is None else np.array(ok, dtype=np.bool_)
    probabilities = np.column_stack([of_first, 1 - of_first])
    return Answers(np.array(truth), probabilities, sure, nothing, nothing, nothing)


# --- answers -------------------------------------------------------------------------------------------------------

ROWS = """text,label,activity,team
call,sales,cold-outreach,a
sign off,marketing,seo,b
,sales,seo,c
rank,sales,closing,a
\u200b,marketing,seo,d
sign,,closing,e
call call sign,marketing,cold-outreach,b
web,marketing,juggling,a
"""


def test_answers_are_those_of_the_model(tmp_path: Path, model: Model) -> None:
    got = collect(tmp_path / "rows.csv", model, ROWS, by="team", seen=frozenset({"sign off", "web", "sign"}))
    texts = ["call", "sign off", "rank", "call call sign", "web"]
    expected = model.predict(texts)
    answers = got.answers
    assert answers.truth.tolist() == [0, 1, 0, 1, 1]
    np.testing.assert_allclose(answers.probabilities, [list(p.scores.values()) for p in expected], rtol=1e-12)
    assert answers.ok.tolist() == [p.status == "ok" for p in expected] == [True, False, True, True, True]
    assert answers.has_activity.tolist() == [True, True, True, True, False]
    # shown are cold-outreach, closing, seo, cold-outreach and seo
    assert answers.activity_first.tolist() == [True, False, False, True, False]
    assert answers.activity_in_three.tolist() == [True, True, True, True, False]
    assert (got.groups, got.group.tolist()) == (("a", "b"), [0, 1, 0, 1, 0])
    assert (got.n_unlabelled, got.n_blank, got.n_unknown_activity, got.n_seen) == (1, 2, 1, 2)
    assert [(m.line, m.text, m.truth, m.said) for m in got.mistakes] == [
        (3, "sign off", "marketing", "sales"),
        (8, "call call sign", "marketing", "sales"),
        (5, "rank", "sales", "marketing"),
    ]
    assert [m.confidence for m in got.mistakes] == pytest.approx([expected[n].confidence for n in (1, 3, 2)])


def test_the_three_likeliest_activities_are_of_all_labels(tmp_path: Path) -> None:
    model = load_model()
    texts = ["cold call", "write a blog post", "walk the dog", "renew the contract", "event stand for the trade fair"]
    logits = BatchScorer(model.weights).score(texts).logits
    ranked = np.argsort(-logits, axis=1)
    rows = [(text, model.activities[ranked[n, place]]) for n, text in enumerate(texts) for place in range(5)]
    content = "text,label,activity\n" + "".join(f"{text},sales,{activity}\n" for text, activity in rows)
    got = collect(tmp_path / "rows.csv", model, content)
    assert got.answers.activity_in_three.reshape(5, 5).tolist() == [[True] * 3 + [False] * 2] * 5


def test_mistakes_of_a_long_table(tmp_path: Path, model: Model) -> None:
    texts = [*["sign off"] * 3, *["call"] * CHUNK_ROWS, "sign off", "call"]
    content = "text,label\n" + "".join(f"{text},marketing\n" for text in texts)
    chunks: list[int] = []
    got = collect(tmp_path / "rows.csv", model, content, n_mistakes=6, on_chunk=chunks.append)
    assert [mistake.line for mistake in got.mistakes] == [2, 3, 4, CHUNK_ROWS + 5, 5, 6]
    assert len(chunks) > 1
    assert sum(chunks) == len(got.answers.truth) == len(texts)
    assert collect(tmp_path / "rows.csv", model, content, n_mistakes=0).mistakes == ()


NOTHING = [
    pytest.param("text,label\ncall,\n", "no row has a label", id="no label"),
    pytest.param("text,label\n", "no row has a label", id="no row"),
    pytest.param("text,label\n ,sales\n", "no row with a label has a text", id="no text"),
]


@pytest.mark.parametrize(("content", "message"), NOTHING)
def test_nothing_to_measure(tmp_path: Path, model: Model, content: str, message: str) -> None:
    with pytest.raises(DatasetError, match=rf"rows\.csv: {message}\.") as caught:
        collect(tmp_path / "rows.csv", model, content)
    assert "--label-column" in caught.value.tip


def test_too_many_groups(tmp_path: Path, model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers_module, "MOST_GROUPS", 2)
    content = "text,label,id\n" + "".join(f"call,sales,{n}\n" for n in range(3))
    with pytest.raises(UsageError, match="more than 2 different values"):
        collect(tmp_path / "rows.csv", model, content, by="id")
    assert len(collect(tmp_path / "rows.csv", model, content[:-13], by="id").groups) == 2


# --- rows seen in training -----------------------------------------------------------------------------------------


def test_the_shipped_model_has_seen_the_shipped_examples() -> None:
    keys = seen_keys(load_model())
    assert keys is not None
    assert text_key("Prospecting!") in keys
    assert len(keys) > 50_000


def test_another_model_has_seen_the_examples_beside_it(tmp_path: Path) -> None:
    facts = {"data": {"sha256": digest_of([("Cold  Call", "sales", ""), ("", "sales", "")])}}
    model = make_model(path=tmp_path / "m.safetensors", facts=facts)
    assert seen_keys(model) is None
    (tmp_path / "examples.csv").write_text("id,text,label\n1,Cold  Call,sales\n2,,sales\n")
    assert seen_keys(model) == frozenset({"cold call"})
    (tmp_path / "examples.csv").write_text("id,text,label\n1,Cold  Call,marketing\n2,,sales\n")
    assert seen_keys(model) is None
    assert seen_keys(make_model()) is None


def test_a_copy_of_the_shipped_model_has_seen_the_same(tmp_path: Path) -> None:
    copy = tmp_path / "copy.safetensors"
    copy.write_bytes(shipped("models/smclassify.safetensors").read_bytes())
    assert seen_keys(load_model(copy)) == seen_keys(load_model())


# --- figures by hand -----------------------------------------------------------------------------------------------


def test_figures_by_hand() -> None:
    answers = make_answers([0, 0, 0, 1, 1, 1], [0.9, 0.8, 0.4, 0.1, 0.2, 0.7], ok=[1, 1, 0, 1, 0, 1])
    answers = replace(
        answers,
        has_activity=np.array([1, 1, 1, 1, 0, 0], dtype=np.bool_),
        activity_first=np.array([1, 0, 0, 0, 0, 0], dtype=np.bool_),
        activity_in_three=np.array([1, 1, 1, 0, 0, 0], dtype=np.bool_),
    )
    figures = measure(answers, LABELS)
    third = pytest.approx(2 / 3)
    assert figures.confusion == ((2, 1), (1, 2))
    assert figures.report.labels == (
        LabelScores("sales", third, third, third, 3),  # type: ignore[arg-type]
        LabelScores("marketing", third, third, third, 3),  # type: ignore[arg-type]
    )
    assert [figures.report.accuracy, figures.report.macro_f1] == pytest.approx([2 / 3, 2 / 3])
    assert figures.report.log_loss == pytest.approx(-np.log([0.9, 0.8, 0.4, 0.9, 0.8, 0.3]).mean())
    assert figures.report.brier == pytest.approx(2 * (0.01 + 0.04 + 0.36 + 0.01 + 0.04 + 0.49) / 6)
    assert figures.coverage == pytest.approx(4 / 6)
    assert figures.accuracy_ok == 0.75
    assert figures.majority == Majority("sales", 0.5, pytest.approx(1 / 3))  # type: ignore[arg-type]
    assert (figures.n_activity, figures.activity_top1, figures.activity_top3) == (4, 0.25, 0.75)
    # the surest are 0.9, 0.9, 0.8, 0.8 (right), 0.7, 0.6 (wrong)
    assert [point.accuracy for point in figures.curve] == pytest.approx([1, 1, 1, 1, 4 / 5, 4 / 6])
    bins = [(of.n, round(of.confidence, 9), of.accuracy) for of in figures.reliability]
    assert bins == [(1, 0.6, 0.0), (1, 0.7, 0.0), (2, 0.8, 1.0), (2, 0.9, 1.0)]
    assert figures.report.ece == pytest.approx((0.6 + 0.7 + 2 * 0.2 + 2 * 0.1) / 6)


def test_what_cannot_be_measured_is_none() -> None:
    figures = measure(make_answers([0, 1], [0.9, 0.9], ok=[0, 0]), LABELS)
    assert (figures.coverage, figures.accuracy_ok) == (0.0, None)
    assert (figures.n_activity, figures.activity_top1, figures.activity_top3) == (0, None, None)


def test_a_label_that_does_not_occur_does_not_count() -> None:
    figures = measure(make_answers([0, 0], [0.9, 0.8]), LABELS)
    assert (figures.report.macro_f1, figures.macro_f1_interval) == (1.0, Interval(1.0, 1.0))
    assert measure(make_answers([0, 0], [0.9, 0.2]), LABELS).report.macro_f1 == pytest.approx(1 / 3)


def test_reliability_bins_by_hand() -> None:
    confidence, right = np.array([0.5, 0.51, 1.0, 0.94]), np.array([True, False, True, False])
    assert reliability_bins(confidence, right) == (
        ReliabilityBin(7 / 15, 8 / 15, 2, 0.505, 0.5),
        ReliabilityBin(14 / 15, 1.0, 2, 0.97, 0.5),
    )


def collected(answers: Answers, group: list[int], groups: tuple[str, ...]) -> Collected:
    return Collected(answers, np.array(group), groups, (), 3, 2, 1, None)


def test_groups_are_measured_apart() -> None:
    answers = make_answers([0, 1, 0, 1, 1], [0.9, 0.8, 0.6, 0.2, 0.1])
    whole = assess(collected(answers, [1, 0, 1, 0, 2], ("b", "a", "c")), LABELS, by="team")
    assert list(whole.groups) == ["b", "a", "c"]
    assert whole.groups["b"] == measure(make_answers([1, 1], [0.8, 0.2]), LABELS)
    assert whole.groups["a"] == measure(make_answers([0, 0], [0.9, 0.6]), LABELS)
    assert whole.groups["c"].report.n == 1
    assert whole.figures == measure(answers, LABELS)
    assert assess(collected(answers, [0] * 5, ("",)), LABELS).groups == {}


def test_names_of_the_figures() -> None:
    scalars = assess(collected(make_answers([0, 1], [0.9, 0.6]), [0, 0], ("",)), LABELS).scalars()
    assert list(scalars) == scalar_names(LABELS)
    assert (scalars["n"], scalars["accuracy"], scalars["n_unlabelled"], scalars["n_seen"]) == (2, 0.5, 3, None)
    assert (scalars["sales.support"], scalars["marketing.recall"]) == (1, 0.0)


# --- figures beside scikit-learn and beside slower ways ------------------------------------------------------------


@pytest.mark.parametrize("n_labels", [2, 3, 5])
def test_figures_are_those_of_scikit_learn(n_labels: int) -> None:
    random = np.random.default_rng(n_labels)
    truth = random.integers(n_labels, size=400)
    probabilities = random.dirichlet(np.ones(n_labels), size=400)
    said = probabilities.argmax(axis=1)
    labels = [f"label{place}" for place in range(n_labels)]
    nothing = np.zeros(400, dtype=np.bool_)
    figures = measure(Answers(truth, probabilities, nothing, nothing, nothing, nothing), labels)
    report = figures.report
    assert report.accuracy == pytest.approx(accuracy_score(truth, said))
    assert report.macro_f1 == pytest.approx(f1_score(truth, said, average="macro"))
    assert report.log_loss == pytest.approx(log_loss(truth, probabilities))
    scores = [(of.precision, of.recall, of.f1, of.support) for of in report.labels]
    np.testing.assert_allclose(np.transpose(scores), precision_recall_fscore_support(truth, said))
    assert np.array_equal(figures.confusion, confusion_matrix(truth, said))
    dummy = DummyClassifier(strategy="most_frequent").fit(truth, truth).predict(truth)
    majority = figures.majority
    assert majority.accuracy == pytest.approx(accuracy_score(truth, dummy))
    assert majority.macro_f1 == pytest.approx(f1_score(truth, dummy, average="macro"))
    assert majority.label == labels[dummy[0]]


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=12))
def test_macro_f1_of_a_confusion_matrix(pairs: list[tuple[int, int]]) -> None:
    truth, said = zip(*pairs, strict=True)
    confusion = confusion_matrix(truth, said, labels=[0, 1, 2])
    assert macro_f1(confusion) == pytest.approx(f1_score(truth, said, average="macro"))
    always = majority_baseline(confusion, ["a", "b", "c"])
    commonest = "abc".index(always.label)
    assert always.macro_f1 == pytest.approx(f1_score(truth, [commonest] * len(truth), average="macro"))


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=40))
def test_the_bins_give_the_calibration_error(pairs: list[tuple[float, bool]]) -> None:
    confidence, right = (np.array(column) for column in zip(*pairs, strict=True))
    bins = reliability_bins(confidence, right)
    assert sum(of.n for of in bins) == len(pairs)
    error = sum(of.n * abs(of.confidence - of.accuracy) for of in bins) / len(pairs)
    assert error == pytest.approx(calibration_error(confidence, right), abs=1e-12)


# --- bootstrap -----------------------------------------------------------------------------------------------------


def test_intervals_are_those_of_rows_drawn_with_replacement() -> None:
    random = np.random.default_rng(1)
    truth = random.integers(3, size=150)
    said = np.where(random.random(150) < 0.7, truth, random.integers(3, size=150))
    accuracy, f1 = bootstrap_intervals(confusion_matrix(truth, said))
    rows = random.integers(150, size=(2000, 150))
    accuracies = (truth[rows] == said[rows]).mean(axis=1)
    f1s = [macro_f1(confusion_matrix(truth[drawn], said[drawn], labels=[0, 1, 2])) for drawn in rows[:1000]]
    for interval, values in ((accuracy, accuracies), (f1, f1s)):
        assert [interval.low, interval.high] == pytest.approx(np.percentile(values, [2.5, 97.5]), abs=0.015)


def test_intervals_hold_the_truth_as_often_as_they_should() -> None:
    random = np.random.default_rng(2)
    held = []
    for right in random.binomial(200, 0.8, size=400):
        accuracy, _ = bootstrap_intervals(np.array([[right, 200 - right], [0, 0]]))
        held.append(accuracy.low <= 0.8 <= accuracy.high)
    assert 0.92 <= np.mean(held) <= 0.97


def test_intervals_are_the_same_each_time() -> None:
    confusion = np.array([[40, 10], [5, 45]])
    assert bootstrap_intervals(confusion) == bootstrap_intervals(confusion)
    assert bootstrap_intervals(confusion) != bootstrap_intervals(confusion, seed=1)
    accuracy, f1 = bootstrap_intervals(confusion)
    assert accuracy.low < 0.85 < accuracy.high
    assert f1.low < macro_f1(confusion) < f1.high


# --- plain text ----------------------------------------------------------------------------------------------------


def test_remarks() -> None:
    whole = assess(collected(make_answers([0, 1], [0.9, 0.6]), [0, 0], ("",)), LABELS)
    assert plain_remarks(whole) == [
        "note: 3 rows without a label, left out",
        "note: 2 rows with a label but without a text, left out",
        "note: 1 row with an activity that the model does not know, left out of the activity's figures",
    ]
    quiet = replace(whole, n_unlabelled=0, n_blank=0, n_unknown_activity=0)
    assert plain_remarks(replace(quiet, n_seen=0)) == []
    [warning] = plain_remarks(replace(quiet, n_seen=1))
    assert warning.startswith("warning: 1 of 2 rows (50.0 %) are among the examples that the model was made from")


def test_groups_that_look_alike_are_all_shown() -> None:
    names = ("", "(blank)", "\x07", r"\x07")
    answers = make_answers([0] * 4, [0.9] * 4)
    lines = plain_assessment(assess(collected(answers, [0, 1, 2, 3], names), LABELS, by="team"))
    start = lines.index("by team") + 2
    assert {line.split()[0] for line in lines[start : start + 4]} == {"(blank)", "(blank)_2", r"\x07", r"\x07_2"}


def test_what_users_wrote_is_shown_not_sent() -> None:
    whole = assess(collected(make_answers([0, 1], [0.9, 0.6]), [0, 1], ("\x1b[31m", "")), LABELS, by="te\x07am")
    whole = replace(whole, mistakes=(Mistake(3, "two\nlines\x1b[0m", "sales", "marketing", 0.75),))
    lines = plain_assessment(whole)
    assert not any(set(line) & {"\x1b", "\x07", "\n"} for line in lines)
    assert r"by te\x07am" in lines
    assert lines[-1] == r"3     sales  marketing      0.7500  two\nlines\x1b[0m"
    blocks = [list(block) for filled, block in itertools.groupby(lines, bool) if filled]
    assert [block[0] for block in blocks] == [
        "all rows",
        "by label: scores, and rows by what was said",
        "the surest answers",
        r"by te\x07am",
        r"by te\x07am: probabilities, status and activity",
        r"by te\x07am and label",
        r"by te\x07am: accuracy of the surest answers",
        "the surest mistakes",
    ]
    assert [line.split()[0] for line in blocks[3][2:]] == [r"\x1b[31m", "(blank)"]
