from __future__ import annotations

from array import array
from csv import DictReader
from math import exp, log, sqrt
from string import ascii_lowercase
from threading import Thread
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT, make_model
from hypothesis import given
from hypothesis import strategies as st

from smclassify.artifact import load_model
from smclassify.batch_scoring import BatchScorer
from smclassify.model import STATUSES, Model, Prediction, Temperatures, Thresholds
from smclassify.predictions import EMPTY, OK, UNSURE
from smclassify.weights import score

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from smclassify.model import Status
    from smclassify.tokens import Keys


def test_logits_of_one_word_by_hand(model: Model) -> None:
    scores = score(model.weights, "call")
    assert scores.logits == [1.0, 0.0, 0.0]
    assert (scores.n_words, scores.known) == (1, 1.0)


def test_logits_of_two_words_by_hand(model: Model) -> None:
    assert score(model.weights, "call rank").logits == pytest.approx([1 / sqrt(2), 0.0, 1 / sqrt(2)])


def test_a_pair_and_an_end_count_like_a_word(model: Model) -> None:
    assert score(model.weights, "sign call").logits == pytest.approx([1 / sqrt(2)] * 3)
    assert score(model.weights, "call sign").logits == pytest.approx([1 / sqrt(2), 1 / sqrt(2), 0.0])
    assert score(model.weights, "sign off").logits == pytest.approx([0.0, 2 / sqrt(2), 0.0])
    assert score(model.weights, "off sign").logits == pytest.approx([0.0, 1 / sqrt(2), 0.0])


def test_a_vector_counts_like_a_term(model: Model) -> None:
    assert score(model.weights, "web").logits == [0.0, 0.0, 1.0]


def test_pieces_of_a_word_share_its_weight(model: Model) -> None:
    assert score(model.weights, "webcall").logits == [0.5, 0.0, 0.5]
    assert score(model.weights, "webcallx").logits == [0.5, 0.0, 0.5]
    assert score(model.weights, "xwebcall").logits == [0.0, 0.0, 0.0]


def test_hidden_units_are_never_negative() -> None:
    model = make_model()
    object.__setattr__(model.weights, "hidden_bias", memoryview(array("d", [-2.0, 0.5, 0.0])))
    assert score(model.weights, "call").logits == [0.0, 0.5, 0.0]


def test_share_of_known_words_leaves_numbers_and_signs_out(model: Model) -> None:
    assert score(model.weights, "call 12 % unheard").known == 0.5
    assert score(model.weights, "web unheard").known == 0.5
    assert score(model.weights, "webcall").known == 0.0
    assert score(model.weights, "12 %").known == 0.0


def test_a_prediction_by_hand(model: Model) -> None:
    [prediction] = model.predict(["Sign!"])
    assert prediction.text == "Sign!"
    assert prediction.label == "sales"
    # the odds of sales are those of its two activities together
    assert prediction.confidence == pytest.approx((exp(1) + 1) / (exp(1) + 2))
    assert prediction.scores == pytest.approx({"sales": (exp(1) + 1) / (exp(1) + 2), "marketing": 1 / (exp(1) + 2)})
    assert prediction.activity == "closing"
    assert prediction.activity_confidence == pytest.approx(exp(1) / (exp(1) + 1))
    assert prediction.definition is model.catalogue.activities["closing"]
    assert prediction.label_definition is model.catalogue.labels["sales"]
    assert prediction.status == "ok"


def test_temperatures_by_hand() -> None:
    [prediction] = make_model(temperatures=Temperatures(label=2.0, activity=4.0)).predict(["sign"])
    odds = sqrt(exp(1) + 1)
    assert prediction.confidence == pytest.approx(odds / (odds + 1))
    assert prediction.activity_confidence == pytest.approx(exp(1 / 4) / (exp(1 / 4) + 1))


def test_the_activity_is_one_of_the_label(model: Model) -> None:
    [prediction] = model.predict(["rank"])
    assert (prediction.label, prediction.activity, prediction.activity_confidence) == ("marketing", "seo", 1.0)


BLANK = [pytest.param(text, id=ascii(text)) for text in ("", "  ", "\t\n", "\u200b", "\ufeff", "\u00a0")]


