from __future__ import annotations

import gc
import io
import json
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rewriting import chunks_of, rewrite, rows_of, written

from smclassify.errors import TableError
from smclassify.tables import parquet
from smclassify.tables.arrow_values import values_of
from smclassify.tables.convert import as_text
from smclassify.tables.formats import open_table, open_writer
from smclassify.tables.values import ReadOptions


def read(content: bytes) -> pa.Table:
    return pq.read_table(io.BytesIO(content))


def saved(path: Path, table: pa.Table, **options: object) -> Path:
    pq.write_table(table, path, **options)
    return path


COLUMNS: dict[str, pa.Array] = {
    "task": pa.array(["cold call", None, ""]),
    "small": pa.array([1, None, 3], pa.int8()),
    "large": pa.array([2**63, 1, None], pa.uint64()),
    "number": pa.array([0.1, float("nan"), None], pa.float32()),
    "money": pa.array([Decimal("1.10"), None, Decimal("-3.00")], pa.decimal128(9, 2)),
    "flag": pa.array([True, None, False]),
    "day": pa.array([1, 2, None], pa.date32()),
    "moment": pa.array([datetime(2026, 3, 2, tzinfo=UTC), None, None], pa.timestamp("us", "Europe/Madrid")),
    "bytes": pa.array([b"\xff", b"a", None], pa.binary()),
    "nested": pa.array([{"a": 1, "b": ["x"]}, None, {"a": None, "b": []}]),
    "list": pa.array([[1, 2], [], None], pa.list_(pa.int16())),
    "map": pa.array([[("k", 1)], None, []], pa.map_(pa.string(), pa.int64())),
    "category": pa.array(["a", "b", "a"]).dictionary_encode(),
    "large_text": pa.array(["a", "b", None], pa.large_string()),
}


def test_values_and_types_stay(tmp_path: Path) -> None:
    before = pa.table(COLUMNS)
    path = saved(tmp_path / "x.parquet", before)
    after = read(rewrite(path, {"label": "sales", "confidence": 0.9812, "activity": "", "sm_confidence": None}))
    kept = after.select(before.column_names)
    assert kept.schema == before.schema
    assert kept.drop_columns("number").equals(before.drop_columns("number"))
    assert str(kept["number"].to_pylist()) == str(before["number"].to_pylist())
    new = after.select(range(len(COLUMNS), after.num_columns))
    assert new.schema == pa.schema(
        [
            ("label", pa.string()),
            ("confidence", pa.float64()),
            ("activity", pa.string()),
            ("sm_confidence", pa.float64()),
        ]
    )
    assert new.to_pylist() == [{"label": "sales", "confidence": 0.9812, "activity": None, "sm_confidence": None}] * 3


TEXTS = [
    pytest.param("task", ["cold call", "", ""], id="text"),
    pytest.param("small", ["1", "", "3"], id="number"),
    pytest.param("money", ["1.10", "", "-3.00"], id="decimal"),
    pytest.param("flag", ["true", "", "false"], id="truth value"),
    pytest.param("day", ["1970-01-02", "1970-01-03", ""], id="date"),
    pytest.param("moment", ["2026-03-02T01:00:00+01:00", "", ""], id="moment"),
    pytest.param("bytes", ["ff", "a", ""], id="bytes"),
    pytest.param("nested", ['{"a": 1, "b": ["x"]}', "", '{"a": null, "b": []}'], id="nested"),
    pytest.param("category", ["a", "b", "a"], id="dictionary"),
]


@pytest.mark.parametrize(("name", "texts"), TEXTS)
def test_texts(tmp_path: Path, name: str, texts: list[str]) -> None:
    path = saved(tmp_path / "x.parquet", pa.table(COLUMNS))
    [chunk] = chunks_of(path, list(COLUMNS).index(name))
    assert (chunk.texts, list(chunk.lines), chunk.blanks) == (texts, [1, 2, 3], frozenset())


NEAR, FAR = datetime(2026, 3, 2, 1, 2, 3, 4), datetime(9999, 12, 31)  # noqa: DTZ001 - Parquet has no zone here
INT96 = [
    pytest.param(pa.array([NEAR, None], pa.timestamp("us")), "ns", id="near"),
    pytest.param(pa.array([1, None], pa.timestamp("ns")), "ns", id="nanoseconds"),
    pytest.param(pa.array([NEAR, FAR], pa.timestamp("us")), "us", id="far"),
    pytest.param(pa.array([{"x": [NEAR, FAR]}], pa.struct({"x": pa.list_(pa.timestamp("us"))})), "us", id="nested"),
]


