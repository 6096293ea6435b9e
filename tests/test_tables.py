from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smclassify.errors import TableError, UsageError
from smclassify.tables import ReadOptions, Row, TableWriter, check_target, open_table, open_target


def rewrite(path: Path, new: list[str], **options: object) -> bytes:
    """Return the file with the same new cells in every row."""
    out = io.BytesIO()
    with open_table(str(path), ReadOptions(**options)) as table:  # type: ignore[arg-type]
        writer = TableWriter(table, out)
        writer.start(["new"] * len(new))
        writer.write([(row, new) for row in table.rows])
    return out.getvalue()


def rows_of(path: Path) -> list[Row]:
    with open_table(str(path), ReadOptions()) as table:
        return list(table.rows)


REWRITTEN = [
    pytest.param("a,b\n1,2\n", "a,b,new\n1,2,X\n", id="plain"),
    pytest.param("a,b\r\n1,2\r\n", "a,b,new\r\n1,2,X\r\n", id="CRLF"),
    pytest.param("a,b\r1,2\r", "a,b,new\r1,2,X\r", id="CR"),
    pytest.param("a,b\n1,2", "a,b,new\n1,2,X", id="no final newline"),
    pytest.param('"a","b"\n"1","00123"\n', '"a","b",new\n"1","00123",X\n', id="needless quotes stay"),
    pytest.param('a,b\n1,"x\ny"\n2,z\n', 'a,b,new\n1,"x\ny",X\n2,z,X\n', id="newline in a cell"),
    pytest.param('a,b\r\n1,"x\ny\r\nz"\r\n', 'a,b,new\r\n1,"x\ny\r\nz",X\r\n', id="mixed newlines in a cell"),
    pytest.param("a,b\n1\n", "a,b,new\n1,,X\n", id="short row"),
    pytest.param("a,b\n1,2,3,4\n", "a,b,new\n1,2,X,3,4\n", id="long row"),
    pytest.param('a,b\n1,"2\n3",4\n', 'a,b,new\n1,"2\n3",X,4\n', id="long row with a newline"),
    pytest.param("a,b\n\n1,2\n\n", "a,b,new\n\n1,2,X\n\n", id="blank lines"),
    pytest.param("\n\na,b\n1,2\n", "\n\na,b,new\n1,2,X\n", id="blank lines before the header"),
    pytest.param('a,b\n1,say ""hi""\n', 'a,b,new\n1,say ""hi"",X\n', id="quotes in a bare cell"),
    pytest.param('a,b\n1,5" pipe\n', 'a,b,new\n1,5" pipe,X\n', id="a single quote in a bare cell"),
    pytest.param("a;b\n1;2,5\n", "a;b;new\n1;2,5;X\n", id="semicolon"),
    pytest.param("a,b\n", "a,b,new\n", id="header only"),
    pytest.param("\ufeffa,b\n1,2\n", "\ufeffa,b,new\n1,2,X\n", id="byte order mark"),
    pytest.param("a,b\n1, 2 \n", "a,b,new\n1, 2 ,X\n", id="spaces"),
]


@pytest.mark.parametrize(("before", "after"), REWRITTEN)
def test_rewriting(tmp_path: Path, before: str, after: str) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(before.encode())
    assert rewrite(path, ["X"]).decode() == after


