from __future__ import annotations

from math import isclose, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smclassify.text import (
    EDGE,
    LONGEST_WORD,
    analyze,
    find_places,
    normalise,
    pair_number,
    piece_number,
    pieces,
    scale,
    spoken_words,
    terms,
    word_number,
    word_terms,
    written_words,
)

NORMALISED = [
    pytest.param("Cold CALL", "cold call", id="case"),
    pytest.param("Café Söhne", "cafe sohne", id="accents"),
    pytest.param("co\u0313ld ca\u0313ll", "cold call", id="combining marks"),
    pytest.param("zero\u200bwidth \ufeffcall", "zerowidth call", id="invisible"),
    pytest.param("\u202eright\u202c", "right", id="direction marks"),
    pytest.param("ＦＵＬＬ　ＷＩＤＴＨ", "full width", id="full width"),
    pytest.param("the buyer’s €5 £6", "the buyer's $5 $6", id="quotes and money"),
    pytest.param("straße", "strasse", id="case folding"),
]


@pytest.mark.parametrize(("text", "expected"), NORMALISED)
def test_normalise(text: str, expected: str) -> None:
    assert normalise(text) == expected


WORDS = [
    pytest.param("Cold call", ["cold", "call"], id="words"),
    pytest.param("2% off, 60 days", ["<number>", "%", "off", "<number>", "days"], id="numbers"),
    pytest.param("pay $1,000.50 by 12/05/2026?", ["pay", "$", "<number>", "by", "<number>", "?"], id="money and dates"),
    pytest.param("mail x.y@ex-ample.com re https://a.b/c?d", ["mail", "<mail>", "re", "<link>"], id="addresses"),
    pytest.param("Q3 R&D don't A/B", ["q", "<number>", "r&d", "don't", "a", "b"], id="joined words"),
    pytest.param("@here #launch", ["@", "here", "#", "launch"], id="signs"),
    pytest.param("....", [], id="dots"),
    pytest.param("🎯", [], id="emoji"),
    pytest.param("冷電話 звонок", ["冷電話", "звонок"], id="other scripts"),
    pytest.param("x" * 99, ["x" * 40], id="very long word"),
    pytest.param("", [], id="empty"),
]


@pytest.mark.parametrize(("text", "expected"), WORDS)
def test_analyze(text: str, expected: list[str]) -> None:
    assert analyze(text) == expected


def test_word_terms_are_the_word_and_its_marked_grams_of_unit_length() -> None:
    (whole, whole_value), *grams = word_terms("call")
    # ^call$ has 4 grams of 3 characters, 3 of 4 and 2 of 5
    assert len(grams) == 9
    assert whole_value == 1.0
    assert whole not in dict(grams)
    assert isclose(sum(value**2 for _, value in grams), 1.0)


def test_a_gram_knows_where_the_word_starts_and_ends() -> None:
    call, recall = dict(word_terms("call")), dict(word_terms("recall"))
    shared = call.keys() & recall.keys()
    # all$, ll$, call$ and the inner cal, all, call
    assert len(shared) == 6


@pytest.mark.parametrize("word", ["<number>", "<link>", "%", "?"])
def test_stand_ins_and_signs_have_no_grams(word: str) -> None:
    assert len(word_terms(word)) == 1


KNOWN = {*map(word_number, ("call", "ca", "q", "<number>", "?")), *map(piece_number, ("ing", "i", "s"))}
PIECES = [
    pytest.param("call", [word_number("call")], id="known word"),
    pytest.param("calling", [word_number("call"), piece_number("ing")], id="longest first"),
    pytest.param("cais", [word_number("ca"), piece_number("i"), piece_number("s")], id="three pieces"),
    pytest.param("callx", [word_number("call")], id="unknown rest"),
    pytest.param("xcall", [], id="unknown beginning"),
    pytest.param("q", [word_number("q")], id="one letter"),
    pytest.param("<number>", [], id="stand-in"),
    pytest.param("?", [], id="sign"),
]


@pytest.mark.parametrize(("word", "expected"), PIECES)
def test_pieces(word: str, expected: list[int]) -> None:
    assert pieces(word, KNOWN.__contains__) == expected


def test_terms_of_a_text_are_its_words_and_its_pairs_with_the_edges() -> None:
    a, b = (word_terms(word) for word in ("ab", "cd"))
    pairs = [pair_number(EDGE, a[0][0]), pair_number(a[0][0], b[0][0]), pair_number(b[0][0], EDGE)]
    assert list(terms(["ab", "cd"])) == [*a, (pairs[0], 1.0), *b, (pairs[1], 1.0), (pairs[2], 1.0)]


