"""Many texts cut into tokens at once, and numbers for the tokens met before.

A token is what stands between two blanks. No word of `text.analyze` has a blank in it, so the words of a text are those
of its tokens, one after the other, and a token needs to be analyzed only once. Case, the value of digits and a comma or
the like after the last letter make no difference to its words and are left out of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Keys = NDArray[np.uint64]

END = b"\xff"
"""The token before the first text and after every text; UTF-8 has no such byte."""
_BLANK = 32
_BLANKS = b"\t\n\v\f\r\x1c\x1d\x1e\x1f"
_LETTERS = b"abcdefghijklmnopqrstuvwxyz"
_FOLDED = bytes.maketrans(
    _LETTERS.upper() + b"123456789\0" + _BLANKS,
    _LETTERS + b"000000000\1" + b" " * len(_BLANKS),
)
_IS_LETTER, _IS_LEFT_OUT = (np.isin(np.arange(256), list(signs)) for signs in (_LETTERS, b",.;:!)'\""))
_BYTES_OF_KEY = 8
_LONGEST = 64
_FIRST_BYTES = np.array([(1 << 8 * count) - 1 for count in range(_BYTES_OF_KEY + 1)], dtype=np.uint64)
_FACTOR, _FACTOR_2 = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9)
_FREE = np.uint64(0)
END_ID = 0
UNKNOWN = -1


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of many texts, in order, `END` before the first text and after each.

    Attributes:
        content: The folded texts in UTF-8.
        starts: Where each token starts in it; int64, shape (n_tokens,).
        ends: Where each token ends; int64, shape (n_tokens,).
        keys: A number that stands for each token: its bytes if there are up to 8, else a 64-bit hash of them; uint64,
            shape (n_tokens,). Two of a million different tokens share a number once in 10^7 files.
    """

    content: bytes
    starts: Ints
    ends: Ints
    keys: Keys

    def written(self, places: Iterable[int]) -> list[str]:
        """Return some tokens, by their places, as text."""
        return [
            self.content[self.starts[place] : self.ends[place]].decode("utf-8", "surrogatepass") for place in places
        ]


def tokenize(texts: Iterable[str]) -> Tokens:
    """Return the tokens of texts."""
    encoded = [text.encode("utf-8", "surrogatepass") for text in texts]
    # blanks at the end, so that eight bytes can be read where a token starts or goes on
    content = (b" " + END + b" ").join([b"", *encoded, b" " * _BYTES_OF_KEY]).translate(_FOLDED)
    signs = np.frombuffer(content, dtype=np.uint8)
    is_blank = signs == _BLANK
    edges = np.flatnonzero(is_blank[1:] != is_blank[:-1]) + 1
    starts, ends = edges[::2], edges[1::2]
    ends -= _IS_LEFT_OUT[signs[ends - 1]] & _IS_LETTER[signs[ends - 2]]
    return Tokens(content, starts, ends, _keys(content, starts, ends - starts))


def keys_of_words(words: Iterable[str]) -> Keys:
    """Return the keys of the tokens that words are as they stand."""
    return tokenize(words).keys[1::2]


def _keys(content: bytes, starts: Ints, lengths: Ints) -> Keys:
    """Return the keys of tokens, mixing in eight bytes of all long ones at a time."""
    eight_from = np.ndarray(len(content) - _BYTES_OF_KEY + 1, dtype="<u8", buffer=content, strides=(1,))
    keys: Keys = eight_from[starts] & _FIRST_BYTES[np.minimum(lengths, _BYTES_OF_KEY)]
    long = np.flatnonzero(lengths > _BYTES_OF_KEY)
    for done in range(_BYTES_OF_KEY, _LONGEST, _BYTES_OF_KEY):
        rest = np.minimum(lengths[long] - done, _BYTES_OF_KEY)
        keys[long] = _mixed(keys[long]) * _FACTOR_2 + (eight_from[starts[long] + done] & _FIRST_BYTES[rest])
        long = long[lengths[long] > done + _BYTES_OF_KEY]
    for place in long.tolist():
        token = content[starts[place] : starts[place] + lengths[place]]
        keys[place] = int.from_bytes(blake2b(token, digest_size=_BYTES_OF_KEY).digest(), "little")
    return keys


