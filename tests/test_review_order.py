from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smclassify.predictions import EMPTY, OK, UNSURE, PredictionTable
from smclassify.review_order import Candidate, ask_order, least_sure
from smclassify.tables.values import Chunk

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smclassify.model import Model

Row = tuple[str, float, int]
"""Text, probability of the first of two labels, status."""


def predicted(*rows: Row) -> tuple[Chunk, PredictionTable]:
    texts, first, status = [row[0] for row in rows], np.array([row[1] for row in rows]), [row[2] for row in rows]
    none, zeros = np.zeros(len(rows), dtype=np.int64), np.zeros(len(rows))
    both, source = np.column_stack((first, 1 - first)), np.zeros(len(rows), dtype=np.int8)
    table = PredictionTable(none, none, np.array(status), zeros, zeros, both, zeros, source)
    return Chunk(texts, range(1, len(rows) + 1)), table


def texts_of(candidates: Sequence[Candidate]) -> list[str]:
    return [candidate.text for candidate in candidates]


@pytest.mark.parametrize(
    ("rows", "texts"),
    [
        pytest.param([("a", 0.9, OK), ("b", 0.6, OK), ("c", 0.3, OK)], ["b", "c", "a"], id="smallest margin first"),
        pytest.param([("a", 0.5, OK), ("b", 1.0, UNSURE)], ["b", "a"], id="unsure before ok"),
        pytest.param([("a", 0.6, OK), ("b", 0.4, OK), ("c", 0.6, OK)], ["a", "b", "c"], id="equals as they come"),
        pytest.param([("a", 0.6, OK), ("b", 0.7, OK), ("a", 0.6, OK)], ["a", "b"], id="repeats once"),
        pytest.param([("", 0.5, EMPTY), (" ", 0.5, EMPTY), ("a", 0.9, OK)], ["a"], id="empty never"),
        pytest.param([("known", 0.5, UNSURE), ("a", 0.9, OK)], ["a"], id="answered not again"),
        pytest.param([("\ud800", 0.5, UNSURE), ("a", 0.9, OK)], ["a"], id="half a surrogate pair"),
        pytest.param([("nul\0call", 0.5, UNSURE), ("a", 0.9, OK)], ["a"], id="a NUL"),
        pytest.param([], [], id="nothing"),
    ],
)
def test_who_is_least_sure(rows: list[Row], texts: list[str]) -> None:
    assert texts_of(least_sure([predicted(*rows)] if rows else [], {"known"})) == texts


def test_what_a_candidate_knows() -> None:
    [candidate] = least_sure([predicted(("a", 0.7, UNSURE))], set())
    assert candidate == Candidate("a", 0.6, is_unsure=True)


@given(
    st.permutations("abcdefghij" * 2),
    st.lists(st.sampled_from([OK, UNSURE, EMPTY]), min_size=10, max_size=10),
    st.integers(1, 4),
    st.integers(1, 7),
)
def test_a_stream_gives_what_all_at_once_gives(texts: list[str], statuses: list[int], most: int, size: int) -> None:
    # a text has one probability and one status wherever it stands
    sure = {letter: 0.5 + place / 40 for place, letter in enumerate("abcdefghij")}
    status = dict(zip("abcdefghij", statuses, strict=True))
    rows: list[Row] = [(letter, sure[letter], status[letter]) for letter in texts]
    chunks = [predicted(*rows[start : start + size]) for start in range(0, len(rows), size)]
    wanted = sorted(
        {letter for letter in status if status[letter] != EMPTY}, key=lambda x: (status[x] != UNSURE, sure[x])
    )
    assert texts_of(least_sure(chunks, set(), most)) == wanted[:most]


def test_memory_is_bounded(model: Model) -> None:
    import tracemalloc

    def stream(n_rows: int) -> int:
        texts = [[f"call {place} {at}" for place in range(100)] for at in range(n_rows // 100)]
        tracemalloc.start()
        chunks = ((Chunk(part, range(100)), model.predict_table(part)) for part in texts)
        assert len(least_sure(chunks, set(), 50)) == 50
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    stream(1000)
    assert stream(10_000) < 1.5 * stream(1000)


def candidates(*rows: tuple[str, float]) -> list[Candidate]:
    return [Candidate(text, uncertainty, is_unsure=True) for text, uncertainty in rows]


@pytest.mark.parametrize(
    ("rows", "texts"),
    [
        pytest.param([("a", 0.5), ("b", 0.7)], ["b", "a"], id="least sure first"),
        # 0.8 less a half for "a b" next to "a", against 0.5 less nothing for "c"
        pytest.param([("a", 0.9), ("a b", 0.8), ("c", 0.5)], ["a", "c", "a b"], id="unlike before alike"),
        # 0.8 less a third for "a b c" next to "a" is 0.4667
        pytest.param([("a", 0.9), ("a b c", 0.8), ("d", 0.46)], ["a", "a b c", "d"], id="Jaccard, just alike enough"),
        pytest.param([("a", 0.9), ("a b c", 0.8), ("d", 0.47)], ["a", "d", "a b c"], id="Jaccard, just too alike"),
        pytest.param([("Call!", 0.9), ("call", 0.9), ("x", 0.1)], ["Call!", "x", "call"], id="words, not characters"),
        pytest.param([("a", 0.5), ("b", 0.5), ("c", 0.5)], ["a", "b", "c"], id="equals as they come"),
        pytest.param([("!", 0.5), ("!!", 0.6)], ["!!", "!"], id="no words"),
        pytest.param([("a a a b", 0.9), ("b", 0.8), ("c", 0.35)], ["a a a b", "c", "b"], id="repeated words"),
        pytest.param([], [], id="nothing"),
    ],
)
def test_no_two_alike(rows: list[tuple[str, float]], texts: list[str]) -> None:
    assert texts_of(ask_order(candidates(*rows))) == texts


def test_similarity_is_to_the_nearest_asked_before() -> None:
    rows = candidates(("a", 0.9), ("b", 0.89), ("a c", 0.8), ("d", 0.5))
    assert texts_of(ask_order(rows)) == ["a", "b", "d", "a c"]


def test_unsure_ones_come_first_and_count_for_the_others() -> None:
    rows = [Candidate(*row) for row in (("a", 0.1, True), ("a b", 0.9, False), ("c", 0.5, False))]
    assert texts_of(ask_order(rows)) == ["a", "c", "a b"]


@given(st.lists(st.tuples(st.text("ab ", max_size=6), st.floats(0, 1), st.booleans()), unique_by=lambda row: row[0]))
def test_all_are_asked_once(rows: list[tuple[str, float, bool]]) -> None:
    given_ones = [Candidate(*row) for row in rows]
    order = ask_order(given_ones)
    assert sorted(texts_of(order)) == sorted(texts_of(given_ones))
    assert [candidate.is_unsure for candidate in order] == sorted((row[2] for row in rows), reverse=True)
    assert order == ask_order(given_ones)
