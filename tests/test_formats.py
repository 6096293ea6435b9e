from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rewriting import rewrite, rows_of, written

from smclassify.errors import TableError, UsageError
from smclassify.tables.formats import open_table, open_writer
from smclassify.tables.values import FORMATS, Chunk, ReadOptions, format_of, numbered_names

if TYPE_CHECKING:
    from pathlib import Path

NAMES = [
    ("x.csv", "csv"), ("X.CSV", "csv"), ("x.csv.gz", "csv"), ("x.tsv", "tsv"), ("x.tab", "tsv"), ("x.jsonl", "jsonl"),
    ("x.ndjson.GZ", "jsonl"), ("x.lines", "lines"), ("x.xlsx", "excel"), ("x.XLSM", "excel"), ("x.parquet", "parquet"),
    ("a.csv/x.pq", "parquet"), ("x.txt", None), ("x", None), ("-", None), (".csv", None), ("x.csv.bak", None),
]  # fmt: skip


@pytest.mark.parametrize(("name", "kind"), NAMES)
def test_the_format_a_name_stands_for(name: str, kind: str | None) -> None:
    assert format_of(name) == kind


def test_names_for_columns_without_headers() -> None:
    assert (numbered_names(1), numbered_names(3)) == (("text",), ("column1", "column2", "column3"))


@pytest.mark.parametrize(
    ("start", "stop", "expected"),
    [
        pytest.param(1, 4, Chunk(["b", "c", "d"], [3, 5, 6], frozenset({1}), (3, 6)), id="in the middle"),
        pytest.param(0, 1, Chunk(["a"], [2], frozenset({0})), id="the first record"),
        pytest.param(3, 5, Chunk(["d", "e"], [6, 9], ragged=(6, 9), unclosed=9), id="the end"),
    ],
)
def test_a_part_of_a_chunk(start: int, stop: int, expected: Chunk) -> None:
    whole = Chunk(list("abcde"), [2, 3, 5, 6, 9], frozenset({0, 2}), ragged=(3, 6, 9), unclosed=9)
    assert whole.cut(start, stop) == expected


OPENED = [
    pytest.param("x.csv", "a,b\n", {}, "csv", id="CSV by name"),
    pytest.param("x.jsonl", '{"a": 1}\n', {}, "jsonl", id="JSON Lines by name"),
    pytest.param("x.lines", "a,b\n", {}, "lines", id="lines by name"),
    pytest.param("x.txt", "a,b\n", {}, "lines", id="a text file"),
    pytest.param("x.TXT", "a\tb\n", {}, "tsv", id="a text file with tabs"),
    pytest.param("x.txt", "a;b\n", {"delimiter": ";"}, "csv", id="a text file with a delimiter"),
    pytest.param("x.txt", "\ufeffa\tb\n".encode("utf-16-le"), {}, "tsv", id="a text file with tabs in UTF-16"),
    pytest.param("x.txt", "\ufeff\u0109\n".encode("utf-16-le"), {}, "lines", id="a byte that is no tab"),
    pytest.param("x.txt", "\u0109\n".encode("utf-16-be"), {"encoding": "utf-16-be"}, "lines", id="nor here"),
    pytest.param("x.txt", "a,b\n", {"format": "csv"}, "csv", id="a text file said to be CSV"),
    pytest.param("x.dat", "a,b\n", {}, "csv", id="an unknown name"),
    pytest.param("x.csv", '{"a": 1}\n', {"format": "jsonl"}, "jsonl", id="said to be JSON Lines"),
    pytest.param("x.csv", "a,b\n", {"format": "lines"}, "lines", id="said to be lines"),
]


@pytest.mark.parametrize(("name", "content", "options", "kind"), OPENED)
def test_opening(tmp_path: Path, name: str, content: str | bytes, options: dict[str, Any], kind: str) -> None:
    with open_table(str(written(tmp_path / name, content)), ReadOptions(**options)) as table:
        assert table.format == kind


def test_a_packed_text_file(tmp_path: Path) -> None:
    import gzip

    with open_table(str(written(tmp_path / "x.txt.gz", gzip.compress(b"a,b\n"))), ReadOptions()) as table:
        assert table.format == "lines"


def test_no_such_format(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"There is no format 'xml'\.") as caught:
        rows_of(tmp_path / "x.csv", format="xml")
    assert caught.value.tip == "The formats are: csv, tsv, jsonl, lines, excel, parquet."


@pytest.mark.parametrize("kind", ["excel", "parquet"])
def test_whole_files_are_not_read_from_a_pipe(kind: str) -> None:
    with (
        pytest.raises(UsageError, match=f"The format {kind} cannot be read from a pipe"),
        open_table("-", ReadOptions(format=kind)),
    ):
        pass


