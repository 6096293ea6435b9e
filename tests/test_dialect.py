from __future__ import annotations

import codecs
import csv
import gzip
import tempfile
from pathlib import Path

import pytest

from smclassify.errors import SmclassifyError, TableError, UsageError
from smclassify.tables.dialect import Dialect, detect_dialect
from smclassify.tables.source import open_source


def detect(content: bytes, encoding: str | None = None, delimiter: str | None = None, name: str = "x.csv") -> Dialect:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        with open_source(str(path)) as source:
            return detect_dialect(source, encoding, delimiter)


ENCODINGS = [
    pytest.param(b"a,b\n", "utf-8", b"", id="ASCII"),
    pytest.param("é,b\n".encode(), "utf-8", b"", id="UTF-8"),
    pytest.param(codecs.BOM_UTF8 + b"a,b\n", "utf-8", codecs.BOM_UTF8, id="UTF-8 with mark"),
    pytest.param(codecs.BOM_UTF16_LE + "é,b".encode("utf-16-le"), "utf-16-le", codecs.BOM_UTF16_LE, id="UTF-16-LE"),
    pytest.param(codecs.BOM_UTF16_BE + "é,b".encode("utf-16-be"), "utf-16-be", codecs.BOM_UTF16_BE, id="UTF-16-BE"),
    pytest.param(codecs.BOM_UTF32_LE + "é,b".encode("utf-32-le"), "utf-32-le", codecs.BOM_UTF32_LE, id="UTF-32-LE"),
    pytest.param(codecs.BOM_UTF32_BE + "é,b".encode("utf-32-be"), "utf-32-be", codecs.BOM_UTF32_BE, id="UTF-32-BE"),
    pytest.param("é,b\n".encode("cp1252"), "cp1252", b"", id="Windows-1252"),
    pytest.param(gzip.compress("é,b\n".encode("cp1252")), "cp1252", b"", id="Windows-1252, packed"),
    pytest.param(codecs.BOM_UTF8 + b"\xff\n", "utf-8", codecs.BOM_UTF8, id="the mark decides"),
]


@pytest.mark.parametrize(("content", "encoding", "bom"), ENCODINGS)
def test_encoding(content: bytes, encoding: str, bom: bytes) -> None:
    dialect = detect(content)
    assert (dialect.encoding, dialect.bom) == (encoding, bom)
    assert dialect.guessed == (encoding == "cp1252")


def test_a_byte_far_down_the_file_decides_too() -> None:
    assert detect(b"a\n" * 200_000 + "é".encode("cp1252")).encoding == "cp1252"


def test_a_character_over_the_border_of_the_first_bytes() -> None:
    assert detect(b"a" * 65_535 + "é".encode()).encoding == "utf-8"


def test_the_bytes_are_not_used_up() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.csv"
        path.write_bytes(b"a,b\n" * 100_000)
        with open_source(str(path)) as source:
            detect_dialect(source, None, None)
            assert sum(map(len, source.blocks())) == 400_000


def test_the_user_knows_better() -> None:
    assert detect("é".encode("cp1252"), encoding="latin-1").encoding == "iso8859-1"
    assert not detect("é".encode("cp1252"), encoding="latin-1").guessed
    assert detect(codecs.BOM_UTF16_LE + "a".encode("utf-16-le"), encoding="utf-16").encoding == "utf-16-le"
    assert detect(codecs.BOM_UTF32_BE + "a".encode("utf-32-be"), encoding="utf-32").encoding == "utf-32-be"
    assert detect(codecs.BOM_UTF8 + b"a", encoding="utf-8").bom == codecs.BOM_UTF8
    assert detect(codecs.BOM_UTF8 + b"a", encoding="cp1252").bom == b""
    assert detect(b"a", encoding="utf-8-sig").encoding == "utf-8"
    assert detect("a".encode("utf-16-le"), encoding="utf-16-le").encoding == "utf-16-le"


@pytest.mark.parametrize("encoding", ["klingon", "hex", "base64", "rot13", ""])
def test_unknown_encoding(encoding: str) -> None:
    with pytest.raises(UsageError, match=f"no encoding called '{encoding}'") as caught:
        detect(b"a", encoding=encoding)
    assert caught.value.tip == "Common ones: utf-8, cp1252, latin-1, utf-16."


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_an_encoding_that_needs_a_mark(encoding: str) -> None:
    with pytest.raises(SmclassifyError, match=r"[sS]tream does not start with BOM"):
        detect(b"a,b\n1,2\n", encoding=encoding)


_FORMAT_TIP = "Export it as CSV, or say --format excel if it is an .xlsx workbook, --format parquet if it is Parquet."
_NUL_TIP = "If it is UTF-16 without a mark, say so: -e utf-16-le."
NOT_TEXT = [
    pytest.param(b"PK\x03\x04...", "Excel", id="xlsx"),
    pytest.param(b"\xd0\xcf\x11\xe0\xa1", "an old Excel or Office file", id="xls"),
    pytest.param(b"PAR1\x15\x04", "Parquet", id="parquet"),
    pytest.param(gzip.compress(gzip.compress(b"a")), "compressed twice", id="gzip in gzip"),
    pytest.param(b"%PDF-1.7", "PDF", id="pdf"),
    pytest.param(b"\x89PNG\0\0", "binary data", id="NUL bytes"),
]


