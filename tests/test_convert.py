from __future__ import annotations

import csv
import io
import json
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rewriting import rewrite, written

from smclassify.errors import TableError
from smclassify.tables import convert, records
from smclassify.tables.cells import pieces
from smclassify.tables.convert import as_text, first_line, unique_names

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

TEXTS = [
    pytest.param("ü\n", "ü\n", id="text"),
    pytest.param("\ud83d!", "?!", id="half a pair"),
    pytest.param(None, "", id="none"),
    pytest.param(True, "true", id="truth value"),
    pytest.param(12345678901234567890, "12345678901234567890", id="large number"),
    pytest.param(0.1, "0.1", id="number"),
    pytest.param(float("nan"), "nan", id="not a number"),
    pytest.param(Decimal("1.10"), "1.10", id="decimal"),
    pytest.param(date(2026, 3, 2), "2026-03-02", id="date"),
    pytest.param(datetime(2026, 3, 2, tzinfo=UTC), "2026-03-02T00:00:00+00:00", id="moment"),
    pytest.param(time(9, 30), "09:30:00", id="time"),
    pytest.param(timedelta(hours=36), "36:00:00", id="duration"),
    pytest.param(timedelta(hours=-12), "-12:00:00", id="negative duration"),
    pytest.param(timedelta(days=-1, seconds=1), "-23:59:59", id="negative duration with seconds"),
    pytest.param(timedelta(minutes=5, milliseconds=250), "00:05:00.250000", id="short duration"),
    pytest.param([timedelta(hours=1)], '["01:00:00"]', id="duration in a list"),
    pytest.param("é".encode(), "é", id="bytes of text"),
    pytest.param(b"\xff\x00", "ff00", id="other bytes"),
    pytest.param(b"a\x00", "6100", id="bytes with a zero"),
    pytest.param([1, None, "ü", [True]], '[1, null, "ü", [true]]', id="list"),
    pytest.param({"a": date(2026, 3, 2), "b": Decimal("1.10")}, '{"a": "2026-03-02", "b": "1.10"}', id="object"),
]


@pytest.mark.parametrize(("value", "text"), TEXTS)
def test_as_text(value: object, text: str) -> None:
    assert as_text(value) == text


@pytest.mark.parametrize("text", ["not X", "not X.", "not X...", "not X.\nIt is Y."])
def test_first_line(text: str) -> None:
    assert first_line(ValueError(text)) == "not X"


def test_what_json_has_not_is_null_in_it() -> None:
    assert convert._json([float("nan"), {"é": float("-inf")}, (1.5, "ü")]) == '[null, {"é": null}, [1.5, "ü"]]'


NAMES = [
    pytest.param(["a", "b"], ["a", "b"], id="different"),
    pytest.param(["a", "a", "a"], ["a", "a_2", "a_3"], id="the same"),
    pytest.param(["a", "a", "a_2"], ["a", "a_3", "a_2"], id="the same with a number"),
    pytest.param(["", "x", ""], ["column1", "x", "column3"], id="blank"),
    pytest.param(["", "column1", "column1"], ["column1_2", "column1", "column1_3"], id="blank beside a number"),
]


@pytest.mark.parametrize(("names", "expected"), NAMES)
def test_unique_names(names: list[str], expected: list[str]) -> None:
    assert unique_names(names) == expected


@given(st.lists(st.sampled_from(["", "a", "a_2", "a_3", "column1", "column2", "column2_2"])), st.integers(0, 3))
def test_unique_names_of_any_headers(names: list[str], surplus: int) -> None:
    unique = unique_names(names)
    assert len(unique) == len(set(unique)) == len(names)
    assert all(name in unique for name in names if name)
    assert unique_names(names + [""] * surplus)[: len(names)] == unique


