from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import joblib
import numpy as np
import openpyxl
import pytest
from conftest import make_catalogue, make_model
from scipy.sparse import csr_matrix
from scipy.special import softmax

from smclassify.artifact import load_model, save_model
from smclassify.definitions import parse_definitions
from smclassify.errors import DatasetError
from smclassify.model import Temperatures
from smclassify.paths import shipped
from smclassify.plain import plain_model, plain_report
from smclassify.text import piece_number, word_number, word_terms
from smclassify.training.calibrate import (
    choose_thresholds,
    inside_label,
    is_sure,
    label_logits,
    temperature,
)
from smclassify.training.dataset import (
    COLUMNS,
    Example,
    check_examples,
    data_digest,
    group_near_copies,
    near_pairs,
    read_examples,
    read_texts,
    text_key,
)
from smclassify.training.evaluate import CoveragePoint, calibration_error, confidence_for, coverage_curve, evaluate
from smclassify.training.export import export_weights
from smclassify.training.fit import FitConfig, fit_network, known_shares, logits_of, make_folds, make_targets
from smclassify.training.revision import CORRECTION
from smclassify.training.teacher import SoftLabels, load_soft_labels, mixed_goals, text_keys
from smclassify.training.train import (
    Material,
    TrainingResult,
    _HeldOutScores,
    _measure,
    _temperatures,
    parity,
    save_pipeline,
    targets_of,
    train,
)
from smclassify.training.vectorize import TermVectorizer
from smclassify.training.vectors import VectorAverager, WordVectors, load_vectors

if TYPE_CHECKING:
    from pathlib import Path

    from sklearn.neural_network import MLPClassifier

HEADER = ",".join(COLUMNS)
PHRASES = {
    "cold-outreach": ["call stranger", "phone stranger", "call contact"],
    "closing": ["sign deal", "get signature", "sign contract"],
    "seo": ["search rank", "keyword rank", "search position"],
}


def make_examples() -> list[Example]:
    """Return thirty examples of each of three activities: a telling phrase, then three words seen nowhere else."""
    catalogue = make_catalogue()
    return [
        Example(f"{phrase} {noise}", catalogue.activities[activity].label, activity, "name", "test", 0)
        for activity, phrases in PHRASES.items()
        for phrase in phrases
        for noise in (" ".join(f"{phrase[0]}{a}{b}{phrase[-1]}" for b in "pqr") for a in "abcdefghij")
    ]


NUMBERS = [word_number("search"), word_number("rank"), piece_number("ing")]
VECTORS = WordVectors(
    np.array(sorted(NUMBERS), dtype=np.uint32),
    np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 0.5]])[np.argsort(NUMBERS)],
)
CONFIG = FitConfig(folds=3, min_texts=2, hidden=8)


AMBIGUOUS = ["call", "sign rank", "search"]
MATERIAL = Material(make_examples(), make_catalogue(), VECTORS, AMBIGUOUS)


@pytest.fixture(scope="module")
def trained() -> TrainingResult:
    return train(MATERIAL, CONFIG)


# --- dataset -------------------------------------------------------------------------------------------------------


