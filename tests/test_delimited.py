from __future__ import annotations

import csv
import io
import tracemalloc
from itertools import chain
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rewriting import chunks_of, rewrite, rows_of, written

from smclassify.errors import TableError
from smclassify.tables import delimited, records, source
from smclassify.tables.formats import open_table, open_writer
from smclassify.tables.values import ReadOptions

REWRITTEN = [
    pytest.param("a,b\n1,2\n", "a,b,new\n1,2,X\n", id="plain"),
    pytest.param("a,b\r\n1,2\r\n", "a,b,new\r\n1,2,X\r\n", id="CRLF"),
    pytest.param("a,b\r1,2\r", "a,b,new\r1,2,X\r", id="CR"),
    pytest.param("a,b\r1,2\r\n3,4\n5,6", "a,b,new\r1,2,X\r\n3,4,X\n5,6,X", id="all three line ends"),
    pytest.param("a,b\n1,2", "a,b,new\n1,2,X", id="no final newline"),
    pytest.param('"a","b"\n"1","00123"\n', '"a","b",new\n"1","00123",X\n', id="needless quotes stay"),
    pytest.param('a,b\n1,"x\ny"\n2,z\n', 'a,b,new\n1,"x\ny",X\n2,z,X\n', id="newline in a cell"),
    pytest.param('a,b\r\n1,"x\ny\r\nz"\r\n', 'a,b,new\r\n1,"x\ny\r\nz",X\r\n', id="mixed newlines in a cell"),
    pytest.param("a,b\n1\n", "a,b,new\n1,,X\n", id="short row"),
    pytest.param('a,b,c\n"1"\n', 'a,b,c,new\n"1",,,X\n', id="short row with needless quotes"),
    pytest.param("a,b\n1,2,3,4\n", "a,b,new\n1,2,X,3,4\n", id="long row"),
    pytest.param('a,b\n1,"2\n3",4\n', 'a,b,new\n1,"2\n3",X,4\n', id="long row with a newline"),
    pytest.param('a,b\n"1",x"",""\n', 'a,b,new\n"1",x"",X,""\n', id="long row with needless quotes"),
    pytest.param('a,b\n"1,""","2""",,"",\n', 'a,b,new\n"1,""","2""",X,,"",\n', id="long row with quotes in quotes"),
    pytest.param('a,b\n"1"x,"y" z"," ",3\n', 'a,b,new\n"1"x,"y" z",X," ",3\n', id="long row with stray quotes"),
    pytest.param("a,b\n,,\n", "a,b,new\n,,X,\n", id="long row of blank cells"),
    pytest.param("a,b\n\n1,2\n\n", "a,b,new\n\n1,2,X\n\n", id="blank lines"),
    pytest.param("\n\na,b\n1,2\n", "\n\na,b,new\n1,2,X\n", id="blank lines before the header"),
    pytest.param('a,b\n1,say ""hi""\n', 'a,b,new\n1,say ""hi"",X\n', id="quotes in a bare cell"),
    pytest.param('a,b\n1,5" pipe\n', 'a,b,new\n1,5" pipe,X\n', id="a single quote in a bare cell"),
    pytest.param("a;b\n1;2,5\n", "a;b;new\n1;2,5;X\n", id="semicolon"),
    pytest.param("a,b\n", "a,b,new\n", id="header only"),
    pytest.param("a,b", "a,b,new", id="header only, no newline"),
    pytest.param("\ufeffa,b\n1,2\n", "\ufeffa,b,new\n1,2,X\n", id="byte order mark"),
    pytest.param("a,b\n1, 2 \n", "a,b,new\n1, 2 ,X\n", id="spaces"),
    pytest.param("a,a,,\n1,2,3,4\n", "a,a,,,new\n1,2,3,4,X\n", id="repeated and blank headers"),
    pytest.param("a,b\n1,x\x0by\x1c\u2028z\n", "a,b,new\n1,x\x0by\x1c\u2028z,X\n", id="what only Python ends lines at"),
    pytest.param("sep=;\na;b,c\n1;2\n", "sep=;\na;b,c;new\n1;2;X\n", id="sep line"),
    pytest.param('\ufeff"SEP=|"\r\na|b\r\n', '\ufeff"SEP=|"\r\na|b|new\r\n', id="sep line in quotes, after a mark"),
    pytest.param("sep=,\n\na;b\n1;2\n", "sep=,\n\na;b,new\n1;2,X\n", id="sep line goes before what the rows suggest"),
    pytest.param("a,b\n1,TAX\n", "a,b,new\n1,TAX,X\n", id="a row that ends like the new cell"),
    pytest.param("a,b\nTAX\n", "a,b,new\nTAX,,X\n", id="a short row that ends like the new cell"),
    pytest.param("a,b\nsep=;\n", "a,b,new\nsep=;,,X\n", id="sep line below the header is a row"),
]