@pytest.mark.parametrize("text", BLANK)
def test_blank_text_has_no_label(model: Model, text: str) -> None:
    nothing = Prediction(text, None, 0.0, "empty", {}, None, 0.0, None, None, None)
    assert model.predict([text]) == [nothing]
    assert model.predict([text] * 65) == [nothing] * 65


P = (exp(1) + 1) / (exp(1) + 2)  # 0.788
LIMITS = [
    pytest.param(Thresholds(P - 0.01, 0.0, 0.0), "ok", id="above all"),
    pytest.param(Thresholds(P + 0.01, 0.0, 0.0), "unsure", id="confidence"),
    pytest.param(Thresholds(0.0, 2 * P - 1 - 0.01, 0.0), "ok", id="margin held"),
    pytest.param(Thresholds(0.0, 2 * P - 1 + 0.01, 0.0), "unsure", id="margin missed"),
    pytest.param(Thresholds(0.0, 0.0, 1.0), "ok", id="known words"),
]


@pytest.mark.parametrize(("thresholds", "status"), LIMITS)
def test_status(thresholds: Thresholds, status: Status) -> None:
    assert make_model(thresholds=thresholds).predict(["call"])[0].status == status


def test_status_of_unknown_words() -> None:
    limits = Thresholds(0.0, 0.0, 0.5)
    statuses = [p.status for p in make_model(thresholds=limits).predict(["call it", "call it a day", "...."])]
    assert statuses == ["ok", "unsure", "unsure"]


def test_predict_proba(model: Model) -> None:
    probabilities = model.predict_proba(["call", "rank", "unheard", ""])
    assert probabilities.dtype == np.float64
    rank = 2 / (exp(1) + 2)
    assert probabilities == pytest.approx(np.array([[P, 1 - P], [rank, 1 - rank], [7 / 12, 5 / 12], [7 / 12, 5 / 12]]))


def test_statuses_stand_where_their_places_say() -> None:
    assert (STATUSES[OK], STATUSES[UNSURE], STATUSES[EMPTY]) == ("ok", "unsure", "empty")


def test_text_without_known_words_is_half_a_guess(model: Model) -> None:
    [alone] = model.predict(["unheard"])
    assert alone.scores == pytest.approx({"sales": (2 / 3 + 1 / 2) / 2, "marketing": (1 / 3 + 1 / 2) / 2})
    assert model.predict(["unheard"] * 100)[0].scores == pytest.approx(alone.scores)


def test_predict_proba_says_what_predict_says() -> None:
    model = make_model(temperatures=Temperatures(label=1.7, activity=1.0))
    texts = ["call", "rank web", "webcall now", "12 %"]
    expected = [[p.scores[label] for label in model.labels] for p in model.predict(texts)]
    assert model.predict_proba(texts) == pytest.approx(np.array(expected))


def test_no_texts(model: Model) -> None:
    assert model.predict([]) == []
    assert model.predict_proba([]).shape == (0, 2)


SNIPPETS = [
    "CALL",
    "Q3",
    "R&D's",
    "a@b.de",
    "www.x.y/z",
    "http://a,",
    "12:30",
    "\0",
    "\x1c",
    "x" * 70,
    "\ud800",
    "\u00a8",
]


@given(
    st.lists(
        st.lists(
            st.text(alphabet="calsignrkweb 1%.é\u200b\n", max_size=30) | st.sampled_from(SNIPPETS) | st.text(max_size=9)
        ).map("".join),
        max_size=12,
    )
)
def test_many_texts_score_as_one(texts: list[str]) -> None:
    model = make_model()
    table = BatchScorer(model.weights).score(texts)
    for place, text in enumerate(texts):
        alone = score(model.weights, text)
        assert table.n_words[place] == alone.n_words
        assert table.known[place] == pytest.approx(alone.known)
        assert table.logits[place] == pytest.approx(alone.logits)


PAIRS = ["sign call", "call sign", "sign off", "off", "off sign", "", "call", "sign call off", "..."]