def test_read_examples(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text(f'{HEADER}\n"a, b",sales,closing,name,x\nc,marketing,seo,log,y\n')
    assert read_examples(path) == [
        Example("a, b", "sales", "closing", "name", "x", 2),
        Example("c", "marketing", "seo", "log", "y", 3),
    ]


SPARSE = [
    pytest.param("x.csv", "text,label\na,sales\n", [("a", "sales", "", "", "", 2)], id="two columns"),
    pytest.param(
        "x.csv",
        "\ufefforigin;id;Label; TEXT ;activity\n;7; sales; a ;\n\nx;8;other;b; seo\n",
        [(" a ", "sales", "", "", "", 2), ("b", "other", "seo", "", "x", 4)],
        id="other columns, other order, semicolons",
    ),
    pytest.param(
        "x.tsv", 'label\ttext\ns\t"a\nb"\ns\tc', [("a\nb", "s", *[""] * 3, 2), ("c", "s", *[""] * 3, 4)], id="TSV"
    ),
    pytest.param("x.jsonl", '{"text": 12, "label": "s"}\n', [("12", "s", "", "", "", 1)], id="JSON Lines"),
]


@pytest.mark.parametrize(("name", "content", "examples"), SPARSE)
def test_only_text_and_label_are_needed(
    tmp_path: Path, name: str, content: str, examples: list[tuple[str, str, str, str, str, int]]
) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    assert read_examples(tmp_path / name) == [Example(*fields) for fields in examples]


def test_examples_of_a_workbook(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in (["label", "text", "activity"], ["sales", "call", None], [None, None, None], ["sales", 3, "closing"]):
        book.active.append(row)
    book.save(tmp_path / "x.xlsx")
    assert read_examples(tmp_path / "x.xlsx") == [
        Example("call", "sales", "", "", "", 2),
        Example("3", "sales", "closing", "", "", 4),
    ]


UNREADABLE = [
    pytest.param("text,activity\na,closing\n", r"x\.csv: no column 'label'", id="missing column"),
    pytest.param("text,label,Text\na,sales,b\n", r"x\.csv: more than one column 'text'", id="column twice"),
    pytest.param("text,label\n,sales\n", r"x\.csv:2: an example without text", id="no text"),
    pytest.param("text,label\na, \n", r"x\.csv:2: an example without label", id="no label"),
    pytest.param("text,label\na,sales\nb\n", r"x\.csv:3: too few or too many cells", id="short row"),
    pytest.param("text,label\na,b,sales\n", r"x\.csv:2: too few or too many cells", id="long row"),
    pytest.param(f"{HEADER}\n", "there are no examples", id="no examples"),
    pytest.param('text,label\na,sales\n"b,sales\nc,sales\n', r"x\.csv:3: a quoted cell never ends", id="open quote"),
]


@pytest.mark.parametrize(("content", "message"), UNREADABLE)
def test_unreadable_examples(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "x.csv"
    path.write_text(content)
    with pytest.raises(DatasetError, match=message):
        read_examples(path)


def test_read_texts(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text('text\n"a, b"\nc\n')
    assert read_texts(path) == ["a, b", "c"]
    path.write_text("task\na\n")
    with pytest.raises(DatasetError, match=r"x\.csv: cannot read the texts"):
        read_texts(path)


def example(text: str, label: str, activity: str, line: int) -> Example:
    return Example(text, label, activity, "name", "test", line)


BROKEN = [
    pytest.param(example("b", "support", "", 3), ":3: unknown label 'support'", id="unknown label"),
    pytest.param(example("b", "sales", "dancing", 3), ":3: unknown activity 'dancing'", id="unknown activity"),
    pytest.param(example("b", "marketing", "closing", 3), ":3: closing is sales, not 'marketing'", id="wrong label"),
    pytest.param(example("SIGN it!", "sales", "closing", 3), "'SIGN it!' repeats line 2", id="repeat"),
    pytest.param(example("sign - it", "marketing", "seo", 3), "'sign - it' contradicts line 2", id="contradiction"),
]


@pytest.mark.parametrize(("second", "message"), BROKEN)
def test_rules_of_the_data(tmp_path: Path, second: Example, message: str) -> None:
    first = example("sign it", "sales", "closing", 2)
    check_examples([first, example("c", "marketing", "", 4)], make_catalogue(), tmp_path)
    with pytest.raises(DatasetError, match=message):
        check_examples([first, second], make_catalogue(), tmp_path)


def test_text_key() -> None:
    assert text_key("Café, 12!") == text_key("cafe 12") == "cafe 12"
    assert text_key("...") != text_key("?!")


def test_near_pairs() -> None:
    texts = ["call the new client today", "call the new client", "post the new video", "call the old client today", ""]
    assert set(near_pairs(texts, 0.8)) == {(0, 1)}
    assert set(near_pairs(texts, 0.6)) == {(0, 1), (0, 3)}
    assert set(near_pairs(texts, 0.6, shortest=5)) == {(0, 3)}


def test_near_copies_share_a_group() -> None:
    groups = group_near_copies(["a b c d", "a b c e", "b c e f", "x y", "z"])
    assert groups.tolist() == [0, 0, 0, 3, 4]


def test_groups_do_not_depend_on_the_hash_seed() -> None:
    # the last text joins two groups, in an order that a set of words would leave to chance
    texts = ["a b", *(f"x{n}z" * 3 for n in "pqrstuv"), "c d", "a b c d"]
    code = f"from smclassify.training.dataset import group_near_copies as g; print(g({texts!r}).tolist())"
    for seed in "0123456":
        environment = os.environ | {"PYTHONHASHSEED": seed}
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        assert done.stdout == "[0, 1, 2, 3, 4, 5, 6, 7, 0, 0]\n"


def test_the_digest_is_of_the_content() -> None:
    one, other = example("a", "sales", "closing", 2), example("b", "sales", "closing", 3)
    assert data_digest([one]) == data_digest([example("a", "sales", "closing", 9)])
    assert len({data_digest(examples) for examples in ([one], [other], [one, other], [other, one])}) == 4


# --- vectorizer ----------------------------------------------------------------------------------------------------


def test_values_of_terms() -> None:
    vectorizer = TermVectorizer(min_texts=1)
    matrix = vectorizer.fit_transform(["call", "call call"])
    column = int(np.searchsorted(vectorizer.terms_, word_terms("call")[0][0]))
    assert matrix[:, column].toarray().ravel() == pytest.approx([1.0, 2 / np.sqrt(2)])


def test_rare_terms_are_left_out_and_order_does_not_matter() -> None:
    vectorizer = TermVectorizer(min_texts=2)
    first = vectorizer.fit_transform(["cold call", "cold mail"])
    numbers = set(vectorizer.terms_.tolist())
    assert word_terms("cold")[0][0] in numbers
    assert word_terms("mail")[0][0] not in numbers
    assert (vectorizer.transform(["cold mail", "cold call"])[::-1] != first).nnz == 0
    assert vectorizer.transform(["unheard"]).nnz == 0


def test_texts_without_a_common_word() -> None:
    with pytest.raises(DatasetError, match="No word is in 3 examples"):
        TermVectorizer(min_texts=3).fit_transform(["cold call", "cold mail"])


def test_averages_of_vectors_by_hand() -> None:
    rows = VectorAverager(VECTORS).fit([]).transform(["search rank", "ranking", "unheard of", ""])
    assert rows == pytest.approx(np.array([[1, 1], [0, 0.75], [0, 0], [0, 0]]) / [[np.sqrt(2)], [1], [1], [1]])


def test_vectors_of_the_repository_can_be_read() -> None:
    vectors = load_vectors(shipped("data/word_vectors.npz"))
    assert len(vectors.numbers) == len(vectors.vectors) > 20_000
    assert (np.diff(vectors.numbers.astype(np.int64)) > 0).all()

    def likeness(one: str, other: str) -> float:
        a, b = VectorAverager(vectors).transform([one, other])
        return float(a @ b / np.sqrt((a @ a) * (b @ b)))

    assert likeness("purchase", "buy") > likeness("purchase", "horse") + 0.2


@pytest.mark.parametrize("content", [None, b"", b"PK\x03\x04"], ids=["missing", "empty", "foreign"])
def test_unreadable_vectors(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "v.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DatasetError, match=r"v\.npz: cannot read the word vectors"):
        load_vectors(path)


# --- figures -------------------------------------------------------------------------------------------------------

PROBABILITIES = np.array([[0.9, 0.1], [0.6, 0.4], [0.3, 0.7], [0.2, 0.8]])
TRUTH = np.array([0, 1, 1, 1])


def test_evaluate_by_hand() -> None:
    report = evaluate(TRUTH, PROBABILITIES, ["sales", "marketing"])
    assert (report.n, report.accuracy) == (4, 0.75)
    sales, marketing = report.labels
    assert (sales.precision, sales.recall, sales.support) == (0.5, 1.0, 1)
    assert (marketing.precision, marketing.support) == (1.0, 3)
    assert marketing.recall == pytest.approx(2 / 3)
    assert report.macro_f1 == pytest.approx((2 / 3 + 4 / 5) / 2)
    assert report.log_loss == pytest.approx(-np.log([0.9, 0.4, 0.7, 0.8]).mean())
    assert report.brier == pytest.approx(2 * (0.01 + 0.36 + 0.09 + 0.04) / 4)


def test_calibration_error_by_hand() -> None:
    confidence, right = np.array([0.99, 0.99, 0.51, 0.5]), np.array([True, False, True, False])
    # two bins of two: |0.99 - 0.5| and |0.505 - 0.5|, each with half of the weight
    assert calibration_error(confidence, right) == pytest.approx((0.49 + 0.005) / 2)


CONFIDENCES = [
    pytest.param([0.9, 0.8, 0.7], [1, 1, 0], 1.0, 0.8, id="largest coverage"),
    pytest.param([0.9, 0.8, 0.7], [1, 0, 1], 0.6, 0.7, id="a dip on the way"),
    pytest.param([0.9, 0.8, 0.8], [1, 1, 0], 1.0, 0.9, id="ties stay together"),
    pytest.param([0.9, 0.8], [0, 0], 0.5, 1.0, id="never"),
    pytest.param([], [], 0.5, 1.0, id="nothing"),
]


@pytest.mark.parametrize(("confidence", "right", "accuracy", "least"), CONFIDENCES)
def test_confidence_for(confidence: list[float], right: list[int], accuracy: float, least: float) -> None:
    assert confidence_for(np.array(confidence, float), np.array(right, bool), accuracy) == least


def test_coverage_curve_takes_the_surest_first() -> None:
    confidence = np.array([0.5, 0.9, 0.7, 0.6, 0.8, 0.55, 0.65, 0.75, 0.85, 0.95])
    right = confidence >= 0.7
    curve = coverage_curve(confidence, right)
    assert len(curve) == 10
    assert curve[0] == CoveragePoint(0.1, 1.0, 0.95)
    assert curve[-1] == CoveragePoint(1.0, 0.6, 0.5)


def test_coverage_curve_of_few_predictions_gives_no_part_twice() -> None:
    curve = coverage_curve(np.array([0.9, 0.5]), np.array([True, False]))
    assert curve == (CoveragePoint(0.5, 1.0, 0.9), CoveragePoint(1.0, 0.5, 0.5))


# --- calibration ---------------------------------------------------------------------------------------------------


def test_temperature_undoes_overconfidence() -> None:
    rng = np.random.default_rng(0)
    honest = rng.normal(size=(20_000, 2))
    truth = (rng.random(20_000) < softmax(honest, axis=1)[:, 1]).astype(np.int64)
    assert temperature(honest * 3, truth) == pytest.approx(3, rel=0.05)
    assert temperature(honest, truth) == pytest.approx(1, rel=0.05)


def test_logits_of_labels_sum_the_odds_of_their_activities() -> None:
    logits, owners = np.log([[1.0, 2.0, 5.0]]), np.array([0, 0, 1])
    assert np.exp(label_logits(logits, owners, 2)) == pytest.approx(np.array([[3.0, 5.0]]))
    inside = softmax(inside_label(logits, owners, np.array([0])), axis=1)
    assert inside == pytest.approx(np.array([[1 / 3, 2 / 3, 0.0]]))


def test_thresholds_reach_the_accuracy_asked_for() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(5_000, 3)) * 2
    probabilities = softmax(logits, axis=1)
    truth = np.array([rng.choice(3, p=row) for row in probabilities])
    known = rng.random(5_000)
    limits = choose_thresholds(probabilities, known, truth, 0.9)
    sure = is_sure(probabilities, known, limits)
    accuracy = (probabilities.argmax(axis=1) == truth)[sure].mean()
    assert accuracy >= 0.9
    assert sure.mean() > 0.3


def test_thresholds_have_a_floor() -> None:
    sure = np.array([[0.8, 0.2]] * 30 + [[0.95, 0.05]] * 20)
    right = np.zeros(50, dtype=np.int64)
    assert choose_thresholds(sure, np.ones(50), right, 0.97).confidence == 0.8
    assert choose_thresholds(sure, np.ones(50), right, 0.97, least=0.9).confidence == 0.9


@pytest.mark.parametrize(("count", "confidence"), [(19, 1.0), (20, 0.8)])
def test_a_few_right_answers_prove_nothing(count: int, confidence: float) -> None:
    probabilities = np.array([[0.8, 0.2]] * count + [[0.6, 0.4]] * 50)
    truth = np.array([0] * count + [1] * 50)
    assert choose_thresholds(probabilities, np.ones(len(truth)), truth, 0.97).confidence == confidence


def test_texts_without_known_words_are_never_sure() -> None:
    sure = np.array([[0.999, 0.001]] * 20)
    limits = choose_thresholds(sure, np.ones(20), np.zeros(20, dtype=np.int64), 0.97)
    assert is_sure(sure[:2], np.array([1.0, 0.0]), limits).tolist() == [True, False]


def test_when_nothing_is_good_enough_nothing_is_sure() -> None:
    wrong = np.array([[0.9, 0.1]] * 10)
    limits = choose_thresholds(wrong, np.ones(10), np.ones(10, dtype=np.int64), 0.97)
    assert not is_sure(wrong, np.ones(10), limits).any()


# --- export, train -------------------------------------------------------------------------------------------------


def make_network(classes: int) -> tuple[TermVectorizer, MLPClassifier, list[str]]:
    """Return a fitted network of so many classes, and texts."""
    examples = make_examples()
    texts = [e.text for e in examples]
    vectorizer = TermVectorizer(2)
    matrix = vectorizer.fit_transform(texts)
    activity = np.array([min(list(PHRASES).index(e.activity), classes - 1) for e in examples])
    goals = np.eye(classes, dtype=np.float32)[activity]
    return vectorizer, fit_network(matrix, VectorAverager(VECTORS).transform(texts), goals, CONFIG), texts


@pytest.mark.parametrize("classes", [2, 3])
def test_logits_are_those_of_scikit_learn(classes: int) -> None:
    vectorizer, network, texts = make_network(classes)
    terms, vectors = vectorizer.transform(texts), VectorAverager(VECTORS).transform(texts)
    expected = network.predict_proba(np.hstack((terms.toarray(), vectors)))
    assert softmax(logits_of(network, terms, vectors), axis=1) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("classes", [2, 3])
def test_rounding_stays_within_half_a_step(classes: int) -> None:
    vectorizer, network, _ = make_network(classes)
    weights = export_weights(network, vectorizer, VECTORS)
    n_terms, factors = len(vectorizer.terms_), np.asarray(weights.term_factors)
    rows = np.asarray(weights.term_rows).reshape(n_terms, -1) * factors
    assert (np.abs(rows - network.coefs_[0][:n_terms]) <= factors * 0.500001).all()
    vectors = np.asarray(weights.vector_rows).reshape(3, -1) * np.asarray(weights.vector_factors)
    assert vectors == pytest.approx(VECTORS.vectors @ network.coefs_[0][n_terms:], abs=float(max(factors)) * 2)
    assert len(weights.output_bias) == classes


def test_folds_never_divide_a_group() -> None:
    targets = make_targets(make_examples(), make_catalogue(), 3)
    groups = np.arange(90) // 2
    folds = make_folds(targets, groups, CONFIG)
    assert sorted(np.concatenate([unseen for _, unseen in folds]).tolist()) == list(range(90))
    assert all(not set(groups[seen]) & set(groups[unseen]) for seen, unseen in folds)


def test_known_shares_come_from_the_other_folds_and_the_vectors() -> None:
    texts = ["call us", "call them", "search them", "12"]
    folds = [(np.array([0, 1]), np.array([2, 3])), (np.array([2, 3]), np.array([0, 1]))]
    shares = known_shares(texts, VECTORS.numbers, folds, min_texts=1)
    assert shares == pytest.approx([0.0, 0.5, 1.0, 0.0])


def test_make_targets() -> None:
    targets = make_targets(make_examples(), make_catalogue(), 3)
    assert (targets.labels, targets.activities) == (("sales", "marketing"), ("cold-outreach", "closing", "seo"))
    assert targets.owners.tolist() == [0, 0, 1]
    assert targets.columns_of(0).tolist() == [0, 1]
    assert np.bincount(targets.label).tolist() == [60, 30]
    assert np.bincount(targets.activity).tolist() == [30, 30, 30]


def test_examples_that_do_not_say_their_activity() -> None:
    rows = [("sales", "closing")] * 3 + [("sales", "cold-outreach")] + [("sales", "")] * 2 + [("marketing", "")] * 2
    targets = make_targets([example("a", *row, 1) for row in rows], make_catalogue(), folds=1)
    assert (targets.labels, targets.activities) == (("sales", "marketing"), ("cold-outreach", "closing", "seo"))
    assert targets.label.tolist() == [0] * 6 + [1] * 2
    assert targets.activity.tolist() == [1, 1, 1, 0, 1, 1, 2, 2]
    assert targets.named.tolist() == [True] * 4 + [False] * 4
    assert targets.goals.tolist() == [[0, 1, 0]] * 3 + [[1, 0, 0]] + [[0.25, 0.75, 0]] * 2 + [[0, 0, 1]] * 2


def test_where_no_example_says_its_activity_all_are_alike() -> None:
    rows = [("sales", "")] * 3 + [("marketing", "")] * 3
    targets = make_targets([example("a", *row, 1) for row in rows], make_catalogue(), folds=3)
    assert targets.activities == ("cold-outreach", "closing", "seo")
    assert targets.activity.tolist() == [0] * 3 + [2] * 3
    assert targets.goals.tolist() == [[0.5, 0.5, 0]] * 3 + [[0, 0, 1]] * 3


def test_without_a_teacher_the_goals_are_the_activities() -> None:
    targets = make_targets(make_examples(), make_catalogue(), 3)
    assert targets.goals.argmax(axis=1).tolist() == targets.activity.tolist()
    assert targets.goals.sum(axis=1).tolist() == [1.0] * 90


TEACHER = SoftLabels(text_keys(["sign it"]), ("closing", "knitting", "seo"), np.array([[51, 100, 153]], dtype=np.uint8))


def test_goals_are_mixed_with_what_the_teacher_says() -> None:
    examples = [example(text, "sales", "closing", 1) for text in ("sign it", "Sign it")] * 3
    examples += [example("rank", "marketing", "seo", 1)] * 3
    texts = [e.text for e in examples]
    goals = mixed_goals(make_targets(examples, make_catalogue(), 3), texts, TEACHER, 0.5)
    assert goals[0] == pytest.approx([0.5 + 0.5 * 51 / 204, 0.5 * 153 / 204])
    assert goals[1].tolist() == [1.0, 0.0]
    assert goals[-1].tolist() == [0.0, 1.0]


def test_a_teacher_has_no_say_in_a_correction() -> None:
    examples = [example("sign it", "sales", "closing", 1)] * 3 + [example("rank", "marketing", "seo", 1)] * 3
    examples[0] = replace(examples[0], style=CORRECTION)
    targets = targets_of(Material(examples, make_catalogue(), VECTORS, teacher=TEACHER), replace(CONFIG, teacher=0.5))
    assert targets.goals[0].tolist() == [1.0, 0.0]
    assert targets.goals[1] == pytest.approx([0.5 + 0.5 * 51 / 204, 0.5 * 153 / 204])


def test_the_network_learns_what_the_goals_say() -> None:
    terms, vectors = csr_matrix(np.ones((400, 1))), np.zeros((400, 1))
    goals = np.tile(np.array([[0.75, 0.25]], dtype=np.float32), (400, 1))
    network = fit_network(terms, vectors, goals, replace(CONFIG, term_dropout=0.0, vector_dropout=0.0))
    assert network.predict_proba(np.array([[1.0, 0.0]]))[0] == pytest.approx([0.75, 0.25], abs=0.02)


def test_soft_labels_are_read_and_refused(tmp_path: Path) -> None:
    path = tmp_path / "soft.npz"
    np.savez(path, keys=TEACHER.keys, activities=np.array(TEACHER.activities), shares=TEACHER.shares)
    read = load_soft_labels(path)
    assert read.activities == TEACHER.activities
    assert read.shares.tolist() == TEACHER.shares.tolist()
    path.write_bytes(b"PK\x03\x04")
    with pytest.raises(DatasetError, match=r"soft\.npz: cannot read the soft labels"):
        load_soft_labels(path)


def test_too_few_examples() -> None:
    examples = [e for e in make_examples() if e.activity != "seo"] + [example("rank", "marketing", "seo", 1)] * 2
    with pytest.raises(DatasetError, match="The activity 'seo' needs at least 3 examples and has 2"):
        make_targets(examples, make_catalogue(), 3)


def test_too_few_examples_that_name_no_activity() -> None:
    examples = [replace(e, activity="") for e in make_examples() if e.label == "sales"][:2]
    with pytest.raises(DatasetError, match="The label 'sales' needs at least 3 examples and has 2"):
        make_targets(examples, make_catalogue(), 3)


def test_a_single_label() -> None:
    examples = [e for e in make_examples() if e.label == "sales"]
    with pytest.raises(DatasetError, match="the same label"):
        make_targets(examples, make_catalogue(), 3)


def test_examples_that_are_all_alike() -> None:
    targets = make_targets(make_examples(), make_catalogue(), 3)
    with pytest.raises(
        DatasetError, match="The examples form 2 groups of near copies; cross-validation needs at least 3"
    ):
        make_folds(targets, np.arange(90) % 2, CONFIG)


QUICK = replace(CONFIG, min_steps=20, epochs=2, averaged=1)


def test_where_no_example_names_its_activity_none_is_measured() -> None:
    examples = [replace(e, activity="") for e in make_examples()]
    result = train(replace(MATERIAL, examples=examples), QUICK)
    assert (result.report.like.activity_top1, result.report.like.activity_top3) == (None, None)
    assert result.model.temperatures.activity == 1.0
    assert not [line for line in plain_report(result.report) if "activity" in line]


def test_only_named_activities_are_measured() -> None:
    rows = [("sales", "closing"), ("sales", "closing"), ("sales", "cold-outreach"), ("sales", ""), ("marketing", "")]
    targets = make_targets([example("a", *row, 1) for row in rows], make_catalogue(), folds=1)
    logits = np.array([[0.0, 3.0, 0.0], [4.0, 1.0, 0.0], [2.0, 0.0, 0.0], [2.0, 0.0, 0.0], [0.0, 0.0, 3.0]])
    scores = _HeldOutScores(logits, np.ones(5))
    assert _measure(scores, make_model(), targets).activity_top1 == pytest.approx(2 / 3)
    named = replace(targets, **{of: getattr(targets, of)[:3] for of in ("label", "activity", "named", "goals")})
    expected = _temperatures(_HeldOutScores(logits[:3], np.ones(3)), named).activity
    assert _temperatures(scores, targets).activity == expected


@pytest.mark.parametrize("n_labels", [2, 12])
def test_labels_that_are_their_own_activities(n_labels: int, tmp_path: Path) -> None:
    slugs = [f"l{n}" for n in range(n_labels)]
    catalogue = parse_definitions({"labels": [{"slug": s, "name": f"Läbel {s}", "text": "T."} for s in slugs]}, "")
    examples = [replace(e, label=slugs[n % n_labels], activity="") for n, e in enumerate(make_examples())]
    result = train(replace(MATERIAL, examples=examples, catalogue=catalogue), QUICK)
    save_model(result.model, tmp_path / "m")
    model = load_model(tmp_path / "m")
    assert model.catalogue == catalogue
    assert model.labels == model.activities == tuple(slugs)
    texts = ["call a stranger", "", "unheard of"]
    for one, of_many in zip(model.predict(texts), model.predict(texts * 30), strict=False):
        assert one.activity == one.label == of_many.label
        assert one.activity_confidence == of_many.activity_confidence == (1.0 if one.label else 0.0)
        assert one.scores == pytest.approx(of_many.scores)
    facts = plain_model(model, "m", "1")
    assert not [line for line in facts if "activity" in line or "unlike" in line]


def test_training_learns(trained: TrainingResult) -> None:
    [first, second, third] = trained.model.predict(["call a stranger", "get the signature", "search rank"])
    assert (first.activity, second.activity, third.activity) == ("cold-outreach", "closing", "seo")
    report = trained.report
    assert report.n_examples == {"sales": 60, "marketing": 30}
    assert report.like.labels.accuracy > 0.9
    assert report.like.activity_top3 == 1.0
    assert report.like.accuracy_ok >= 0.97
    assert report.unlike == report.like
    assert report.ambiguous_unsure is not None
    assert report.ambiguous_unsure >= 1 / 3
    assert trained.model.facts["heldout"]["accuracy"] == round(report.like.labels.accuracy, 4)
    assert trained.model.facts["heldout"]["curve"][-1]["coverage"] == 1.0


def test_whole_origins_are_left_out_where_there_are_enough() -> None:
    # of each origin's phrases the other origins know no word: what was learnt from them says nothing of it
    examples = [replace(e, origin=f"origin {place // 10 % 3}") for place, e in enumerate(make_examples())]
    report = train(replace(MATERIAL, examples=examples), CONFIG).report
    assert report.unlike.labels.log_loss > report.like.labels.log_loss + 0.01
    assert report.unlike.labels.n == report.like.labels.n == 90


def test_scikit_learn_says_the_same(trained: TrainingResult) -> None:
    texts = [*(e.text for e in make_examples()), "search call rank", "unheard of", "12 %"]
    # a high temperature keeps all probabilities far from 0 and 1, where differences would not show
    model = replace(trained.model, temperatures=Temperatures(50.0, 1.0))
    probabilities = model.predict_proba(texts)
    assert 0.1 < probabilities.min() < probabilities.max() < 0.9
    assert parity(model, trained.pipeline, texts) < 1e-9
    assert parity(model, trained.pipeline, ["12 %"]) == 0.0


def test_a_model_that_scikit_learn_contradicts_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("smclassify.training.train.parity", lambda *_: 1e-5)
    with pytest.raises(RuntimeError, match="differ"):
        train(MATERIAL, CONFIG)


def test_training_twice_gives_the_same_bytes(trained: TrainingResult, tmp_path: Path) -> None:
    steps: list[str] = []
    again = train(MATERIAL, CONFIG, steps.append)
    for name, result in (("one", trained), ("two", again)):
        save_model(result.model, tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert steps[0] == "Grouping near copies"


def test_a_trained_model_can_be_saved_and_loaded(trained: TrainingResult, tmp_path: Path) -> None:
    save_model(trained.model, tmp_path / "m")
    loaded = load_model(tmp_path / "m")
    texts = [e.text for e in make_examples()]
    assert loaded.predict(texts) == trained.model.predict(texts)
    assert loaded.facts == trained.model.facts


def test_the_pipeline_can_be_saved_for_a_notebook(trained: TrainingResult, tmp_path: Path) -> None:
    path = tmp_path / "pipeline.joblib"
    save_pipeline(trained.pipeline, path)
    pipeline = joblib.load(path)
    assert pipeline.predict(["search rank"]).tolist() == [2]