@pytest.mark.parametrize("kind", ["excel", "parquet"])
@pytest.mark.parametrize("name", ["pipe", "/dev/zero"])
def test_whole_files_are_not_read_from_what_is_no_file(tmp_path: Path, name: str, kind: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match=f"The format {kind} cannot be read from a pipe or a device") as caught:
        rows_of(tmp_path / name, format=kind)
    assert caught.value.tip == "Save it as a file first."


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """The same table in each format."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["text"])
    sheet.append(["a"])
    book.save(tmp_path / "x.xlsx")
    pq.write_table(pa.table({"text": ["a"]}), tmp_path / "x.parquet")
    return {
        "csv": written(tmp_path / "x.csv", "text\na\n"),
        "tsv": written(tmp_path / "x.tsv", "text\na\n"),
        "jsonl": written(tmp_path / "x.jsonl", '{"text":"a"}\n'),
        "lines": written(tmp_path / "x.lines", "a\n"),
        "excel": tmp_path / "x.xlsx",
        "parquet": tmp_path / "x.parquet",
    }


WRITTEN = {
    "out.csv": b"text,new\na,X\n",
    "out.tsv": b"text\tnew\na\tX\n",
    "out.jsonl": b'{"text": "a", "new": "X"}\n',
    "out.lines": b"text\tnew\na\tX\n",
}


@pytest.mark.parametrize("target", WRITTEN)
@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_is_written_as_every_text_format(files: dict[str, Path], kind: str, target: str) -> None:
    own = {"jsonl": b'{"text":"a", "new": "X"}\n', "lines": b"a\tX\n"}
    expected = own.get(kind, WRITTEN[target]) if format_of(target) == kind else WRITTEN[target]
    assert rewrite(files[kind], target=target) == expected


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_is_written_as_a_workbook_and_as_parquet(
    files: dict[str, Path], tmp_path: Path, kind: str
) -> None:
    for name in ("y.xlsx", "y.parquet"):
        path = written(tmp_path / name, rewrite(files[kind], target=name))
        assert rows_of(path) == [["a", "X"]]
        with open_table(str(path), ReadOptions()) as table:
            assert table.headers == ("text", "new")


@pytest.mark.parametrize("target", ["-", "out", "out.txt"])
@pytest.mark.parametrize("kind", FORMATS)
def test_a_target_that_says_nothing_keeps_the_format(files: dict[str, Path], kind: str, target: str) -> None:
    output = rewrite(files[kind], target=target)
    if kind in {"excel", "parquet"} and target != "-":
        assert output.startswith({"excel": b"PK", "parquet": b"PAR1"}[kind])
        return
    own = {"jsonl": b'{"text":"a", "new": "X"}\n', "lines": b"a\tX\n", "tsv": b"text\tnew\na\tX\n"}
    assert output == own.get(kind, b"text,new\na,X\n")


@pytest.mark.parametrize(
    ("kind", "target", "wanted"),
    [("csv", "out.xlsx.gz", "excel"), ("csv", "OUT.PARQUET.GZ", "parquet"), ("parquet", "out.gz", "parquet")],
)
def test_whole_files_are_not_packed(files: dict[str, Path], kind: str, target: str, wanted: str) -> None:
    with pytest.raises(UsageError) as caught:
        rewrite(files[kind], target=target)
    assert caught.value.message == f"{target}: the format {wanted} cannot be packed with gzip."
    assert caught.value.tip == "Leave .gz out of the name."


# --- extras --------------------------------------------------------------------------------------------------------

EXTRAS = [("excel", "openpyxl"), ("parquet", "pyarrow")]


@pytest.fixture
def without_extras(monkeypatch: pytest.MonkeyPatch) -> None:
    hidden = {needed for _, needed in EXTRAS}
    monkeypatch.setattr("smclassify.tables.formats.find_spec", lambda name: None if name in hidden else find_spec(name))


@pytest.mark.usefixtures("without_extras")
@pytest.mark.parametrize(("kind", "needed"), EXTRAS)
def test_an_extra_that_is_missing_to_read(files: dict[str, Path], kind: str, needed: str) -> None:
    with pytest.raises(UsageError) as caught:
        rows_of(files[kind])
    assert caught.value.message == f"The format {kind} needs {needed}, which is not installed."
    assert caught.value.tip == f"Install it: pip install 'smclassify[{kind}]'"


@pytest.mark.usefixtures("without_extras")
def test_a_file_that_is_missing_needs_no_extra(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="there is no such file"):
        rows_of(tmp_path / "missing.xlsx")


@pytest.mark.usefixtures("without_extras")
@pytest.mark.parametrize(("kind", "needed"), EXTRAS)
def test_an_extra_that_is_missing_to_write(files: dict[str, Path], kind: str, needed: str) -> None:
    with pytest.raises(UsageError) as caught:
        rewrite(files["csv"], target=files[kind].name)
    assert caught.value.message == f"The format {kind} needs {needed}, which is not installed."
    assert caught.value.tip == f"Install it: pip install 'smclassify[{kind}]'"


def test_text_formats_load_no_extra() -> None:
    code = (
        "import sys; from smclassify.tables import formats; "
        "assert not {'openpyxl', 'pyarrow', 'pandas', 'numpy'} & set(sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_writer_is_asked_for_by_the_table_that_is_open(files: dict[str, Path]) -> None:
    with open_table(str(files["csv"]), ReadOptions()) as table:
        writer = open_writer(table, "out.csv.gz", sys.stdout.buffer)
        assert type(writer).__name__ == "DelimitedWriter"
