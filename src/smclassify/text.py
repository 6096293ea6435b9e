"""From a text to the terms that the model weighs: the only definition of a feature.

A term is named by a 32-bit number, a checksum of what it stands for ("feature hashing": Weinberger et al.,
"Feature Hashing for Large Scale Multitask Learning", ICML 2009), so that neither training nor scoring keeps a
dictionary of strings. The numbers depend on the text alone: they are the same on every machine and run.

Every term comes from one word or from two neighbouring words, and its value does not depend on the rest of the
text, so that a batch can do the work once per word. Words have a meaning besides their terms: a vector of their own, or
the mean of the vectors of their pieces.
"""

from __future__ import annotations

import re
import unicodedata
from math import sqrt
from typing import TYPE_CHECKING, NamedTuple
from zlib import crc32

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Term = tuple[int, float]
"""The number of a term and its value in a text."""

MIN_GRAM = 3
MAX_GRAM = 5
EDGE = 1
PAIR_FACTORS = (0x9E3779B1, 0x85EBCA77)
LONGEST_WORD = 40
INSIDE = 0x5EED

_TOKEN = re.compile(
    r"(?P<link>https?://\S+|www\.\S+)"
    r"|(?P<mail>[\w.+-]+@[\w-]+\.[\w.]+)"
    r"|(?P<word>[^\W\d_]+(?:['&][^\W\d_]+)*)"
    r"|(?P<number>\d[\d.,:/]*)"
    r"|(?P<sign>[$%@#?])"
)
NUMBER = "<number>"
_WRITTEN = re.compile(r"[^\W\d_]+(?:['&][^\W\d_]+)*|\d(?:[\d.,:/]*\d)?|[$%#?]")
"""The same where there are no links and addresses, thrice as fast; numbers end with a digit."""
_STAND_INS = {"link": "<link>", "mail": "<mail>", "number": NUMBER}
_REPLACED = str.maketrans({"\u2018": "'", "\u2019": "'", "\u20ac": "$", "\u00a3": "$", "\u00a5": "$"})


class _Kept(dict[int, int | None]):
    """For `str.translate`: accents and invisible characters become nothing; remembers the characters it has met."""

    def __missing__(self, char: int) -> int | None:
        kept = self[char] = None if unicodedata.category(chr(char)) in {"Mn", "Cf"} else char
        return kept


_KEPT = _Kept()


def normalise(text: str) -> str:
    """Return the text without the differences of writing that carry no meaning.

    Compatibility forms (full width, ligatures) become plain letters, accents and invisible characters go,
    curly apostrophes become straight, currency signs become `$`, case is folded.

    >>> normalise("Caf\u00e9 \uff21\uff22")
    'cafe ab'
    """
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKD", text.translate(_REPLACED)).translate(_KEPT).casefold()


def analyze(text: str) -> list[str]:
    """Return the words of a text, in order; links, addresses and numbers are replaced by stand-ins.

    >>> analyze("Send revised quote to Brandt & S\u00f6hne (2% off), see www.example.com")
    ['send', 'revised', 'quote', 'to', 'brandt', 'sohne', '<number>', '%', 'off', 'see', '<link>']
    """
    return [_word(match) for match in _TOKEN.finditer(normalise(text))]


def _word(match: re.Match[str]) -> str:
    return _STAND_INS.get(match.lastgroup or "") or match.group()[:LONGEST_WORD]


def written_words(text: str) -> list[str]:
    """Return the words of a text where `analyze` finds them, but links, addresses and numbers as they are written.

    >>> written_words("Caf\u00e9 X-200, 2.5 %: www.example.com/.")
    ['cafe', 'x', '200', '2.5', '%', 'www.example.com']
    """
    text = normalise(text)
    if "@" in text or "://" in text or "www." in text:
        return [match.group().rstrip(".,:/") for match in _TOKEN.finditer(text)]
    return _WRITTEN.findall(text)


class Place(NamedTuple):
    """A stretch of a text and what `analyze` finds in it.

    Attributes:
        start: Where it begins in the text as given, in characters from 0.
        end: Where it ends: the place behind its last character.
        words: One word; several only where a single character stands for several, as in the fraction 1/2.
    """

    start: int
    end: int
    words: tuple[str, ...]