def _mixed(keys: Keys) -> Keys:
    """Return keys whose first bits depend on all bits."""
    product = (keys ^ (keys >> np.uint64(31))) * _FACTOR
    return product ^ (product >> np.uint64(32))


class TokenTable:
    """Ids of the tokens met before, by their keys: a hash table with open addressing, at most half full.

    It has room for `size` tokens; `make_room` forgets some, whose ids are given to others. It grows only where more
    tokens are added than it was asked to make room for.
    """

    def __init__(self, size: int) -> None:
        self._keys = np.zeros(size, dtype=np.uint64)
        self._met = np.zeros(size + 1, dtype=np.int64)  # the last place is that of `UNKNOWN`
        self._unused = np.arange(size)
        self._now = 0
        self._build(self._unused[:0])
        self.add(np.array([END[0]], dtype=np.uint64))

    @property
    def size(self) -> int:
        """Number of ids: they are below it."""
        return len(self._keys)

    def begin(self) -> None:
        """Begin a round: the tokens that are met in it are kept until it ends, as all of them are needed at once."""
        self._now += 1
        self._met[END_ID] = self._now

    def make_room(self, count: int) -> bool:
        """Forget tokens until so many can be added, those that were not met for longest, and an eighth of all at least.

        Returns:
            Whether there is room now. If not, nothing was forgotten: what this round met leaves too little.
        """
        missing = count - len(self._unused)
        if missing <= 0:
            return True
        used = self._used()
        n_old = int((self._met[used] < self._now).sum())
        if missing > n_old:
            return False
        oldest_first = used[np.argsort(self._met[used], kind="stable")]
        n_forgotten = max(missing, min(self.size // 8, n_old))
        self._unused = np.concatenate((self._unused, oldest_first[:n_forgotten]))
        self._build(oldest_first[n_forgotten:])
        return True

    def find(self, keys: Keys) -> Ints:
        """Return the ids of keys, `UNKNOWN` for those not there."""
        ids = self._slot_ids.take(self._slots(keys)).astype(np.int64)
        self._met[ids] = self._now
        return ids

    def add(self, keys: Keys) -> Ints:
        """Return new ids for distinct keys that are not there."""
        while len(keys) > len(self._unused):
            self._grow()
        ids, self._unused = self._unused[: len(keys)], self._unused[len(keys) :]
        self._keys[ids] = keys
        self._met[ids] = self._now
        self._insert(ids)
        return ids

    def _slots(self, keys: Keys) -> Ints:
        """Return where keys are, or the free slots where they would be: the first ones from their hash on."""
        slots = (_mixed(keys) >> self._shift).astype(np.int64)
        there = self._slot_keys[slots]
        other = np.flatnonzero((there != keys) & (there != _FREE))
        while len(other):
            slots[other] = (slots[other] + 1) & (len(self._slot_keys) - 1)
            there = self._slot_keys[slots[other]]
            other = other[(there != keys[other]) & (there != _FREE)]
        return slots

    def _insert(self, ids: Ints) -> None:
        """Put ids into the slots of their keys; of those that want the same slot, one a round gets it."""
        while len(ids):
            slots = self._slots(self._keys[ids])
            self._slot_keys[slots] = self._keys[ids]
            self._slot_ids[slots] = ids
            ids = ids[self._slot_keys[slots] != self._keys[ids]]

    def _build(self, ids: Ints) -> None:
        bits = (2 * self.size - 1).bit_length()
        self._shift = np.uint64(64 - bits)
        self._slot_keys = np.zeros(1 << bits, dtype=np.uint64)
        self._slot_ids = np.full(1 << bits, UNKNOWN, dtype=np.int32)
        self._insert(ids)

    def _used(self) -> Ints:
        used = np.ones(self.size, dtype=np.bool_)
        used[self._unused] = False
        return np.flatnonzero(used)

    def _grow(self) -> None:
        used, size = self._used(), self.size
        self._keys = np.concatenate((self._keys, np.zeros_like(self._keys)))
        self._met = np.concatenate((self._met[:-1], np.zeros(size + 1, dtype=np.int64)))
        self._unused = np.concatenate((self._unused, np.arange(size, 2 * size)))
        self._build(used)
