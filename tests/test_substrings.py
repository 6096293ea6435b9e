from __future__ import annotations

from zlib import crc32

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smclassify.substrings import joined, numbers_of_grams, numbers_of_pieces
from smclassify.text import MAX_GRAM, MIN_GRAM, gram_numbers, piece_number, pieces, word_number

WORDS = st.lists(st.text("abé中", min_size=1, max_size=9), max_size=5)


def test_joined() -> None:
    content, sizes, left = joined(["ab", "é"])
    assert content.tobytes() == b"ab\xc3\xa9"
    assert (sizes.tolist(), left.tolist()) == ([2, 2], [2, 1, 2, 1])


@pytest.mark.parametrize("n", [1, 4])
def test_numbers_of_grams(n: int) -> None:
    content = np.frombuffer(b"^cold$", dtype=np.uint8)
    numbers = [crc32(b"^cold$"[start : start + n], n) for start in range(7 - n)]
    assert numbers_of_grams(content, n).tolist() == numbers


@given(st.text(max_size=20))
def test_grams_are_those_of_one_word(word: str) -> None:
    word = f"x{word}".encode(errors="ignore").decode()
    content, _, _ = joined([f"^{word}$"])
    grams = [numbers_of_grams(content, n) for n in range(MIN_GRAM, MAX_GRAM + 1)]
    assert np.concatenate(grams).tolist() == gram_numbers(word)


@given(WORDS, st.lists(st.text("abé中", min_size=1, max_size=4), max_size=8))
def test_pieces_are_those_of_one_word(words: list[str], vocabulary: list[str]) -> None:
    known = {number(piece) for piece in vocabulary for number in (word_number, piece_number)}
    alone = [pieces(word, known.__contains__) for word in words]
    counts, numbers = numbers_of_pieces(
        words, lambda wanted: np.flatnonzero(np.isin(wanted, np.array(list(known), dtype=np.uint32)))
    )
    assert counts.tolist() == [len(of_word) for of_word in alone]
    assert numbers.tolist() == [number for of_word in alone for number in of_word]


def test_a_piece_ends_where_a_character_does() -> None:
    half = crc32(b"\xc3")
    counts, numbers = numbers_of_pieces(["é"], lambda wanted: np.flatnonzero(wanted == half))
    assert (counts.tolist(), numbers.tolist()) == ([0], [])
