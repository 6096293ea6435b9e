from __future__ import annotations

import numpy as np
import pytest
from conftest import make_model
from hypothesis import given
from hypothesis import strategies as st

from smclassify.word_rows import WordRows, sum_rows


@given(st.lists(st.lists(st.integers(0, 4), max_size=6), max_size=6))
def test_sum_rows(groups: list[list[int]]) -> None:
    rows = np.arange(10, dtype=np.int8).reshape(5, 2) * 14
    chosen = np.array([place for group in groups for place in group], dtype=np.int64)
    counts = np.array([len(group) for group in groups], dtype=np.int64)
    sums = sum_rows(rows, chosen, counts, np.dtype(np.int32))
    assert sums.tolist() == [[14 * sum(2 * place + unit for place in group) for unit in (0, 1)] for group in groups]


def test_rows_of_words() -> None:
    numbers, rows = WordRows(make_model().weights).of_words(["call", "webcall", "ranking", "<number>", "web"])
    assert len(numbers) == 5
    assert rows == pytest.approx(
        np.array(
            [
                [1, 0, 0, 1, 1, 1],  # a term
                [0.5, 0, 0.5, 1, 1, 0],  # the mean of two vectors
                [0, 0, 0, 1, 1, 0],
                [0, 0, 0, 1, 0, 0],
                [0, 0, 1, 1, 1, 1],  # a vector
            ]
        )
    )