TO_CSV = [
    pytest.param("x.tsv", "a\tb\n1\t'x,y'\n", "a,b,new\n1,\"'x,y'\",X\n", id="TSV"),
    pytest.param("x.tsv", "a\tb\n1\n\n1\t2\t3\n", "a,b,new\n1,,X\n1,2,X,3\n", id="ragged rows and a blank line"),
    pytest.param("x.tsv", 'sep=;\r\n"a";b\r\n1;"2\r\n3"\r\n', 'a,b,new\n1,"2\r\n3",X\n', id="sep line and CRLF"),
    pytest.param("x.tsv", "a\ta\t\n1\t2\t3\n", "a,a,,new\n1,2,3,X\n", id="repeated and blank headers"),
    pytest.param("x.tsv", "\ufeffa\n", "a,new\n", id="header only, byte order mark"),
    pytest.param("x.lines", 'say "hi"\n\nx,y', 'text,new\n"say ""hi""",X\n,X\n"x,y",X\n', id="lines"),
    pytest.param(
        "x.jsonl", '{"a": {"b": [1.5, null]}, "c": true}\n\n{"c": 1e2}\n{"d": "00123"}',
        'a,c,d,new\n"{""b"": [1.5, null]}",true,,X\n,1e2,,X\n,,00123,X\n', id="JSON Lines",
    ),
    pytest.param("x.jsonl", '{"a": "\\ud83d"}\n', "a,new\n?,X\n", id="half a pair in JSON"),
]  # fmt: skip


@pytest.mark.parametrize("chunk_rows", [1, 4096])
@pytest.mark.parametrize(("name", "before", "after"), TO_CSV)
def test_to_csv(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, before: str, after: str, chunk_rows: int
) -> None:
    monkeypatch.setattr(records, "CHUNK_ROWS", chunk_rows)
    assert rewrite(written(tmp_path / name, before), target="out.csv").decode() == after


def test_new_cells_in_csv(tmp_path: Path) -> None:
    path = written(tmp_path / "x.lines", "a\n")
    new = {"t": "x,y", "n": 0.5, "z": None, "b": ""}
    assert rewrite(path, new, target="out.csv") == b'text,t,n,z,b\na,"x,y",0.5000,,\n'
    assert rewrite(path, new, target="out.tsv") == b"text\tt\tn\tz\tb\na\tx,y\t0.5000\t\t\n"


def test_to_csv_without_a_header(tmp_path: Path) -> None:
    path = written(tmp_path / "x.tsv", "1\t2\n")
    assert rewrite(path, target="out.csv", header=False) == b"column1,column2,new\n1,2,X\n"


TO_JSON = [
    pytest.param("x.csv", "a;b\n007;\n", [{"a": "007", "b": "", "new": "X"}], id="CSV: texts stay texts"),
    pytest.param("x.csv", "a,b\n1\n\n", [{"a": "1", "b": None, "new": "X"}], id="short row and blank line"),
    pytest.param(
        "x.csv", "a,b\n1,2,3,4\n5,6\n1,2,7\n",
        [{"a": "1", "b": "2", "column3": "3", "column4": "4", "new": "X"}, {"a": "5", "b": "6", "new": "X"},
         {"a": "1", "b": "2", "column3": "7", "new": "X"}], id="long rows",
    ),
    pytest.param(
        "x.csv", "a,a,,column5\n1,2,3,4,5\n",
        [{"a": "1", "a_2": "2", "column3": "3", "column5": "4", "column5_2": "5", "new": "X"}],
        id="repeated and blank headers",
    ),
    pytest.param("x.lines", "ü\n\n", [{"text": "ü", "new": "X"}, {"text": "", "new": "X"}], id="lines"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "before", "after"), TO_JSON)
def test_to_json(tmp_path: Path, name: str, before: str, after: list[dict[str, str]]) -> None:
    output = rewrite(written(tmp_path / name, before), target="out.jsonl").decode()
    assert [list(json.loads(line).items()) for line in output.splitlines()] == [list(row.items()) for row in after]
    assert "\\u" not in output


def test_new_values_in_json(tmp_path: Path) -> None:
    path = written(tmp_path / "x.lines", "a\n")
    new = {"t": "é", "n": 0.9812, "z": None, "b": ""}
    assert (
        rewrite(path, new, target="out.jsonl").decode()
        == '{"text": "a", "t": "é", "n": 0.9812, "z": null, "b": null}\n'
    )


