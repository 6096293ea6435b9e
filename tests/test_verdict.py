from __future__ import annotations

import numpy as np
import pytest

from smclassify.training.verdict import Compared, Comparison, compare


def said(n: int, wrong: int) -> np.ndarray:
    """Return what somebody says of n texts with the label 0, the first so many of them wrongly."""
    return (np.arange(n) < wrong).astype(np.int64)


def test_figures_by_hand() -> None:
    truth, old, new = np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1]), np.array([0, 0, 0, 1])
    comparison = compare(truth, old, new, 2)
    assert (comparison.n, comparison.accuracy.old, comparison.accuracy.new) == (4, 0.75, 0.75)
    assert comparison.macro_f1.old == pytest.approx((2 / 3 + 4 / 5) / 2)
    assert comparison.macro_f1.new == pytest.approx((4 / 5 + 2 / 3) / 2)
    # of four texts one is lost and one won: in 9 of 256 draws, over 2.5 %, three more are lost than won
    assert (comparison.accuracy.low, comparison.accuracy.high) == (-0.75, 0.75)


def test_equal_answers_do_not_differ_in_any_draw() -> None:
    truth = np.arange(30) % 3
    assert compare(truth, said(30, 7), said(30, 7), 3).accuracy == Compared(
        old=float((said(30, 7) == truth).mean()), new=float((said(30, 7) == truth).mean()), low=0.0, high=0.0
    )


def test_the_interval_is_that_of_paired_differences() -> None:
    # 300 of 10,000 texts lost and 200 won: the standard error of the difference is sqrt(500 - 100**2 / 10000) / 10000
    truth = np.zeros(10_000, dtype=np.int64)
    new = said(10_000, 300)
    old = np.roll(said(10_000, 200), 5_000)
    accuracy = compare(truth, old, new, 2).accuracy
    assert accuracy.new - accuracy.old == pytest.approx(-0.01)
    error = np.sqrt(500 - 1) / 10_000
    assert accuracy.low == pytest.approx(-0.01 - 1.96 * error, abs=0.1 * error)
    assert accuracy.high == pytest.approx(-0.01 + 1.96 * error, abs=0.1 * error)


VERDICTS = [
    pytest.param(Compared(0.9, 0.9, 0.0, 0.0), True, id="equal"),
    pytest.param(Compared(0.9, 0.95, 0.04, 0.06), True, id="better"),
    pytest.param(Compared(0.9, 0.896, -0.01, 0.001), True, id="a little lower, perhaps by chance"),
    pytest.param(Compared(0.9, 0.898, -0.003, -0.001), False, id="a little lower, not by chance"),
    pytest.param(Compared(0.9, 0.89, -0.03, 0.01), False, id="much lower, perhaps by chance"),
    pytest.param(Compared(0.9, 0.8, -0.15, -0.05), False, id="much lower, not by chance"),
]


@pytest.mark.parametrize(("accuracy", "passed"), VERDICTS)
def test_the_rule(accuracy: Compared, passed: bool) -> None:
    assert Comparison(100, accuracy, Compared(0.9, 0.1, -0.9, -0.7)).passed is passed


def test_the_limit_itself_is_worse() -> None:
    assert not Comparison(100, Compared(Comparison.most_lost, 0.0, -1, 1), Compared(0, 0, 0, 0)).passed
