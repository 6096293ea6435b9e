from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smclassify.text import analyze
from smclassify.tokens import END, END_ID, UNKNOWN, TokenTable, keys_of_words, tokenize

SNIPPETS = [
    "Cold call",
    "a@b.de",
    "see www.x.y/z, or http://a, http://, www.",
    "a@b. a@b.. a@b.c. dogs' x!) (x).",
    "WWW.a",
    "12:30 1,000",
    "it's R&D",
    "2\n3",
    "x" * 50 + "'s",
    "%$#@?",
    "\0 a\0",
    "\x1c\x85\u00a0\u2003.",
    "\ud800 \ud83c\udfaf \U0001f3af",
    "冷電話" * 20,
    "",
]


@given(st.lists(st.lists(st.text(max_size=20) | st.sampled_from(SNIPPETS)).map("".join), max_size=8))
def test_the_words_of_tokens_are_those_of_the_texts(texts: list[str]) -> None:
    tokens = tokenize(texts)
    parts: list[list[str]] = []
    for place, (start, end) in enumerate(zip(tokens.starts.tolist(), tokens.ends.tolist(), strict=True)):
        if tokens.content[start:end] == END:
            parts.append([])
        else:
            parts[-1] += analyze(tokens.written([place])[0])
    assert parts == [*map(analyze, texts), []]


@given(st.lists(st.text(alphabet="ab\u00e9\0\x01", min_size=1, max_size=4).map(lambda text: text * 20)))
def test_a_key_stands_for_one_token(texts: list[str]) -> None:
    texts += [text[:length] for text in texts for length in (1, 3, 7, 8, 9, 16, 17, 63, 64, 65)]
    folded = [text.replace("\0", "\x01") for text in texts]
    keys = keys_of_words(texts).tolist()
    assert len(keys) == len(texts)
    assert len(set(keys)) == len(set(folded)) == len(set(zip(folded, keys, strict=True)))


def test_case_and_digits_make_no_other_token() -> None:
    assert keys_of_words(["Call", "Q3-Ab", "1,000"]).tolist() == keys_of_words(["cALL", "q9-aB", "7,314"]).tolist()


def keys(*numbers: int) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    return np.array(numbers, dtype=np.uint64)


def test_ids_of_tokens() -> None:
    table = TokenTable(8)
    assert table.find(keys(END[0], 5, 6)).tolist() == [END_ID, UNKNOWN, UNKNOWN]
    ids = table.add(keys(5, 6))
    assert table.find(keys(6, 7, 5)).tolist() == [ids[1], UNKNOWN, ids[0]]


def test_many_tokens_make_the_table_grow() -> None:
    table, many = TokenTable(2), keys(*range(1000, 2000))
    ids = table.add(many)
    assert table.find(many).tolist() == ids.tolist()
    assert len(set(ids.tolist())) == 1000
    assert table.size == 1024


def test_what_was_not_met_for_longest_is_forgotten() -> None:
    table = TokenTable(16)
    for number in range(15):
        table.begin()
        assert table.make_room(1)
        table.add(keys(1000 + number))
    table.begin()
    table.find(keys(1001))
    assert table.make_room(1)
    found = table.find(keys(END[0], *range(1000, 1015)))
    assert (found == UNKNOWN).nonzero()[0].tolist() == [1, 3]
    assert table.size == 16


def test_as_many_are_forgotten_as_there_must_be_room_for() -> None:
    table = TokenTable(16)
    for number in range(15):
        table.begin()
        table.add(keys(1000 + number))
    table.begin()
    table.find(keys(1003))
    assert table.make_room(14)
    assert (table.find(keys(*range(1000, 1015))) != UNKNOWN).nonzero()[0].tolist() == [3]
    table.add(keys(*range(2000, 2014)))
    assert table.size == 16


def test_what_was_met_in_a_round_is_not_forgotten_in_it() -> None:
    table = TokenTable(8)
    table.begin()
    ids = table.add(keys(*range(1000, 1004)))
    table.begin()
    table.find(keys(1001, 1002))
    for count, room in ((6, False), (5, True), (1, True)):
        assert table.make_room(count) is room
    assert table.find(keys(1001, 1002)).tolist() == ids[1:3].tolist()
    assert table.find(keys(1000, 1003)).tolist() == [UNKNOWN, UNKNOWN]


def test_forgotten_tokens_make_room_for_others() -> None:
    table = TokenTable(16)
    for number in range(200):
        table.begin()
        table.make_room(1)
        table.add(keys(1000 + number))
        assert table.size == 16
    found = table.find(keys(*range(1000, 1200)))
    assert (found != UNKNOWN).nonzero()[0].tolist() == list(range(200 - (found != UNKNOWN).sum(), 200))
    assert (found != UNKNOWN).sum() >= 12


@pytest.mark.parametrize("size", [1, 4, 64])
def test_ids_are_unique_however_often_tokens_are_forgotten(size: int) -> None:
    table = TokenTable(size)
    for start in range(0, 500, 7):
        table.begin()
        some = keys(*range(1 + start, 30 + start))
        some = some[some != END[0]]
        new = some[table.find(some) == UNKNOWN]
        table.make_room(len(new))
        table.add(new)
        ids = table.find(some).tolist()
        assert UNKNOWN not in ids
        assert len({END_ID, *ids}) == len(ids) + 1
    assert table.find(keys(END[0])).tolist() == [END_ID]
