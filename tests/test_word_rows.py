from __future__ import annotations

from array import array
from unittest.mock import patch

import numpy as np
import pytest
from conftest import make_model
from hypothesis import given
from hypothesis import strategies as st

from smclassify.word_rows import WordRows, _Table, sum_rows


@pytest.mark.parametrize(("steps", "added"), [(1, 1), (2, 3), (100, 100)])
@given(groups=st.lists(st.lists(st.integers(0, 4), max_size=6), max_size=6))
def test_sum_rows(groups: list[list[int]], steps: int, added: int) -> None:
    rows = np.arange(10, dtype=np.int8).reshape(5, 2) * 14
    chosen = np.array([place for group in groups for place in group], dtype=np.int64)
    counts = np.array([len(group) for group in groups], dtype=np.int64)
    with patch.multiple("smclassify.word_rows", _MOST_STEPS=steps, _ADDED_AT_ONCE=added):
        sums = sum_rows(rows, chosen, counts, np.dtype(np.int32))
    assert sums.tolist() == [[14 * sum(2 * place + unit for place in group) for unit in (0, 1)] for group in groups]


def test_rows_of_words() -> None:
    numbers, rows = WordRows(make_model().weights).of_words(["call", "webcall", "ranking", "<number>", "web", "webby"])
    assert len(numbers) == 6
    assert rows == pytest.approx(
        np.array(
            [
                [1, 0, 0, 1, 1, 1],  # a term
                [0.5, 0, 0.5, 1, 1, 0],  # the mean of two vectors
                [0, 0, 0, 1, 1, 0],
                [0, 0, 0, 1, 0, 0],
                [0, 0, 1, 1, 1, 1],  # a vector
                [0, 0, 1, 1, 1, 0],  # the only piece
            ]
        )
    )


@given(st.sets(st.integers(0, 40) | st.integers(2**32 - 40, 2**32 - 1), min_size=1, max_size=20))
def test_numbers_in_a_table(numbers: set[int]) -> None:
    known = sorted(numbers)
    rows = memoryview(array("b", range(len(known))))
    table = _Table(memoryview(array("I", known)), rows, memoryview(array("d", [1.0])))
    wanted = [number for start in (0, 2**32 - 41) for number in range(start, start + 41)]
    positions, found = table.find(np.array(wanted, dtype=np.uint32))
    assert [wanted[position] for position in positions] == [known[row] for row in found] == known