def test_parquet_values_in_json_and_csv(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    table = {
        "n": [1, None], "f": [float("nan"), 0.5], "d": [date(2026, 3, 2), None], "b": [b"\xff", b"x"],
        "s": [{"x": [float("inf"), 1.0]}, None],
    }  # fmt: skip
    pq.write_table(pa.table(table), path)
    assert [json.loads(line) for line in rewrite(path, target="out.jsonl").splitlines()] == [
        {"n": 1, "f": None, "d": "2026-03-02", "b": "ff", "s": {"x": [None, 1.0]}, "new": "X"},
        {"n": None, "f": 0.5, "d": None, "b": "x", "s": None, "new": "X"},
    ]
    assert rewrite(path, target="-").decode() == (
        'n,f,d,b,s,new\n1,nan,2026-03-02,ff,"{""x"": [Infinity, 1.0]}",X\n,0.5,,x,,X\n'
    )


def test_a_key_that_comes_late_is_refused_where_it_has_no_column(tmp_path: Path) -> None:
    path = written(tmp_path / "x.jsonl", '{"a": 1}\n' * 1000 + '\n{"a": 1, "b": 2}\n')
    for target in ("out.csv", "out.tsv", "out.xlsx", "out.parquet"):
        with pytest.raises(TableError, match=r"x\.jsonl:1002: the first objects have no key 'b'") as caught:
            rewrite(path, target=target)
        assert caught.value.tip == "Write JSON Lines instead: -o out.jsonl"


@pytest.mark.parametrize(("content", "line"), [('{"a": 1}\n\n{"a": "\\u0000"}\n', 3), ('{"a\\u0000": 1}\n', 1)])
def test_a_nul_is_refused_where_it_would_make_text_binary(tmp_path: Path, content: str, line: int) -> None:
    path = written(tmp_path / "x.jsonl", content)
    for target in ("out.csv", "out.tsv"):
        with pytest.raises(TableError) as caught:
            rewrite(path, target=target)
        assert caught.value.message == f"{path}:{line}: a NUL character, which no CSV file can hold."
        assert caught.value.tip == "Write JSON Lines instead: -o out.jsonl"


cells = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=5)
headers = st.lists(cells, min_size=2, max_size=4)


def parsed(content: bytes, delimiter: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode(), newline=""), delimiter=delimiter))


def csv_bytes(rows: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()


@given(headers, st.lists(st.lists(cells, min_size=2, max_size=5), max_size=5))
def test_any_table_keeps_its_values_in_every_text_format(
    tmp_path_factory: pytest.TempPathFactory, header: list[str], rows: list[list[str]]
) -> None:
    folder, width = tmp_path_factory.mktemp("any"), len(header)
    path = written(folder / "x.csv", csv_bytes([header, *rows]))
    options = {"delimiter": ",", "encoding": "utf-8"}
    if path.read_bytes().startswith(b"sep="):
        return
    tsv = parsed(rewrite(path, target="out.tsv", **options), "\t")
    header = tsv[0][:width]  # a byte order mark in the first header is taken for one of the file
    assert tsv == [[*header, "new"]] + [[*row[:width], *[""] * (width - len(row)), "X", *row[width:]] for row in rows]
    lines = rewrite(path, target="out.jsonl", **options).decode().split("\n")
    objects = [json.loads(line) for line in lines if line]
    assert [list(found.values()) for found in objects] == [[*row, *[None] * (width - len(row)), "X"] for row in rows]


@pytest.mark.parametrize("sizes", [[], [1], [400_000] * 7, [3_000_000, 1, 3_000_000]], ids=str)
def test_pieces_of_rows(sizes: list[int]) -> None:
    rows = [str(place % 10) * size for place, size in enumerate(sizes)]
    found = list(pieces(rows))
    assert "".join(found) == "".join(rows)
    assert all(1 << 20 <= len(piece) < (1 << 20) + max(sizes) for piece in found[:-1])
    assert len(found[-1]) < 1 << 20