@pytest.mark.parametrize(("moments", "unit"), INT96)
def test_timestamps_of_the_old_kind_stay(tmp_path: Path, moments: pa.Array, unit: str) -> None:
    before = pa.table({"a.b": ["x"] * len(moments), "c.d": moments})
    path = saved(tmp_path / "x.parquet", before, use_deprecated_int96_timestamps=True)
    after = read(rewrite(path))["c.d"]
    assert f"[{unit}]" in str(after.type)
    assert after.cast(moments.type).combine_chunks() == moments


@pytest.mark.parametrize("name", ["file:x.parquet", "s3:x.parquet", "\udcff.parquet"])
def test_any_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    saved(tmp_path / "x", pa.table({"a": ["x"]})).rename(name)
    assert rows_of(Path(name)) == [["x"]]


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    path = saved(tmp_path / "x.parquet", pa.table({"a": [f"{n}" * 50 for n in range(100_000)]}), compression="none")
    with open_table(str(path), ReadOptions()) as table:
        chunks, before = table.chunks(0), pa.total_allocated_bytes()
        assert max(pa.total_allocated_bytes() - before for _ in chunks) < path.stat().st_size // 2


def test_what_is_known_of_a_table(tmp_path: Path) -> None:
    path = saved(tmp_path / "x.parquet", pa.table({"a": ["x"] * 20_000, "n": [{"q": 1}] * 20_000}))
    with open_table(str(path), ReadOptions()) as table:
        assert (table.name, table.format, table.headers, table.names) == (str(path), "parquet", ("a", "n"), ("a", "n"))
        assert (table.width, table.size, table.position()) == (2, 20_000, 0)
        assert table.describe() == "Parquet, 20,000 rows"
        assert [(chunk.lines[0], len(chunk.texts), table.position()) for chunk in table.chunks(0)] == [
            (1, 16_384, 16_384),
            (16_385, 3_616, 20_000),
        ]


@pytest.mark.parametrize("codec", ["snappy", "gzip", "brotli", "zstd", "lz4", "none"])
def test_the_compression_stays(tmp_path: Path, codec: str) -> None:
    path = saved(tmp_path / "x.parquet", pa.table({"a": ["x"], "n": [{"q": [1]}]}), compression=codec)
    group = pq.ParquetFile(io.BytesIO(rewrite(path))).metadata.row_group(0)
    expected = "UNCOMPRESSED" if codec == "none" else codec.upper()
    assert [group.column(place).compression for place in range(3)] == [expected] * 3


def test_each_column_keeps_its_own_compression(tmp_path: Path) -> None:
    codecs = {"a": "ZSTD", "n.q": "GZIP", "b": "NONE"}
    path = saved(tmp_path / "x.parquet", pa.table({"a": ["x"], "n": [{"q": 1}], "b": ["y"]}), compression=codecs)
    group = pq.ParquetFile(io.BytesIO(rewrite(path))).metadata.row_group(0)
    assert {group.column(place).path_in_schema: group.column(place).compression for place in range(4)} == {
        "a": "ZSTD", "n.q": "GZIP", "b": "UNCOMPRESSED", "new": "ZSTD"
    }  # fmt: skip


def test_lists_of_the_old_kind_keep_their_compression(tmp_path: Path) -> None:
    table = pa.table({"l": [["x"]], "a": ["x"]})
    codecs = {"l.list.item": "GZIP", "a": "ZSTD"}
    path = saved(tmp_path / "x.parquet", table, compression=codecs, use_compliant_nested_type=False)
    group = pq.ParquetFile(io.BytesIO(rewrite(path))).metadata.row_group(0)
    assert [group.column(place).path_in_schema for place in range(3)] == ["l.list.element", "a", "new"]
    assert [group.column(place).compression for place in range(3)] == ["GZIP", "ZSTD", "GZIP"]


@pytest.mark.parametrize("n_groups", [0, 1])
def test_a_file_without_rows(tmp_path: Path, n_groups: int) -> None:
    table = pa.table({"a": pa.array([], pa.string()), "n": pa.array([], pa.int8())})
    path = tmp_path / "x.parquet"
    with pq.ParquetWriter(path, table.schema) as writer:
        if n_groups:
            writer.write_table(table)
    after = read(rewrite(path))
    assert (after.num_rows, after.schema) == (0, table.schema.append(pa.field("new", pa.string())))