def find_places(text: str) -> list[Place]:
    """Return where the words of `analyze` stand in a text, in order and without overlap.

    With a place replaced by a space, the text has the same words but those of the place.

    >>> find_places("2% off caf\u00e9s")
    [Place(start=0, end=1, words=('<number>',)), Place(start=1, end=2, words=('%',)), \
Place(start=3, end=6, words=('off',)), Place(start=7, end=12, words=('cafes',))]
    """
    forms = [normalise(char) for char in text]
    origins = [place for place, form in enumerate(forms) for _ in form]
    places: list[Place] = []
    for match in _TOKEN.finditer("".join(forms)):
        place = Place(origins[match.start()], origins[match.end() - 1] + 1, (_word(match),))
        if places and place.start < places[-1].end:
            start, _, words = places.pop()
            place = Place(start, place.end, words + place.words)
        end = place.end
        while end < len(text) and not forms[end]:  # accents that follow as characters of their own
            end += 1
        places.append(place._replace(end=end))
    return places


def spoken_words(words: list[str]) -> list[str]:
    """Return the words proper, without stand-ins and signs."""
    return [word for word in words if word[0].isalpha()]


def word_number(word: str) -> int:
    """Return the number of the term that stands for a whole word."""
    return crc32(word.encode())


def piece_number(piece: str) -> int:
    """Return the number of a piece of a word that is not its beginning."""
    return crc32(piece.encode(), INSIDE)


def word_terms(word: str) -> list[Term]:
    """Return the terms of one word: the whole word first, then its character n-grams with its ends marked.

    The n-grams of a word share the weight of one term, so long words do not outweigh short ones.
    Stand-ins and signs have no n-grams.
    """
    whole: Term = (word_number(word), 1.0)
    grams = gram_numbers(word)
    value = 1.0 / sqrt(len(grams) or 1)
    return [whole, *((gram, value) for gram in grams)]


def gram_numbers(word: str) -> list[int]:
    """Return the numbers of the character n-grams of one word; stand-ins and signs have none."""
    if not word[0].isalpha():
        return []
    marked = f"^{word}$".encode()
    size = len(marked)
    return [
        crc32(marked[start : start + n], n)
        for n in range(MIN_GRAM, min(MAX_GRAM, size) + 1)
        for start in range(size - n + 1)
    ]


def pieces(word: str, is_known: Callable[[int], bool]) -> list[int]:
    """Return the numbers of the longest known pieces that a word begins with, one after the other.

    A known word is its only piece. Stand-ins and signs have none; where no known piece follows, the rest is left out.
    This is the greedy longest match of WordPiece (Wu et al., "Google's Neural Machine Translation System", 2016).
    """
    found: list[int] = []
    start = 0
    while start < len(word) and word[0].isalpha():
        for end in range(len(word), start, -1):
            number = crc32(word[start:end].encode(), INSIDE if start else 0)
            if is_known(number):
                break
        else:
            break
        found.append(number)
        start = end
    return found


def pair_number(left: int, right: int) -> int:
    """Return the number of the term for two neighbouring words, given the numbers of the words.

    A multiply-and-add modulo 2**32, so that whole arrays of words can be paired without their strings.
    """
    return (left * PAIR_FACTORS[0] + right * PAIR_FACTORS[1]) & 0xFFFFFFFF


def terms(words: list[str]) -> Iterator[Term]:
    """Yield the terms of a text: those of every word, and one for every two neighbours, its two ends included.

    The values are not yet divided by the text's length; `scale` gives the factor.
    """
    left = EDGE
    for word in words:
        of_word = word_terms(word)
        yield from of_word
        number = of_word[0][0]
        yield pair_number(left, number), 1.0
        left = number
    yield pair_number(left, EDGE), 1.0


def scale(n_words: int) -> float:
    """Return the factor for the values of a text of so many words: 1 / sqrt(n), as if each word were a unit vector."""
    return 1.0 / sqrt(n_words) if n_words else 1.0
