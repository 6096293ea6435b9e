from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

import pytest
from comparing import CALL_X, MARKETING, OF_TASKS, RANK, SIGN, TASKS, renamed_model, swapped_model, turned_model
from conftest import make_model
from hypothesis import given
from hypothesis import strategies as st

from smclassify import comparison as module
from smclassify.comparison import Change, Move, compare
from smclassify.model import Thresholds
from smclassify.tables.values import Chunk

if TYPE_CHECKING:
    from collections.abc import Iterator


def chunk_of(texts: list[str], first: int = 2) -> Chunk:
    return Chunk(texts, range(first, first + len(texts)))


def test_a_comparison() -> None:
    assert compare([chunk_of(TASKS)], make_model(), swapped_model()) == OF_TASKS


def test_what_a_change_is() -> None:
    assert [(change.of_label, change.of_status) for change in (RANK, SIGN, CALL_X)] == [
        (True, False), (True, True), (False, True),
    ]  # fmt: skip
    assert RANK.rank == pytest.approx(2 + 0.788058 + 0.576117)
    assert CALL_X.rank == pytest.approx(2 * 0.751745)


def test_the_most_frequent_move_comes_first() -> None:
    found = compare([chunk_of(["rank", "sign", "rank"])], make_model(), swapped_model())
    assert found.labels == (Move("marketing", "sales", 2), Move("sales", "marketing", 1))


def test_rows_that_changed_twice_count_once() -> None:
    found = compare([chunk_of(TASKS)], make_model(), swapped_model())
    assert (found.n_changed, found.n_labels, found.n_statuses) == (4, 3, 3)


def test_a_surer_disagreement_is_worse_and_of_equal_ones_the_earlier() -> None:
    texts = ["sign x", "rank", "sign", "rank x"]
    found = compare([chunk_of(texts)], make_model(thresholds=Thresholds(0, 0, 0)), swapped_model())
    assert [change.line for change in found.changes] == [3, 4, 2, 5]
    sums = [round(change.before.confidence + change.after.confidence, 3) for change in found.changes]
    assert sums == [1.364, 1.364, 1.255, 1.255]


@pytest.mark.parametrize(
    ("limit", "lines"), [(1, [3]), (2, [3, 6]), (3, [3, 6, 7]), (4, [3, 6, 7, 5]), (None, [3, 6, 7, 5])]
)
def test_a_limit_keeps_the_worst_and_counts_all(limit: int | None, lines: list[int]) -> None:
    whole = compare([chunk_of(TASKS)], make_model(), swapped_model(), None)
    found = compare([chunk_of(TASKS)], make_model(), swapped_model(), limit)
    assert [change.line for change in found.changes] == lines
    assert replace(found, changes=()) == replace(whole, changes=())


def test_blank_lines_are_no_rows() -> None:
    chunk = replace(chunk_of(["", "sign", ""]), blanks=frozenset({0}))
    found = compare([chunk], make_model(), swapped_model())
    assert (found.n_rows, found.n_changed, found.statuses[1:]) == (2, 1, (Move("empty", "empty", 1),))


def test_labels_are_the_same_if_their_slugs_are() -> None:
    found = compare([chunk_of(TASKS)], make_model(), turned_model())
    assert (found.n_rows, found.n_changed, found.only_before, found.only_after) == (7, 0, (), ())
    assert found.labels == (Move("sales", "sales", 5), Move("marketing", "marketing", 1))


def test_labels_of_one_model_only() -> None:
    found = compare([chunk_of(TASKS)], make_model(), renamed_model())
    assert (found.only_before, found.only_after) == (("marketing",), ("promotion",))
    assert found.changes == (Change(3, "rank", MARKETING, replace(MARKETING, label="promotion")),)
    back = compare([chunk_of(TASKS)], renamed_model(), make_model())
    assert (back.only_before, back.only_after) == (("promotion",), ("marketing",))
    assert back.labels == (Move("sales", "sales", 5), Move("promotion", "marketing", 1))


def test_a_row_that_never_ends_is_told() -> None:
    chunks = [replace(chunk_of(["call"]), unclosed=2), chunk_of(["call"], 3)]
    assert compare(chunks, make_model(), make_model()).unclosed_line == 2


def test_progress() -> None:
    told: list[int] = []
    compare([chunk_of(["call", ""]), chunk_of(["x"], 4)], make_model(), make_model(), on_chunk=told.append)
    assert told == [2, 1]


def test_no_more_is_kept_than_asked_for() -> None:
    tally = module._Tally(make_model(), swapped_model(), 3)
    for _ in range(3):
        texts = ["sign"] * 50
        tally.add(chunk_of(texts), make_model().predict_table(texts), swapped_model().predict_table(texts))
        assert len(tally._changes) == 3
    assert tally.comparison().n_changed == 150


@given(
    st.lists(st.lists(st.sampled_from(["call", "sign", "rank", "off", "web", "x", " "]), max_size=3).map(" ".join)),
    st.integers(1, 6),
    st.integers(1, 5),
)
def test_what_is_found_is_what_the_predictions_say(texts: list[str], limit: int, n_per_chunk: int) -> None:
    before, after = make_model(), swapped_model()
    found = compare(_cut(texts, n_per_chunk), before, after, limit)
    pairs = list(zip(before.predict(texts), after.predict(texts), strict=True))
    changed = [line for line, (a, b) in enumerate(pairs, 2) if (a.label, a.status) != (b.label, b.status)]
    assert (found.n_rows, found.n_changed) == (len(texts), len(changed))
    assert found.n_labels == sum(a.label != b.label for a, b in pairs)
    assert found.n_statuses == sum(a.status != b.status for a, b in pairs)

    def worst(line: int) -> tuple[bool, float]:
        a, b = pairs[line - 2]
        return a.label != b.label, round(a.confidence, 6) + round(b.confidence, 6)

    assert [change.line for change in found.changes] == sorted(changed, key=worst, reverse=True)[:limit]


def _cut(texts: list[str], size: int) -> Iterator[Chunk]:
    rest, first = iter(texts), 2
    while part := list(islice(rest, size)):
        yield chunk_of(part, first)
        first += len(part)