def test_a_pair_has_an_order() -> None:
    assert pair_number(12, 34) != pair_number(34, 12)


def test_scale() -> None:
    assert scale(4) == 1 / sqrt(4)
    assert scale(0) == 1.0


def test_numbers_of_terms_never_change() -> None:
    """A model file is of no use to a program that numbers the terms otherwise."""
    assert word_terms("call")[:2] == [(0xCC8E2F3E, 1.0), (0xEF400D5B, 1 / 3)]
    assert pair_number(EDGE, 0xCC8E2F3E) == 0x79805B83
    assert piece_number("call") == 0x8EB9B561


@given(st.text())
def test_analyze_any_text(text: str) -> None:
    words = analyze(text)
    assert all(words)
    assert all(len(word) <= 40 for word in words)
    assert analyze(normalise(text)) == words
    assert set(spoken_words(words)) <= set(words)
    assert all(0 <= number < 2**32 and 0 < value <= 1 for number, value in terms(words))


PLACES = [
    pytest.param("Cold  call!", ["Cold", "call"], id="words"),
    pytest.param("caf\u00e9 cafe\u0301\u200b x", ["caf\u00e9", "cafe\u0301\u200b", "x"], id="accents"),
    pytest.param("cafe\u0301 x", ["cafe\u0301", "x"], id="one mark"),
    pytest.param("follow-up it's R&D", ["follow", "up", "it's", "R&D"], id="hyphen, apostrophe"),
    pytest.param("2,5% @a.b@c.de www.x", ["2,5", "%", "@", "a.b@c.de", "www.x"], id="stand-ins"),
    pytest.param("x" * 50, ["x" * 50], id="long word"),
    pytest.param("\uff21\u00df \ufb01t", ["\uff21\u00df", "\ufb01t"], id="full width, sharp s, ligature"),
    pytest.param("1\u00bd off", ["1\u00bd", "off"], id="fraction beside a number"),
    pytest.param("\u00bd off", ["\u00bd", "off"], id="fraction"),
    pytest.param("x\u2105y", ["x\u2105y"], id="a character that parts words"),
    pytest.param(" \u0301 ", [], id="no words"),
]


@pytest.mark.parametrize(("text", "found"), PLACES)
def test_places(text: str, found: list[str]) -> None:
    assert [text[place.start : place.end] for place in find_places(text)] == found


ODD = "ab\u00e9\u0301 \u00df\u00bd\u2105\u33c2\ufb01\u0130\u3042\u302e\u1b44\uff11wth:/.@-_'&%\u20ac12\u200b\n"


@given(st.text() | st.text(st.sampled_from(ODD)) | st.lists(st.text(st.sampled_from(ODD), max_size=4)).map("www.".join))
def test_places_hold_the_words_that_analyze_finds(text: str) -> None:
    places = find_places(text)
    assert [word for place in places for word in place.words] == analyze(text)
    edges = [edge for place in places for edge in (place.start, place.end)]
    assert edges == sorted(edges)
    assert all(place.start < place.end for place in places)
    for place in places:
        left = [word for other in places if other is not place for word in other.words]
        assert analyze(f"{text[: place.start]} {text[place.end :]}") == left


@given(st.text() | st.text(st.sampled_from(ODD)) | st.lists(st.text(st.sampled_from(ODD), max_size=4)).map("www.".join))
def test_written_words_are_those_of_analyze_unless_one_stands_in(text: str) -> None:
    written, words = written_words(text), analyze(text)
    for as_written, word in zip(written, words, strict=True):
        assert as_written[:LONGEST_WORD] == word or word in {"<number>", "<link>", "<mail>"}
    assert written == written_words(text + " @")[:-1]  # the sign is a word, and the slow way is taken


WRITTEN = [
    pytest.param("1,5 2. 3:/4, 5", ["1,5", "2", "3:/4", "5"], id="numbers"),
    pytest.param("see https://a.b/c/. or a.b@c.de.", ["see", "https://a.b/c", "or", "a.b@c.de"], id="links, addresses"),
    pytest.param("see https://a.b/c/.", ["see", "https://a.b/c"], id="a link alone"),
    pytest.param("see www.a.b/c/.", ["see", "www.a.b/c"], id="a link without a scheme alone"),
    pytest.param("ask a.b@c.de.", ["ask", "a.b@c.de"], id="an address alone"),
    pytest.param("x" * 50, ["x" * 50], id="a long word"),
    pytest.param("R&D don't \u00dc_2 5%", ["r&d", "don't", "u", "2", "5", "%"], id="joined"),
]


@pytest.mark.parametrize(("text", "words"), WRITTEN)
def test_written_words(text: str, words: list[str]) -> None:
    assert written_words(text) == words