@pytest.mark.parametrize(("content", "what"), NOT_TEXT)
def test_what_is_not_text_is_named(content: bytes, what: str) -> None:
    with pytest.raises(TableError, match=what) as caught:
        detect(content)
    assert caught.value.tip == (_NUL_TIP if what == "binary data" else _FORMAT_TIP)


@pytest.mark.parametrize("header", ["PAR1", "%PDF", "PK"])
def test_a_header_may_look_like_the_start_of_another_file(header: str) -> None:
    assert detect(f"{header};task\n1;cold call\n".encode()).delimiter == ";"


@pytest.mark.parametrize("order", ["le", "be"])
def test_utf_16_without_a_mark_is_told_by_its_first_zero(order: str) -> None:
    with pytest.raises(TableError, match="binary data") as caught:
        detect("a,b\n".encode(f"utf-16-{order}"))
    assert caught.value.tip == f"If it is UTF-16 without a mark, say so: -e utf-16-{order}."


DELIMITERS = [
    pytest.param("a,b\n1,2\n", ",", id="comma"),
    pytest.param("a;b\n1;2,5\n3;4,5\n", ";", id="semicolon with decimal commas"),
    pytest.param("a\tb\n1\t2, 3\n", "\t", id="tab"),
    pytest.param("a|b\n1|2\n", "|", id="pipe"),
    pytest.param("Name;Notes, long\nx;1\ny;2\n", ";", id="comma in a header"),
    pytest.param('a,b\n"x;y;z",2\n"p;q",3\n', ",", id="semicolons in quotes"),
    pytest.param("task\ncall, then mail\nsend\n", ",", id="one column"),
    pytest.param("id,task,who\n1,x\n2,y,Z\n3,w,V,more\n4,v,U\n5,u,T\n", ",", id="ragged"),
    pytest.param("a;b\n1;2\n3;4;5\n6\n7;8\n", ";", id="ragged, and the only sign"),
    pytest.param("a,b;c\n1,2;3\n", ",", id="of equals the first"),
    pytest.param("a,b;c;d\n" + "1,2;3;4\n" * 15 + "1,2\n" * 5, ",", id="the even one"),
    pytest.param("a,b;c;d\n" + "1,2;3;4\n" * 15 + "1,2\n" + "1\n" * 4, ";", id="of nearly even ones the most cells"),
    pytest.param("a;b,c,d\n" + "1;2,3,4\n" * 15 + "1;2\n" + "1\n" * 4, ",", id="likewise, the other way round"),
    pytest.param("\n", ",", id="nothing"),
    pytest.param("sep=|\na,b|c,d\n1,2|3,4\n", "|", id="sep line"),
    pytest.param("a\u2028x;b\n1;2\n", ";", id="a line separator that ends no row"),
    pytest.param("a;b\r1;2\r3;4\r", ";", id="CR"),
    pytest.param('a;b\n1;"x,y\n,,,,"\n2;z\n', ";", id="commas in a quoted cell"),
]


@pytest.mark.parametrize(("content", "delimiter"), DELIMITERS)
def test_delimiter(content: str, delimiter: str) -> None:
    assert detect(content.encode()).delimiter == delimiter


@pytest.mark.parametrize("name", ["x.TSV", "x.tab", "x.tsv.gz"])
def test_a_tsv_file_without_a_tab(name: str) -> None:
    assert detect(b"task\ncall\n", name=name).delimiter == "\t"


def test_a_large_cell_among_the_first_rows() -> None:
    before = csv.field_size_limit(100)
    try:
        assert detect(b'a;b\n1;"' + b"x, " * 9_000 + b'"\n').delimiter == ";"
    finally:
        csv.field_size_limit(before)


@pytest.mark.parametrize(("given", "sign"), [("semicolon", ";"), (":", ":"), ("X", "X"), (r"\t", "\t"), ("\t", "\t")])
def test_named_delimiter(given: str, sign: str) -> None:
    assert detect(b"a,b\n", delimiter=given).delimiter == sign


@pytest.mark.parametrize("given", ["ab", '"', "\n"])
def test_impossible_delimiter(given: str) -> None:
    with pytest.raises(UsageError, match="is not a single character") as caught:
        detect(b"a,b\n", delimiter=given)
    assert caught.value.tip == "Give one character, or one of: comma, semicolon, tab, pipe."


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_newline(newline: str) -> None:
    assert detect(f"a,b{newline}1,2{newline}".encode()).newline == newline


def test_it_can_be_said_in_words() -> None:
    assert str(detect(codecs.BOM_UTF8 + b"a;b\r\n")) == (
        "semicolon-separated, UTF-8 with byte order mark, CRLF line ends"
    )
    assert str(detect("é\tb\r".encode("cp1252"))) == (
        "tab-separated, Windows-1252, CR line ends (a guess: not UTF-8; say otherwise with -e)"
    )
    assert str(detect(b"a:b", encoding="latin-1", delimiter=":")) == ":-separated, ISO8859-1, LF line ends"
