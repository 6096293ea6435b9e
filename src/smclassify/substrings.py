"""The n-grams and pieces of many words at once; `text.gram_numbers` and `text.pieces` say the same of one word."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

from smclassify.text import INSIDE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]
    Ints = NDArray[np.int64]
    Numbers = NDArray[np.uint32]
    Positions = Callable[[Numbers], Ints]

_TURNED = np.uint32(0xFFFFFFFF)
_CHANGES = np.array([crc32(bytes([byte ^ 0xFF])) ^ 0xFF000000 for byte in range(256)], dtype=np.uint32)
_BITS_OF_BYTE = np.uint32(8)


def joined(words: Sequence[str]) -> tuple[Bytes, Ints, Ints]:
    """Return the bytes of words without a gap, how many each word has, and how many of its word each byte leads."""
    encoded = [word.encode() for word in words]
    sizes = np.fromiter(map(len, encoded), dtype=np.int64, count=len(encoded))
    content = np.frombuffer(b"".join(encoded), dtype=np.uint8)
    return content, sizes, np.repeat(np.cumsum(sizes), sizes) - np.arange(len(content))


def numbers_of_grams(content: Bytes, n: int) -> Numbers:
    """Return the numbers of the n-grams that start at each byte; fewer than n bytes have none."""
    states = np.full(max(0, len(content) - n + 1), np.uint32(n) ^ _TURNED)
    for place in range(n):
        states = _after(states, content[place : place + len(states)])
    return states ^ _TURNED


def numbers_of_pieces(words: Sequence[str], known: Positions) -> tuple[Ints, Numbers]:
    """Return how many pieces each word has, and the numbers of them all.

    Args:
        words: Words proper, no stand-ins or signs.
        known: Returns the positions of the numbers that are those of known pieces.
    """
    content, sizes, left = joined(words)
    ends = np.cumsum(sizes)
    longest, numbers = _longest_pieces(content, ends - sizes, left, known)
    found: list[tuple[Ints, Numbers]] = []
    owners, places = np.arange(len(words)), ends - sizes
    while len(owners):
        is_known = longest[places] > 0
        owners, places = owners[is_known], places[is_known]
        found.append((owners, numbers[places]))
        places = places + longest[places]
        goes_on = places < ends[owners]
        owners, places = owners[goes_on], places[goes_on]
    if not found:
        return sizes, numbers
    of_word, in_turn = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return np.bincount(of_word, minlength=len(words)), in_turn[np.argsort(of_word, kind="stable")]


def _longest_pieces(content: Bytes, starts: Ints, left: Ints, known: Positions) -> tuple[Ints, Numbers]:
    """Return the size of the longest known piece that starts at each byte, 0 if there is none, and its number."""
    is_boundary = np.append((content & 0xC0) != 0x80, True)
    states = np.full(len(content), np.uint32(INSIDE) ^ _TURNED)
    states[starts] = _TURNED
    longest, numbers = np.zeros(len(content), dtype=np.int64), np.zeros(len(content), dtype=np.uint32)
    places, size = np.arange(len(content)), 0
    while len(places):
        states = _after(states, content.take(places + size))
        size += 1
        so_far = states ^ _TURNED
        hits = known(so_far)
        hits = hits[is_boundary[places[hits] + size]]
        longest[places[hits]], numbers[places[hits]] = size, so_far[hits]
        goes_on = left[places] > size
        places, states = places[goes_on], states[goes_on]
    return longest, numbers


def _after(states: Numbers, signs: Bytes) -> Numbers:
    """Return the states of CRC-32 after one more byte (Sarwate, "Computation of Cyclic Redundancy Checks", 1988)."""
    changed: Numbers = _CHANGES.take(states.astype(np.uint8) ^ signs) ^ (states >> _BITS_OF_BYTE)
    return changed