@pytest.mark.parametrize(
    "texts", [PAIRS, PAIRS[::-1], PAIRS[:1], ["", *PAIRS, ""]], ids=["all", "reversed", "one", "blank ends"]
)
def test_pairs_score_alike_in_any_company(texts: list[str]) -> None:
    model = make_model()
    table = BatchScorer(model.weights).score(texts)
    assert table.logits == pytest.approx(np.array([score(model.weights, text).logits for text in texts]))


@given(st.lists(st.text(max_size=40), min_size=65, max_size=80))
def test_any_text_gets_a_valid_prediction(texts: list[str]) -> None:
    for text, prediction in zip(texts, make_model().predict(texts), strict=True):
        assert prediction.text == text
        if prediction.status == "empty":
            assert prediction.label is None
        else:
            assert sum(prediction.scores.values()) == pytest.approx(1.0)
            assert prediction.confidence == max(prediction.scores.values()) == prediction.scores[prediction.label or ""]


@given(
    st.lists(
        st.text(max_size=40) | st.sampled_from([*PAIRS, "12 %", "call 7", "CALL", "r\u00e4nk"]), min_size=1, max_size=64
    )
)
def test_few_and_many_texts_get_the_same_predictions(texts: list[str]) -> None:
    model = make_model()
    many = model.predict(texts + ["call"] * 65)[: len(texts)]
    for few, among_many in zip(model.predict(texts), many, strict=True):
        assert few.confidence == pytest.approx(among_many.confidence)
        assert few.scores == pytest.approx(among_many.scores)
        assert few.activity_confidence == pytest.approx(among_many.activity_confidence)
        if few.confidence == pytest.approx(0.5) or few.activity_confidence == pytest.approx(0.5):
            continue  # a tie may fall either way in the last digit
        assert (few.label, few.status, few.activity) == (among_many.label, among_many.status, among_many.activity)


@pytest.mark.parametrize("summed", [1, 2, 3, 100])
@pytest.mark.parametrize("looked_up", [1, 4, 5, 100])
def test_the_parts_that_texts_are_done_in_change_nothing(
    model: Model, monkeypatch: pytest.MonkeyPatch, looked_up: int, summed: int
) -> None:
    monkeypatch.setattr("smclassify.batch_scoring._AT_ONCE", looked_up)
    monkeypatch.setattr("smclassify.batch_scoring._SUMMED_AT_ONCE", summed)
    table = model.predict_table(PAIRS)
    predictions = [model.predict([text])[0] for text in PAIRS]
    assert table.confidence == pytest.approx([prediction.confidence for prediction in predictions])
    assert [STATUSES[place] for place in table.status] == [prediction.status for prediction in predictions]
    expected = [[prediction.scores.get(label, 0.0) for label in model.labels] for prediction in predictions]
    filled = [place for place, prediction in enumerate(predictions) if prediction.scores]
    assert table.probabilities[filled] == pytest.approx(np.array(expected)[filled])


def test_the_shipped_model_scores_many_texts_as_each_of_them() -> None:
    with (ROOT / "tests" / "seed_activities.csv").open(newline="", encoding="utf-8") as handle:
        texts = [row["text"] for row in DictReader(handle)]
    texts += [
        "Rückruf bzgl. Ecksofa",
        "pre-sales/QBR prep @ 10:30",
        "x" * 50 + " call",
        "donaudampfschiff quotations",
        "中文 ad",
        "12 units",
        "<number> of units",
    ]
    weights = load_model(ROOT / "models" / "smclassify.safetensors").weights
    together, alone = BatchScorer(weights).score(texts), [score(weights, text) for text in texts]
    assert together.n_words.tolist() == [scores.n_words for scores in alone]
    assert together.known.tolist() == [scores.known for scores in alone]
    assert together.logits == pytest.approx(np.array([scores.logits for scores in alone]), abs=1e-9)