@pytest.mark.parametrize(("before", "after"), REWRITTEN)
def test_rewriting(tmp_path: Path, before: str, after: str) -> None:
    assert rewrite(written(tmp_path / "x.csv", before)).decode() == after


@pytest.mark.parametrize(("before", "after"), REWRITTEN)
def test_rewriting_in_small_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: str, after: str) -> None:
    monkeypatch.setattr(source, "_BLOCK", 1)
    monkeypatch.setattr(records, "CHUNK_ROWS", 1)
    assert rewrite(written(tmp_path / "x.csv", before)).decode() == after


def test_new_cells_are_quoted_where_they_must_be(tmp_path: Path) -> None:
    path = written(tmp_path / "x.csv", "a\n1\n")
    new = {"m,n": "x,y", "q": 'say "hi"', "l": "two\nlines", "r": "x\ry", "n": None, "p": 0.5, "s": " "}
    assert rewrite(path, new, delimiter=",") == (
        b'a,"m,n",q,l,r,n,p,s\n1,"x,y","say ""hi""","two\nlines","x\ry",,0.5000, \n'
    )
    assert rewrite(path, {"n": "x,y", "p": 0.5}, delimiter=".") == b'a.n.p\n1.x,y."0.5000"\n'


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "cp1252", "utf-32"])
def test_the_encoding_stays(tmp_path: Path, encoding: str) -> None:
    path = written(tmp_path / "x.csv", "task,who\r\nbrühe,é\r\n".encode(encoding))
    assert rewrite(path) == "task,who,new\r\nbrühe,é,X\r\n".encode(encoding)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-8", "UTF-16-LE", "latin-1", "cp1251", "shift_jis", "utf-7"])
def test_a_named_encoding_stays_and_gets_no_mark(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    monkeypatch.setattr(records, "CHUNK_ROWS", 1)
    text = {"cp1251": "жюри", "shift_jis": "営業"}.get(encoding, "brühe")
    codec = encoding.removesuffix("-sig")
    path = written(tmp_path / "x.csv", f"task,who\n{text},1\n{text},2\n".encode(codec))
    assert rewrite(path, encoding=encoding).decode(codec) == f"task,who,new\n{text},1,X\n{text},2,X\n"


def test_what_an_encoding_has_not_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "x.csv", "task\nbrühe\n".encode("cp1252"))
    with pytest.raises(TableError, match=r"x\.csv: 'Ж' cannot be written in cp1252") as caught:
        rewrite(path, {"new": "Ж"})
    assert caught.value.tip == "Convert the input to UTF-8 first."


@pytest.mark.parametrize("chunk_rows", [1, 2, 100])
def test_the_cells_of_a_column(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk_rows: int) -> None:
    monkeypatch.setattr(records, "CHUNK_ROWS", chunk_rows)
    path = written(tmp_path / "x.csv", 'a;b;c\n1;"x;\ny";3\n\n4\n5;,z\n')
    chunks = chunks_of(path, column=1)
    rows = [["1", "x;\ny", "3"], [], ["4"], ["5", ",z"]]
    assert [text for chunk in chunks for text in chunk.texts] == ["x;\ny", "", "", ",z"]
    assert [list(row) for chunk in chunks for row in chunk.rows()] == [row for row in rows if row]
    for place in range(3):
        cells = [row[place] if place < len(row) else "" for row in rows]
        assert [cell for chunk in chunks for cell in chunk.column(place)] == cells


def test_without_a_header(tmp_path: Path) -> None:
    path = written(tmp_path / "x.csv", "1,2\n3,4\n")
    assert rewrite(path, header=False) == b"1,2,X\n3,4,X\n"
    with open_table(str(path), ReadOptions(header=False)) as table:
        assert (table.headers, table.names, table.width) == (None, ("column1", "column2"), 2)


