from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rewriting import chunks_of, rewrite, rows_of, written

from smclassify.errors import TableError
from smclassify.tables import plain_lines, source
from smclassify.tables.formats import open_table
from smclassify.tables.values import ReadOptions

if TYPE_CHECKING:
    from pathlib import Path

REWRITTEN = [
    pytest.param("a\nb\n", "a\tX\nb\tX\n", id="plain"),
    pytest.param("a\r\nb\rc\nd", "a\tX\r\nb\tX\rc\tX\nd\tX", id="all line ends, no final newline"),
    pytest.param("a\n\n \n", "a\tX\n\tX\n \tX\n", id="blank lines are rows"),
    pytest.param(
        'say "hi", then; go|\n"\n', 'say "hi", then; go|\tX\n"\tX\n', id="quotes and delimiters are characters"
    ),
    pytest.param("\ufeffa\n", "\ufeffa\tX\n", id="byte order mark"),
    pytest.param("sep=;\n", "sep=;\tX\n", id="sep line is a row"),
    pytest.param("a\u2028b\x0bc\n", "a\u2028b\x0bc\tX\n", id="other separators"),
    pytest.param("a\tb\n", "a\tb\tX\n", id="a tab"),
    pytest.param("TAX\n", "TAX\tX\n", id="a line that ends like the new cell"),
]


@pytest.mark.parametrize("block", [1, 1 << 20])
@pytest.mark.parametrize(("before", "after"), REWRITTEN)
def test_rewriting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: str, after: str, block: int) -> None:
    monkeypatch.setattr(source, "_BLOCK", block)
    assert rewrite(written(tmp_path / "x.lines", before)).decode() == after


def test_new_cells_are_quoted_where_they_must_be(tmp_path: Path) -> None:
    path = written(tmp_path / "x.lines", "a\n")
    assert rewrite(path, {"t": "x\ty", "q": 'say "hi"', "c": "x,y", "n": None, "p": 0.5}) == (
        b'a\t"x\ty"\t"say ""hi"""\tx,y\t\t0.5000\n'
    )


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "cp1252"])
def test_the_encoding_stays(tmp_path: Path, encoding: str) -> None:
    path = written(tmp_path / "x.lines", "brühe\r\n".encode(encoding))
    assert rewrite(path) == "brühe\tX\r\n".encode(encoding)


def test_the_encoding_can_be_said(tmp_path: Path) -> None:
    path = written(tmp_path / "x.lines", "Жук\n".encode("koi8-r"))
    assert rows_of(path, encoding="koi8-r") == [["Жук"]]


def test_lines_are_counted_through_all_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain_lines, "CHUNK_ROWS", 2)
    chunks = chunks_of(written(tmp_path / "x.lines", "a\nb\nc\nd\ne\n"))
    assert [list(chunk.lines) for chunk in chunks] == [[1, 2], [3, 4], [5]]


def test_what_an_encoding_has_not_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "x.lines", "brühe\n".encode("cp1252"))
    with pytest.raises(TableError, match=r"x\.lines: 'Ж' cannot be written in cp1252"):
        rewrite(path, {"new": "Ж"})


def test_what_is_known_of_a_table(tmp_path: Path) -> None:
    path = written(tmp_path / "x.lines", "a\nb\n")
    with open_table(str(path), ReadOptions()) as table:
        assert (table.format, table.headers, table.names, table.width) == ("lines", None, ("text",), 1)
        assert (table.name, table.size) == (str(path), 4)
        assert table.describe() == "lines, UTF-8, LF line ends"
        [chunk] = table.chunks(0)
        assert (chunk.texts, list(chunk.lines), table.position()) == (["a", "b"], [1, 2], 4)


@given(st.lists(st.text(st.characters(exclude_characters="\r\n\0", codec="utf-8")), min_size=1), st.integers(1, 9))
def test_any_lines_keep_their_characters(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], block: int
) -> None:
    path = written(tmp_path_factory.mktemp("any") / "x.lines", "a" + "\n".join(lines) + "\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(source, "_BLOCK", block)
        patch.setattr(plain_lines, "CHUNK_ROWS", 2)
        assert rows_of(path, encoding="utf-8") == [["a" + lines[0]], *([line] for line in lines[1:])]
        assert max(len(chunk.texts) for chunk in chunks_of(path, encoding="utf-8")) <= 2
        after = rewrite(path, encoding="utf-8").decode()
    assert after == "a" + "\tX\n".join(lines) + "\tX\n"