@pytest.mark.parametrize(
    "many",
    [
        pytest.param(lambda texts: pd.Series(texts, index=range(len(texts))[::-1]), id="a series in another order"),
        pytest.param(lambda texts: pd.Series(texts, index=[f"row {place}" for place in range(len(texts))]), id="names"),
        pytest.param(np.array, id="an array"),
        pytest.param(iter, id="an iterator"),
    ],
)
def test_texts_may_come_in_anything_that_can_be_gone_through(
    model: Model, many: Callable[[list[str]], Iterable[str]]
) -> None:
    texts = ["call", "", "rank", "  ", "sign"] * 20
    expected = model.predict_table(texts)
    assert model.predict_table(many(texts)).status.tolist() == expected.status.tolist()
    assert model.predict_proba(many(texts)).tolist() == expected.probabilities.tolist()
    assert [prediction.text for prediction in model.predict(many(texts))] == texts


def test_forgetting_words_changes_nothing(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("smclassify.batch_scoring._MOST_TOKENS", 8)
    monkeypatch.setattr("smclassify.batch_scoring._LEARN_AT_ONCE", 1)
    monkeypatch.setattr("smclassify.batch_scoring._AT_ONCE", 2)
    scorer = BatchScorer(model.weights)
    texts = [
        "call sign",
        "rank, x",
        "other words",
        "here 12%",
        "call-sign off",
        "...",
        "web",
        "web call",
        "sign - call",
    ]
    alone = np.array([score(model.weights, text).logits for text in texts])
    for _ in range(3):
        assert scorer.score(texts).logits == pytest.approx(alone)


@pytest.mark.parametrize("at_once", [4, 5, 1_000])
def test_the_memory_of_a_scorer_does_not_grow(model: Model, monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    monkeypatch.setattr("smclassify.batch_scoring._MOST_TOKENS", 64)
    monkeypatch.setattr("smclassify.batch_scoring._AT_ONCE", at_once)
    scorer = BatchScorer(model.weights)
    texts = [f"{one}{other} web-{other}{one} call" for one in ascii_lowercase for other in ascii_lowercase]
    texts += [f"{one}a/{one}b/{one}{other}_{other}{one}.{one}c{other}" for one in ascii_lowercase for other in "vwxyz"]
    together = scorer.score(texts)
    assert scorer._known.table.size == len(scorer._known.rows) == 64
    alone = [score(model.weights, text) for text in texts]
    assert together.logits == pytest.approx(np.array([scores.logits for scores in alone]))
    assert together.n_words.tolist() == [scores.n_words for scores in alone]


def test_a_text_with_more_words_than_are_kept(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("smclassify.batch_scoring._MOST_TOKENS", 8)
    text = " ".join(f"{one}{other}" for one in ascii_lowercase for other in ascii_lowercase) + " call"
    scorer = BatchScorer(model.weights)
    together = scorer.score(["web", text, "sign"])
    assert scorer._known.table.size == 8
    alone = [score(model.weights, text) for text in ("web", text, "sign")]
    assert together.logits == pytest.approx(np.array([scores.logits for scores in alone]))


def test_a_stopped_scorer_starts_anew(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(known: Any, keys: Keys, *_: object) -> None:  # noqa: ANN401 - private
        known.table.add(keys)
        raise KeyboardInterrupt

    scorer = BatchScorer(model.weights)
    expected = scorer.score(["sign call"]).logits
    with monkeypatch.context() as patch:
        patch.setattr("smclassify.batch_scoring._Known.add", stopped)
        with pytest.raises(KeyboardInterrupt):
            scorer.score(["rank off"])
    assert scorer.score(["sign call"]).logits == pytest.approx(expected)
    assert scorer.score(["rank off"]).logits == pytest.approx(np.array([score(model.weights, "rank off").logits]))


def test_threads_share_a_model(model: Model) -> None:
    expected = model.predict_proba(["call it", "rank it"] * 40)
    wrong: list[int] = []

    def work(number: int) -> None:
        for _ in range(20):
            texts = ["call it", "rank it"] * 40
            model.predict([f"{text} {number}" for text in texts])
            if not np.allclose(model.predict_proba(texts), expected):
                wrong.append(number)

    threads = [Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_certainty_does_not_overflow() -> None:
    model = make_model()
    object.__setattr__(model.weights, "output_bias", memoryview(array("d", [1e4, 0.0, 0.0])))
    assert model.predict(["call"])[0].confidence == 1.0
    assert model.predict_proba(["call"])[0, 0] == 1.0
    assert log(model.predict(["call"])[0].confidence) == 0.0