def test_what_is_known_of_a_table(tmp_path: Path) -> None:
    path = written(tmp_path / "x.csv", "a,b\n1,2\n")
    with open_table(str(path), ReadOptions()) as table:
        assert (table.name, table.format, table.headers, table.names) == (str(path), "csv", ("a", "b"), ("a", "b"))
        assert (table.width, table.size) == (2, 8)
        assert table.describe() == "comma-separated, UTF-8, LF line ends"
        assert [chunk.texts for chunk in table.chunks(1)] == [["2"]]
        assert table.position() == 8


UNCLOSED = [
    pytest.param('a,b\n1,2\n3,"open\n4,5\n', 'a,b,new\n1,2,X\n3,"open\n4,5\n",X', 3, ["3", "open\n4,5\n"], id="row"),
    pytest.param('a,b\n"3","x""', 'a,b,new\n"3","x""",X', 2, ["3", 'x"'], id="after a doubled quote"),
    pytest.param('a,b\n1,2,"3\n', 'a,b,new\n1,2,X,"3\n"', 2, ["1", "2", "3\n"], id="in a surplus cell"),
    pytest.param('a,b\n"1\n', 'a,b,new\n"1\n",,X', 2, ["1\n"], id="in a short row"),
]


@pytest.mark.parametrize(("before", "after", "line", "row"), UNCLOSED)
@pytest.mark.parametrize("size", [1, 4096])
def test_a_quote_that_never_closes_is_reported_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: str, after: str, line: int, row: list[str], size: int
) -> None:
    monkeypatch.setattr(source, "_BLOCK", size)
    path = written(tmp_path / "x.csv", before)
    chunks = chunks_of(path, delimiter=",")
    assert [chunk.unclosed for chunk in chunks if chunk.unclosed is not None] == [line]
    assert list(chunks[-1].rows())[-1] == row
    assert rewrite(path, delimiter=",").decode() == after


@pytest.mark.parametrize(
    ("content", "line"), [('a,"b\n1,2\n', 1), ('\n\n"a', 3), ('sep=;\na;"b\n1;2\n3;4', 2)], ids=["rows", "blank", "sep"]
)
def test_a_header_that_never_closes_would_swallow_the_rows(tmp_path: Path, content: str, line: int) -> None:
    path = written(tmp_path / "x.csv", content)
    with pytest.raises(TableError) as caught:
        rows_of(path)
    assert caught.value.message == f"{path}:{line}: a quoted cell of the header never ends."
    assert caught.value.tip == "Close the quote in the file."
    assert rows_of(path, header=False)


def test_a_quote_that_closes_at_the_end_is_not_reported(tmp_path: Path) -> None:
    [chunk] = chunks_of(written(tmp_path / "x.csv", 'a,b\n1,"2"'))
    assert chunk.unclosed is None


def test_line_numbers_count_lines_not_rows(tmp_path: Path) -> None:
    path = written(tmp_path / "x.csv", 'sep=,\n\na,b\n1,"x\ny\r\nz"\n\n2\n3,4,5\n')
    [chunk] = chunks_of(path, column=1)
    assert list(chunk.lines) == [4, 7, 8, 9]
    assert (chunk.blanks, chunk.ragged, chunk.texts) == (frozenset({1}), (8, 9), ["x\ny\r\nz", "", "", "4"])
    assert list(chunk.rows()) == [["1", "x\ny\r\nz"], ["2"], ["3", "4", "5"]]


@pytest.mark.parametrize("options", [{}, {"delimiter": ","}], ids=["found", "given"])
def test_a_very_large_cell(tmp_path: Path, options: dict[str, str]) -> None:
    path = written(tmp_path / "x.csv", f"a,b\n1,{'x' * 500_000}\n")
    assert rows_of(path, **options) == [["1", "x" * 500_000]]


TOO_LARGE = [
    pytest.param(
        'a,b\n1,2\n\n3,"' + "x\n" * 90 + '"\n', r"x\.csv:4: the row has a cell of more than 100 ", 64, id="quoted"
    ),
    pytest.param("a,b\n1,2\n3," + "x" * 150 + "\n", r"x\.csv:3: the row has a cell of more than 100 ", 4096, id="bare"),
    pytest.param('a,b\n1,"2\n3",' + "x" * 300, r"x\.csv:3: the line has more than 100 ", 64, id="never ends"),
    pytest.param('a,b\n1,2\n3,"' + "x" * 300, r"x\.csv:3: the line has more than 100 ", 64, id="quoted, never ends"),
    pytest.param('a,b\n1,2\n3,"' + "x\n" * 300, r"x\.csv:3: the row has a cell of more than 100 ", 64, id="open quote"),
]


