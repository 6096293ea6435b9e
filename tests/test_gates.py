from __future__ import annotations

import pytest
from test_assessment import LABELS, collected, make_answers

from smclassify.errors import UsageError
from smclassify.training.gates import Gate, missed_gates, parse_gates
from smclassify.training.measure import assess

GATES = [
    pytest.param("accuracy=0.9", [Gate("accuracy", 0.9)], id="one"),
    pytest.param(" macro_f1 = 1 ,sales.f1=.5", [Gate("macro_f1", 1.0), Gate("sales.f1", 0.5)], id="two, with space"),
    pytest.param("n=1e3,log_loss=1.5", [Gate("n", 1000.0), Gate("log_loss", 1.5)], id="no shares"),
    pytest.param("marketing.support=20", [Gate("marketing.support", 20.0)], id="rows of a label"),
    pytest.param("accuracy=0.9,accuracy=0.8", [Gate("accuracy", 0.9), Gate("accuracy", 0.8)], id="twice"),
]


@pytest.mark.parametrize(("text", "gates"), GATES)
def test_parse_gates(text: str, gates: list[Gate]) -> None:
    assert parse_gates(text, LABELS) == tuple(gates)


BAD = [
    pytest.param("", "there is no figure ''", id="nothing"),
    pytest.param("acuracy=0.9", "there is no figure 'acuracy'", id="misspelt"),
    pytest.param("accuracy=0.9,", "there is no figure ''", id="comma at the end"),
    pytest.param("other.f1=0.9", "there is no figure 'other.f1'", id="label of another model"),
    pytest.param("0.9", "there is no figure '0.9'", id="number only"),
    pytest.param("accuracy", "'' is no number for accuracy", id="name only"),
    pytest.param("accuracy=high", "'high' is no number for accuracy", id="word"),
    pytest.param("accuracy=0.9=1", "'0.9=1' is no number for accuracy", id="two signs"),
    pytest.param("accuracy=92", "accuracy is compared with a number from 0 to 1, not 92", id="percent"),
    pytest.param("sales.f1=2", "sales.f1 is compared with a number from 0 to 1, not 2", id="share of a label"),
    pytest.param("accuracy=nan", "from 0 to 1, not nan", id="nan"),
    pytest.param("n=inf", "n is compared with a number that is not negative, not inf", id="infinite"),
    pytest.param("log_loss=-1", "that is not negative, not -1", id="negative"),
]


@pytest.mark.parametrize(("text", "message"), BAD)
def test_bad_gates(text: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_gates(text, LABELS)
    assert message in caught.value.message
    for name in ("accuracy_low", "n_seen", "marketing.precision"):
        assert name in caught.value.tip


MISSED = [
    pytest.param("accuracy=0.75", [], id="just reached"),
    pytest.param("accuracy=0.7501", ["accuracy is 0.75, under 0.7501"], id="just missed"),
    pytest.param("n=5,coverage=1", ["n is 4, under 5"], id="too few rows"),
    pytest.param("sales.recall=1,marketing.recall=1", ["marketing.recall is 0.666667, under 1"], id="one of two"),
    pytest.param(
        "log_loss=0.1,brier=0", ["log_loss is 0.400367, over 0.1", "brier is 0.25, over 0"], id="less is more"
    ),
    pytest.param("log_loss=0.41,brier=0.25,ece=1", [], id="not over"),
    pytest.param("n_blank=1,n_unlabelled=3", ["n_blank is 2, over 1"], id="rows left out"),
    pytest.param("n_seen=9", ["n_seen could not be measured, and 9 was asked for"], id="unknown whether seen"),
    pytest.param("activity_top1=0", ["activity_top1 could not be measured, and 0 was asked for"], id="no activities"),
]


@pytest.mark.parametrize(("text", "lines"), MISSED)
def test_missed_gates(text: str, lines: list[str]) -> None:
    # the probabilities of the truth are 0.9, 0.4, 0.7 and 0.8, those of the other label the rest
    answers = make_answers([0, 1, 1, 1], [0.9, 0.6, 0.3, 0.2])
    assessment = assess(collected(answers, [0] * 4, ("",)), LABELS)
    assert missed_gates(parse_gates(text, LABELS), assessment) == lines
