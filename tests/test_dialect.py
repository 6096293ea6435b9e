from __future__ import annotations

import codecs
import io

import pytest

from smclassify.dialect import Dialect, detect_dialect
from smclassify.errors import TableError, UsageError


def detect(content: bytes, encoding: str | None = None, delimiter: str | None = None, name: str = "x.csv") -> Dialect:
    return detect_dialect(name, io.BytesIO(content), content, encoding, delimiter)


ENCODINGS = [
    pytest.param(b"a,b\n", "utf-8", b"", id="ASCII"),
    pytest.param("é,b\n".encode(), "utf-8", b"", id="UTF-8"),
    pytest.param(codecs.BOM_UTF8 + b"a,b\n", "utf-8", codecs.BOM_UTF8, id="UTF-8 with mark"),
    pytest.param(codecs.BOM_UTF16_LE + "é,b".encode("utf-16-le"), "utf-16-le", codecs.BOM_UTF16_LE, id="UTF-16-LE"),
    pytest.param(codecs.BOM_UTF16_BE + "é,b".encode("utf-16-be"), "utf-16-be", codecs.BOM_UTF16_BE, id="UTF-16-BE"),
    pytest.param(codecs.BOM_UTF32_LE + "é,b".encode("utf-32-le"), "utf-32-le", codecs.BOM_UTF32_LE, id="UTF-32-LE"),
    pytest.param("é,b\n".encode("cp1252"), "cp1252", b"", id="Windows-1252"),
]


@pytest.mark.parametrize(("content", "encoding", "bom"), ENCODINGS)
def test_encoding(content: bytes, encoding: str, bom: bytes) -> None:
    dialect = detect(content)
    assert (dialect.encoding, dialect.bom) == (encoding, bom)
    assert dialect.guessed == (encoding == "cp1252")


def test_a_byte_far_down_the_file_decides_too() -> None:
    assert detect(b"a\n" * 200_000 + "é".encode("cp1252")).encoding == "cp1252"


def test_the_user_knows_better() -> None:
    assert detect("é".encode("cp1252"), encoding="latin-1").encoding == "iso8859-1"
    assert not detect("é".encode("cp1252"), encoding="latin-1").guessed
    assert detect(codecs.BOM_UTF16_LE + "a".encode("utf-16-le"), encoding="utf-16").encoding == "utf-16-le"
    assert detect(codecs.BOM_UTF8 + b"a", encoding="utf-8").bom == codecs.BOM_UTF8
    assert detect(codecs.BOM_UTF8 + b"a", encoding="cp1252").bom == b""


def test_unknown_encoding() -> None:
    with pytest.raises(UsageError, match="no encoding called 'klingon'"):
        detect(b"a", encoding="klingon")


NOT_TEXT = [
    pytest.param(b"PK\x03\x04...", "Excel", id="xlsx"),
    pytest.param(b"PAR1....", "Parquet", id="parquet"),
    pytest.param(b"\x1f\x8b\x08", "gzip", id="gzip"),
    pytest.param(b"%PDF-1.7", "PDF", id="pdf"),
    pytest.param(b"\x89PNG\0\0", "binary data", id="NUL bytes"),
]


@pytest.mark.parametrize(("content", "what"), NOT_TEXT)
def test_what_is_not_text_is_named(content: bytes, what: str) -> None:
    with pytest.raises(TableError, match=what):
        detect(content)


DELIMITERS = [
    pytest.param("a,b\n1,2\n", ",", id="comma"),
    pytest.param("a;b\n1;2,5\n3;4,5\n", ";", id="semicolon with decimal commas"),
    pytest.param("a\tb\n1\t2, 3\n", "\t", id="tab"),
    pytest.param("a|b\n1|2\n", "|", id="pipe"),
    pytest.param("Name;Notes, long\nx;1\ny;2\n", ";", id="comma in a header"),
    pytest.param('a,b\n"x;y;z",2\n"p;q",3\n', ",", id="semicolons in quotes"),
    pytest.param("task\ncall, then mail\nsend\n", ",", id="one column"),
    pytest.param("id,task,who\n1,x\n2,y,Z\n3,w,V,more\n4,v,U\n5,u,T\n", ",", id="ragged"),
    pytest.param("", ",", id="nothing"),
]


@pytest.mark.parametrize(("content", "delimiter"), DELIMITERS)
def test_delimiter(content: str, delimiter: str) -> None:
    assert detect(content.encode()).delimiter == delimiter


def test_a_tsv_file_without_a_tab() -> None:
    assert detect(b"task\ncall\n", name="x.TSV").delimiter == "\t"


@pytest.mark.parametrize(("given", "sign"), [("semicolon", ";"), (":", ":"), (r"\t", "\t"), ("\t", "\t")])
def test_named_delimiter(given: str, sign: str) -> None:
    assert detect(b"a,b\n", delimiter=given).delimiter == sign


@pytest.mark.parametrize("given", ["ab", '"', "\n"])
def test_impossible_delimiter(given: str) -> None:
    with pytest.raises(UsageError, match="is not a single character"):
        detect(b"a,b\n", delimiter=given)


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_newline(newline: str) -> None:
    assert detect(f"a,b{newline}1,2{newline}".encode()).newline == newline


def test_it_can_be_said_in_words() -> None:
    assert str(detect(codecs.BOM_UTF8 + b"a;b\r\n")) == (
        "semicolon-separated, UTF-8 with byte order mark, CRLF line ends"
    )