@pytest.mark.parametrize(("content", "message", "block"), TOO_LARGE)
def test_a_cell_that_is_too_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str, message: str, block: int
) -> None:
    monkeypatch.setattr(source, "_BLOCK", block)
    for module in (source, records):
        monkeypatch.setattr(module, "LARGEST_CELL", 100)
    with pytest.raises(TableError, match=message):
        rows_of(written(tmp_path / "x.csv", content))


def test_a_row_of_many_lines_is_as_long_as_a_row_can_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path / "x.csv", 'a\n"\n' + "bc\n" * 3 + '"\n')
    monkeypatch.setattr(source, "_BLOCK", 1)
    monkeypatch.setattr(records, "LARGEST_ROW", 9)
    assert rows_of(path) == [["\nbc\nbc\nbc\n"]]
    monkeypatch.setattr(records, "LARGEST_ROW", 8)
    with pytest.raises(TableError) as caught:
        rows_of(path)
    assert caught.value.message == f"{path}:2: the row has more than 8 characters."
    assert caught.value.tip == "Is a closing quote missing?"


def test_memory_is_bounded_where_a_quote_never_closes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (source, records):
        monkeypatch.setattr(module, "LARGEST_CELL", 1 << 18)
    path = written(tmp_path / "x.csv", 'a,b\n1,"' + "x,y\n" * 5_000_000)
    tracemalloc.start()
    with pytest.raises(TableError, match=r"x\.csv:2: the row has a cell of more than 262,144 characters\."):
        rows_of(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 40_000_000  # a block of lines takes about 17 MB; the whole file would take 300


@pytest.mark.parametrize("target", ["x.csv", "x.tsv", "x.jsonl"])
def test_memory_is_bounded_where_rows_are_short_and_the_header_is_wide(tmp_path: Path, target: str) -> None:
    header = ",".join(f"c{n}" for n in range(2_000))
    path = written(tmp_path / "x.csv", f"{header}\n" + "x\n" * 2_000)
    with (tmp_path / "out").open("wb") as out, open_table(str(path), ReadOptions()) as table:
        writer = open_writer(table, target, out)
        writer.start(["new"])
        chunks = list(table.chunks(0))
        tracemalloc.start()
        for chunk in chunks:
            writer.write(chunk, [["X"] * len(chunk.texts)])
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert (tmp_path / "out").stat().st_size > 4_000_000
    assert peak < 5_000_000  # twice a piece and more; all rows at once would take 12, as JSON Lines 170


def test_ten_thousand_columns(tmp_path: Path) -> None:
    header = ",".join(f"c{n}" for n in range(10_000))
    row = ",".join(str(n) for n in range(10_000))
    path = written(tmp_path / "x.csv", f"{header}\n{row}\n1,2\n{row},surplus\n")
    assert rewrite(path).decode() == (f"{header},new\n{row},X\n1,2{',' * 9_998},X\n{row},X,surplus\n")


NO_ROWS = "Give a file with a header and at least one row."
UNREADABLE = [
    pytest.param(b"\n\n", "x.csv: the file has no rows.", NO_ROWS, id="blank lines only"),
    pytest.param(b"\xef\xbb\xbf", "x.csv: the file has no rows.", NO_ROWS, id="mark only"),
    pytest.param(b"sep=;\n", "x.csv: the file has no rows.", NO_ROWS, id="sep line only"),
    pytest.param(b"\n" * 11 + b"a", "x.csv: the first 10 characters hold no row.", "Is it a table?", id="late row"),
    pytest.param(b"a,b\n\x81,2\n", "x.csv:2: not valid cp1252 (byte 0x81", "Name the encoding", id="in no encoding"),
]


@pytest.mark.parametrize(("content", "message", "tip"), UNREADABLE)
def test_unreadable_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, message: str, tip: str
) -> None:
    monkeypatch.setattr(delimited, "_LONGEST_LEAD", 10)
    with pytest.raises(TableError) as caught:
        rows_of(written(tmp_path / "x.csv", content))
    assert message in caught.value.message
    assert caught.value.tip.startswith(tip)