def test_dictionaries_that_differ_from_group_to_group(tmp_path: Path) -> None:
    column = pa.chunked_array([pa.array(["a", "b"]).dictionary_encode(), pa.array(["c", None]).dictionary_encode()])
    path = saved(tmp_path / "x.parquet", pa.table({"a": column}), row_group_size=2)
    after = read(rewrite(path))
    assert pa.types.is_dictionary(after.schema.field("a").type)
    assert after["a"].to_pylist() == ["a", "b", "c", None]


def test_what_pandas_knows_stays(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {"task": ["a", "b"], "kind": pd.Categorical(["x", "y"]), "n": pd.array([1, None], "Int64")},
        index=pd.Index(["r1", "r2"], name="row"),
    )
    frame.to_parquet(tmp_path / "x.parquet")
    after = pd.read_parquet(io.BytesIO(rewrite(tmp_path / "x.parquet")))
    pd.testing.assert_frame_equal(after.drop(columns="new"), frame)
    assert after["new"].tolist() == ["X", "X"]


NAMES = [
    pytest.param(pd.Index([0, 1], name="n"), ["0", "1"], id="numbers"),
    pytest.param(pd.Index(["a", "b"], name="n"), ["a", "b"], id="texts"),
    pytest.param(
        pd.to_datetime(["2026-03-02", "2026-03-03"]), ["2026-03-02 00:00:00", "2026-03-03 00:00:00"], id="dates"
    ),
    pytest.param(pd.MultiIndex.from_tuples([("a", 1), ("b", 2)]), ["('a', '1')", "('b', '2')"], id="pairs"),
]


@pytest.mark.parametrize(("columns", "names"), NAMES)
def test_pandas_reads_what_had_names_of_any_kind(tmp_path: Path, columns: pd.Index, names: list[str]) -> None:
    pd.DataFrame([["cold call", 1]], columns=columns).to_parquet(tmp_path / "x.parquet")
    after = pd.read_parquet(io.BytesIO(rewrite(tmp_path / "x.parquet")))
    assert (list(after.columns), after.columns.name) == ([*names, "new"], columns.name)
    assert after.to_numpy().tolist() == [["cold call", 1, "X"]]


@pytest.mark.parametrize("known", ["{", "[]", "{}", '{"column_indexes": null}', '{"column_indexes": [{}]}'])
def test_what_pandas_did_not_write_stays(tmp_path: Path, known: str) -> None:
    path = saved(tmp_path / "x.parquet", pa.table({"a": ["x"]}).replace_schema_metadata({"pandas": known}))
    assert pq.read_schema(io.BytesIO(rewrite(path))).metadata[b"pandas"] == known.encode()


def test_metadata_of_the_user_stays(tmp_path: Path) -> None:
    field = pa.field("a", pa.string(), nullable=False, metadata={"unit": "task"})
    schema = pa.schema([field], metadata={"source": "CRM"})
    path = saved(tmp_path / "x.parquet", pa.table({"a": ["x"]}, schema=schema))
    after = pq.ParquetFile(io.BytesIO(rewrite(path))).schema_arrow
    assert after.metadata[b"source"] == b"CRM"
    assert after.field("a").metadata[b"unit"] == b"task"
    assert not after.field("a").nullable


def test_many_row_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "CHUNK_ROWS", 3)
    monkeypatch.setattr(parquet, "_GROUP_ROWS", 6)
    path = saved(tmp_path / "x.parquet", pa.table({"a": [str(n) for n in range(20)]}), row_group_size=7)
    assert max(len(chunk.texts) for chunk in chunks_of(path)) == 3
    file = pq.ParquetFile(io.BytesIO(rewrite(path)))
    assert file.read()["a"].to_pylist() == [str(n) for n in range(20)]
    assert [file.metadata.row_group(place).num_rows for place in range(file.num_row_groups)] == [6, 6, 6, 2]


def test_wide_rows_wait_for_fewer_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "CHUNK_ROWS", 3)
    monkeypatch.setattr(parquet, "_GROUP_BYTES", 6000)
    path = saved(tmp_path / "x.parquet", pa.table({"a": [str(n) * 1000 for n in range(10)]}))
    metadata = pq.ParquetFile(io.BytesIO(rewrite(path))).metadata
    assert [metadata.row_group(place).num_rows for place in range(metadata.num_row_groups)] == [6, 4]