def test_new_cells_are_quoted_where_they_must_be(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("a\n1\n")
    assert rewrite(path, ["x,y", 'say "hi"', "two\nlines"], delimiter=",") == (
        b'a,new,new,new\n1,"x,y","say ""hi""","two\nlines"\n'
    )


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "cp1252", "utf-32"])
def test_the_encoding_stays(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes("task,who\r\nbrühe,é\r\n".encode(encoding))
    assert rewrite(path, ["X"]) == "task,who,new\r\nbrühe,é,X\r\n".encode(encoding)


def test_without_a_header(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("1,2\n3,4\n")
    assert rewrite(path, ["X"], header=False) == b"1,2,X\n3,4,X\n"


def test_a_quote_that_never_closes_is_reported_and_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text('a,b\n1,2\n3,"open\n4,5\n')
    assert [row.unclosed for row in rows_of(path)] == [False, True]
    [*_, last] = csv.reader(io.StringIO(rewrite(path, ["X"]).decode(), newline=""))
    assert last == ["3", "open\n4,5\n", "X"]


def test_line_numbers_count_lines_not_rows(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text('a,b\n1,"x\ny\nz"\n2,w\n')
    assert [row.line for row in rows_of(path)] == [2, 5]


def test_a_very_large_cell(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text(f"a,b\n1,{'x' * 500_000}\n")
    assert len(rows_of(path)[0].cells[1]) == 500_000


UNREADABLE = [
    pytest.param(None, "there is no such file", id="missing"),
    pytest.param(b"", "the file is empty", id="empty"),
    pytest.param(b"\n\n", "the file has no rows", id="blank lines only"),
    pytest.param(b"\xef\xbb\xbf", "the file has no rows", id="mark only"),
    pytest.param(b"a,b\n\x81,2\n", "not valid", id="neither UTF-8 nor Windows-1252"),
]


@pytest.mark.parametrize(("content", "message"), UNREADABLE)
def test_unreadable_files(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "x.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(TableError, match=message):
        rows_of(path)


def test_a_folder_is_not_a_table(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="this is a folder"):
        rows_of(tmp_path)


TARGETS = [
    pytest.param("in.csv", False, UsageError, "would replace the input", id="the input"),
    pytest.param("in.csv", True, UsageError, "would replace the input", id="the input, forced"),
    pytest.param("link.csv", True, UsageError, "would replace the input", id="a link to the input"),
    pytest.param("old.csv", False, TableError, "exists already", id="an existing file"),
    pytest.param(".", True, TableError, "this is a folder", id="a folder"),
    pytest.param("none/out.csv", False, TableError, "there is no folder", id="inside a missing folder"),
]


@pytest.mark.parametrize(("target", "force", "kind", "message"), TARGETS)
def test_refused_targets(tmp_path: Path, target: str, force: bool, kind: type[Exception], message: str) -> None:
    for name in ("in.csv", "old.csv"):
        (tmp_path / name).write_text("content")
    (tmp_path / "link.csv").symlink_to(tmp_path / "in.csv")
    with pytest.raises(kind, match=message):
        check_target(str(tmp_path / target), str(tmp_path / "in.csv"), force=force)


@pytest.mark.parametrize(
    ("target", "force"), [("-", False), ("new.csv", False), ("old.csv", True), ("/dev/null", False)]
)
def test_allowed_targets(tmp_path: Path, target: str, force: bool) -> None:
    (tmp_path / "old.csv").write_text("content")
    check_target(target if target in {"-", "/dev/null"} else str(tmp_path / target), "in.csv", force=force)


def test_a_device_is_written_to_not_replaced() -> None:
    with open_target("/dev/null") as handle:
        handle.write(b"content")
    assert Path("/dev/null").is_char_device()


cell = st.text(alphabet='ab ,;"\n\r\té|', max_size=6)


@given(st.lists(st.lists(cell, min_size=2, max_size=4), min_size=2, max_size=6), st.sampled_from(["\n", "\r\n"]))
def test_any_table_keeps_its_cells(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], newline: str
) -> None:
    path = tmp_path_factory.mktemp("any") / "x.csv"
    with path.open("w", encoding="utf-8", newline="") as handle:
        quoting: Literal[0, 1] = csv.QUOTE_ALL if newline == "\n" else csv.QUOTE_MINIMAL
        csv.writer(handle, lineterminator=newline, quoting=quoting).writerows(rows)
    width, new = len(rows[0]), ["x,y", "z"]
    output = rewrite(path, new, delimiter=",").decode()
    [_, *written] = csv.reader(io.StringIO(output, newline=""))
    assert written == [[*row[:width], *[""] * (width - len(row)), *new, *row[width:]] for row in rows[1:]]