def test_so_many_blank_lines_may_come_before_the_header(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delimited, "_LONGEST_LEAD", 10)
    assert rows_of(written(tmp_path / "x.csv", b"\n" * 10 + b"a\nb\n")) == [["b"]]


def test_a_table_said_to_have_tabs(tmp_path: Path) -> None:
    path = written(tmp_path / "x", "a,b\tc,d\n1,2\t3,4\n")
    assert rows_of(path, format="tsv") == [["1,2", "3,4"]]
    assert rows_of(path, format="csv") == [["1", "2\t3", "4"]]


FORMATS = [
    pytest.param("x.csv", "a,b\n", {}, "csv", id="by name"),
    pytest.param("x.TSV.gz", "a,b\n", {}, "tsv", id="by name, packed"),
    pytest.param("x.csv", "a\tb\n", {}, "csv", id="the name before the delimiter"),
    pytest.param("x.dat", "a\tb\n", {}, "tsv", id="by delimiter"),
    pytest.param("x.dat", "a;b\n", {}, "csv", id="by another delimiter"),
    pytest.param("x.jsonl", "a,b\n", {"format": "csv"}, "csv", id="as the user says"),
    pytest.param("x.dat", "a\n", {"format": "tsv"}, "tsv", id="as the user says, one column"),
]


@pytest.mark.parametrize(("name", "content", "options", "kind"), FORMATS)
def test_the_format(tmp_path: Path, name: str, content: str, options: dict[str, str], kind: str) -> None:
    with open_table(str(written(tmp_path / name, content)), ReadOptions(**options)) as table:  # type: ignore[arg-type]
        assert table.format == kind


cell = st.text(alphabet='ab ,;"\n\r\té|', max_size=6)
tables = st.lists(st.lists(cell, min_size=2, max_size=4), min_size=2, max_size=6)
newlines = st.sampled_from(["\n", "\r\n", "\r"])


def csv_text(rows: list[list[str]], newline: str) -> str:
    text = io.StringIO(newline="")
    quoting: Literal[0, 1] = csv.QUOTE_MINIMAL if newline == "\r\n" else csv.QUOTE_ALL
    csv.writer(text, lineterminator=newline, quoting=quoting).writerows(rows)
    return text.getvalue()


@given(tables, newlines)
def test_any_table_keeps_its_cells(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], newline: str
) -> None:
    path = written(tmp_path_factory.mktemp("any") / "x.csv", csv_text(rows, newline))
    width, new = len(rows[0]), ["x,y", "z"]
    output = rewrite(path, {"m": "x,y", "n": "z"}, delimiter=",").decode()
    [_, *after] = csv.reader(io.StringIO(output, newline=""))
    assert after == [[*row[:width], *[""] * (width - len(row)), *new, *row[width:]] for row in rows[1:]]


@settings(max_examples=200)
@given(tables, newlines, st.integers(1, 9), st.integers(1, 3))
def test_pieces_of_any_size_give_the_same_characters(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], newline: str, block: int, chunk_rows: int
) -> None:
    text = csv_text(rows, newline)
    path = written(tmp_path_factory.mktemp("any") / "x.csv", text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(source, "_BLOCK", block)
        patch.setattr(records, "CHUNK_ROWS", chunk_rows)
        assert rows_of(path, delimiter=",", header=False) == rows
        chunks = chunks_of(path, delimiter=",", header=False)
        output = rewrite(path, {"new": "\N{SNOWMAN}"}, delimiter=",").decode()
    assert max(len(chunk.texts) for chunk in chunks) <= chunk_rows
    starts = list(chain.from_iterable(chunk.lines for chunk in chunks))
    ends = [io.StringIO(csv_text([row], newline), newline="").readlines() for row in rows]
    assert starts == [1 + sum(map(len, ends[:place])) for place in range(len(rows))]
    commas = ["," * (len(rows[0]) - len(row)) for row in rows]
    whole = [csv_text([row], newline)[: -len(newline)] + missing for row, missing in zip(rows, commas, strict=True)]
    assert output.replace(",new", "", 1).replace(",\N{SNOWMAN}", "") == "".join(line + newline for line in whole)
    assert output.count("\N{SNOWMAN}") == len(rows) - 1