@pytest.mark.parametrize("content", [b"PAR1", b"a,b\n1,2\n", b"PAR1" + b"x" * 99 + b"PAR1"])
def test_what_is_no_parquet_file(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(TableError, match=r"x\.parquet: cannot read the Parquet file: Parquet [^\n]*[^.]\.$") as caught:
        rows_of(written(tmp_path / "x.parquet", content))
    assert caught.value.tip == "Is it damaged?"


def test_a_name_that_is_no_utf8(tmp_path: Path) -> None:
    content = saved(tmp_path / "x.parquet", pa.table({"task": ["cold call"]})).read_bytes()
    with pytest.raises(TableError, match=r"x\.parquet: cannot read the Parquet file: 'utf-8' codec can't decode"):
        rows_of(written(tmp_path / "x.parquet", content.replace(b"task", b"\xf4ask")))


def test_a_text_that_is_no_utf8(tmp_path: Path) -> None:
    table = pa.table({"task": ["a", "b"], "note": ["good", "mine"]})
    path = saved(tmp_path / "x.parquet", table, write_statistics=False)
    written(path, path.read_bytes().replace(b"mine", b"\xf4ine"))
    assert read(rewrite(path))["new"].to_pylist() == ["X", "X"]
    [chunk] = chunks_of(path)
    for taken in (lambda: list(chunk.rows()), lambda: chunk.column(1), lambda: chunks_of(path, 1)):
        with pytest.raises(TableError) as caught:
            taken()
        assert caught.value.message.startswith(f"{path}:2: cannot read the value in column 'note': 'utf-8' codec can't")
        assert caught.value.tip == "Is the file damaged? Its texts must be UTF-8."


BEYOND_PYTHON = [
    pytest.param(pa.timestamp("us"), 253402300800000000, "10000-01-01T00:00:00", id="a moment too late"),
    pytest.param(pa.timestamp("s"), -62167219201, "-0001-12-31T23:59:59", id="a moment too early"),
    pytest.param(pa.timestamp("s", "Asia/Tokyo"), 253402300799, "9999-12-31T23:59:59+00:00", id="too late in its zone"),
    pytest.param(pa.timestamp("us", "Foo/Bar"), 1, "1970-01-01T00:00:00.000001+00:00", id="a zone that is not known"),
    pytest.param(pa.timestamp("ns"), 1, "1970-01-01T00:00:00.000000001", id="nanoseconds of a moment"),
    pytest.param(
        pa.timestamp("ns", "Europe/Madrid"), -1, "1970-01-01T00:59:59.999999999+01:00", id="nanoseconds in a zone"
    ),
    pytest.param(pa.timestamp("ns", "Foo/Bar"), 1, "1970-01-01T00:00:00.000000001+00:00", id="in a zone not known"),
    pytest.param(pa.timestamp("ns"), 1000, "1970-01-01T00:00:00.000001", id="microseconds of a moment"),
    pytest.param(pa.date32(), -719163, "0000-12-31", id="a day too early"),
    pytest.param(pa.date32(), 2932897, "10000-01-01", id="a day too late"),
    pytest.param(pa.time64("ns"), 45296000000001, "12:34:56.000000001", id="nanoseconds of a time"),
    pytest.param(pa.duration("s"), 10**18, "277777777777777:46:40", id="a duration too long"),
    pytest.param(pa.duration("ns"), -1, "-00:00:00.000000001", id="nanoseconds of a duration"),
    pytest.param(pa.duration("ns"), -(10**9), "-00:00:01", id="seconds of a duration"),
]


@pytest.mark.parametrize(("kind", "number", "text"), BEYOND_PYTHON)
def test_moments_that_python_cannot_hold(tmp_path: Path, kind: pa.DataType, number: int, text: str) -> None:
    moment = pa.array([number, None], pa.int32() if kind == pa.date32() else pa.int64()).view(kind)
    table = pa.table({
        "text": moment, "struct": pa.StructArray.from_arrays([moment, moment], ["a", "a"]),
        "list": pa.ListArray.from_arrays([0, 0, 2], moment),
    })  # fmt: skip
    path = saved(tmp_path / "x.parquet", table)
    assert chunks_of(path)[0].texts == [text, ""]
    assert [json.loads(line) for line in rewrite(path, target="x.jsonl").splitlines()] == [
        {"text": text, "struct": {"a": text, "a_2": text}, "list": [], "new": "X"},
        {"text": None, "struct": {"a": None, "a_2": None}, "list": [text, None], "new": "X"},
    ]
    pairs = pa.MapArray.from_arrays([0, 1, 1], pa.array(["k"]), moment[:1])
    assert [list(map(as_text, pair)) for pair in values_of(pairs)[0]] == [["k", text]]


def test_damage_in_the_middle(tmp_path: Path) -> None:
    path = saved(tmp_path / "x.parquet", pa.table({"a": [f"task {n}" for n in range(50_000)]}), compression="gzip")
    content = bytearray(path.read_bytes())
    content[1000:9000] = b"\xff" * 8000
    with pytest.raises(TableError, match=r"x\.parquet: cannot read the Parquet file: [^\n]*[^.]\.$"):
        rows_of(written(path, bytes(content)))


def test_a_file_without_columns(tmp_path: Path) -> None:
    path = saved(tmp_path / "x.parquet", pa.table({}))
    with pytest.raises(TableError, match=r"x\.parquet: the file has no columns\.") as caught:
        rows_of(path)
    assert caught.value.tip == "Give a file with a column of texts."


def test_a_column_name_twice(tmp_path: Path) -> None:
    table = pa.Table.from_arrays([pa.array(["x"]), pa.array([1])], names=["a", "a"])
    path = saved(tmp_path / "x.parquet", table)
    after = pq.ParquetFile(io.BytesIO(rewrite(path))).read()
    assert after.column_names == ["a", "a", "new"]
    assert [column.to_pylist() for column in after.columns] == [["x"], [1], ["X"]]


# --- Parquet from other formats ------------------------------------------------------------------------------------


def test_texts_from_csv(tmp_path: Path) -> None:
    path = written(tmp_path / "x.csv", "id,,id,task\n007,a,b,cold call\n\n008\n")
    after = read(rewrite(path, {"label": "sales", "confidence": 0.5}, target="x.parquet"))
    assert after.schema.names == ["id", "column2", "id_2", "task", "label", "confidence"]
    assert [tuple(row.values()) for row in after.to_pylist()] == [
        ("007", "a", "b", "cold call", "sales", 0.5), ("008", None, None, None, "sales", 0.5)
    ]  # fmt: skip
    assert {str(kind) for kind in after.schema.types} == {"string", "double"}


def test_values_from_json(tmp_path: Path) -> None:
    lines = [{"a": "x", "b": {"c": [1, "ü"]}}, {"a": None, "b": 1.5}, {"a": "\ud83d"}]
    path = written(tmp_path / "x.jsonl", "\n".join(map(json.dumps, lines)).replace("1.5", "1.50"))
    assert read(rewrite(path, target="x.parquet")).to_pylist() == [
        {"a": "x", "b": '{"c": [1, "ü"]}', "new": "X"}, {"a": None, "b": "1.50", "new": "X"},
        {"a": "?", "b": None, "new": "X"},
    ]  # fmt: skip


@pytest.mark.parametrize("content", ["a,b\n", "a,b\n\n\n"], ids=["header only", "blank lines"])
def test_no_rows(tmp_path: Path, content: str) -> None:
    after = read(rewrite(written(tmp_path / "x.csv", content), target="x.parquet"))
    assert (after.num_rows, after.schema.names) == (0, ["a", "b", "new"])


def test_surplus_cells_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "x.csv", 'a,b\n1,"\n2"\n\n1,2,3\n')
    with pytest.raises(TableError, match=r"x\.csv:5: the row has 3 cells, but there are 2 columns\.") as caught:
        rewrite(path, target="x.parquet")
    assert caught.value.tip == "Parquet has no place for more: write CSV or JSON Lines, for instance -o out.csv"


def test_a_writer_that_is_left_does_not_complain_about_its_closed_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    complaints: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", complaints.append)
    path = written(tmp_path / "x.csv", "a\n1\n")
    with open_table(str(path), ReadOptions()) as table, io.BytesIO() as out:
        writer = open_writer(table, "x.parquet", out)
        writer.start(["new"])
    assert isinstance(writer, parquet.ParquetWriter)
    writer._writer = None  # rubbish in a circle goes in any order
    del writer
    gc.collect()
    assert complaints == []
