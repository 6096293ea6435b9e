from __future__ import annotations

import gzip
import io
import os
import random
import re
import sys
import threading
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rewriting import rewrite, rows_of, written

from smclassify.errors import TableError
from smclassify.tables import source
from smclassify.tables.formats import open_table
from smclassify.tables.source import is_waiting, open_source
from smclassify.tables.values import ReadOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

TABLE = "a,b\n1,2\n"


def lines_of(path: Path, encoding: str = "utf-8") -> list[str]:
    with open_source(str(path)) as opened:
        return [line for lines in opened.lines(encoding) for line in lines]


LINES = [
    pytest.param("a\nb\n", ["a\n", "b\n"], id="LF"),
    pytest.param("a\rb\r", ["a\r", "b\r"], id="CR"),
    pytest.param("a\r\nb", ["a\r\n", "b"], id="CRLF"),
    pytest.param("\n\r\r\n\r", ["\n", "\r", "\r\n", "\r"], id="blank lines"),
    pytest.param("a\x0b\x0c\x1c\x85\u2028b", ["a\x0b\x0c\x1c\x85\u2028b"], id="other separators are characters"),
]


@pytest.mark.parametrize("block", [1, 2, 3, 1 << 20])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-32-be"])
@pytest.mark.parametrize(("text", "lines"), LINES)
def test_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int, encoding: str, text: str, lines: list[str]
) -> None:
    monkeypatch.setattr(source, "_BLOCK", block)
    assert lines_of(written(tmp_path / "x", text.encode(encoding)), encoding) == lines


@given(st.text(st.sampled_from("a\r\né€\N{SNOWMAN}\U0001f600"), min_size=1), st.integers(1, 5))
def test_any_lines_in_blocks_of_any_size(tmp_path_factory: pytest.TempPathFactory, text: str, block: int) -> None:
    path = written(tmp_path_factory.mktemp("any") / "x", text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(source, "_BLOCK", block)
        lines = lines_of(path)
    assert "".join(lines) == text
    assert len(lines) == len(text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n").split("\n"))


_WRONG = "Name the encoding with -e, for instance -e cp1252."
_OTHER = "Name the encoding with -e, for instance -e latin-1."
_NUL = "If it is UTF-16 without a mark, say so: -e utf-16-le."
_NUL_FIRST = "If it is UTF-16 without a mark, say so: -e utf-16-be."
_TOO_LONG = "Is it a text file?"
NOT_LINES = [
    pytest.param(b"a\nb\rbr\xfche\n", "utf-8", "x:3: not valid utf-8 (byte 0xfc cannot", _WRONG, id="wrong byte"),
    pytest.param(b"a\r\xfc", "utf-8", "x:2: not valid utf-8 (byte 0xfc cannot", _WRONG, id="wrong after CR"),
    pytest.param(b"a\r\nbr\xc3", "utf-8", "x:2: not valid utf-8 (byte 0xc3 cannot", _WRONG, id="half at the end"),
    pytest.param(b"\x81", "cp1252", "x:1: not valid cp1252 (byte 0x81 cannot", _OTHER, id="no such byte"),
    pytest.param(b"a\0\n\0\0\xd8", "utf-16-le", "x:2: not valid utf-16-le (byte 0x00", _WRONG, id="half a pair"),
    pytest.param(b"a\n\nb\0", "utf-8", "x:3: a NUL character: this is binary data", _NUL, id="NUL"),
    pytest.param(b"a\n\0\n\0", "utf-8", "x:2: a NUL character: this is binary data", _NUL, id="the first of two NULs"),
    pytest.param(b"\0", "latin-1", "x:1: a NUL character", _NUL_FIRST, id="NUL at the start"),
    pytest.param(b"a\n\nb\n" + b"c" * 101, "utf-8", "x:4: the line has more than 100 char", _TOO_LONG, id="long line"),
]


TWO_WAYS = [
    pytest.param("a\nb\n\u222a".encode("cp932"), b"", "cp932", None, id="cp932"),
    pytest.param(b"a\nb\n\x87\x9b", b"", "cp932", 3, id="cp932, a sign that NEC had twice"),
    pytest.param(b"\x87\x9b", b"\na" * 9, "cp932", 1, id="cp932, before other lines"),
    pytest.param("a\n\u3042\u3044\n".encode("shift_jis"), b"b" * 99, "shift_jis", None, id="shift_jis"),
    pytest.param("\u4e2d\n".encode("big5"), b"\xa2\xcc\n", "big5", 2, id="big5"),
    pytest.param("\u4e2d\u6587\n".encode("gb18030"), b"", "gb18030", None, id="gb18030"),
    pytest.param("\u3042\n\u3044".encode("iso2022_jp"), b"", "iso2022_jp", None, id="with shifts"),
    pytest.param("id\n\ud55c\n\uae00\n".encode("iso2022_kr"), b"", "iso2022_kr", 3, id="a shift for the whole file"),
    pytest.param("a\n\u3042".encode("iso2022_jp"), b"\x1b(B", "iso2022_jp", 2, id="a shift too many"),
    pytest.param(b"a+AGE-b\n", b"", "utf-7", 1, id="a letter in base64"),
    pytest.param("caf\xe9\n".encode("mac-roman"), b"", "mac-roman", None, id="one byte each"),
]


@pytest.mark.parametrize("block", [1, 3, 1 << 20])
@pytest.mark.parametrize(("start", "end", "encoding", "line"), TWO_WAYS)
def test_an_encoding_that_would_not_give_the_bytes_back_is_refused(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    start: bytes,
    end: bytes,
    encoding: str,
    line: int | None,
    block: int,
) -> None:
    monkeypatch.setattr(source, "_BLOCK", block)
    path = written(tmp_path / "x", start + end)
    if line is None:
        assert "".join(lines_of(path, encoding)) == (start + end).decode(encoding)
        return
    with pytest.raises(TableError) as caught:
        lines_of(path, encoding)
    assert caught.value.message == f"{path}:{line}: a character that {encoding} usually writes with other bytes."
    assert caught.value.tip == "Convert the file to UTF-8 first, so that no byte of it changes unseen."


@pytest.mark.parametrize("block", [1, 2, 101, 1 << 20])
@pytest.mark.parametrize(("content", "encoding", "message", "tip"), NOT_LINES)
def test_what_is_no_text_is_located(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    content: bytes,
    encoding: str,
    message: str,
    tip: str,
    block: int,
) -> None:
    monkeypatch.setattr(source, "_BLOCK", block)
    monkeypatch.setattr(source, "LARGEST_CELL", 100)
    with pytest.raises(TableError, match=re.escape(message)) as caught:
        lines_of(written(tmp_path / "x", content), encoding)
    assert caught.value.tip == tip


def test_a_line_may_be_as_long_as_a_cell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "_BLOCK", 1)
    monkeypatch.setattr(source, "LARGEST_CELL", 100)
    assert lines_of(written(tmp_path / "x", b"c" * 100)) == ["c" * 100]


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "packed"])
def test_what_a_file_begins_with(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    content = os.urandom(200_000)
    with open_source(str(written(tmp_path / "x", pack(content)))) as opened:
        assert opened.start == content[: 1 << 16]


def test_a_pipe_has_no_positions(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    os.write(writing, TABLE.encode())
    os.close(writing)
    with os.fdopen(reading) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        with open_source("-") as opened:
            assert (opened.position(), opened.size, opened.name) == (0, None, "<stdin>")
            assert b"".join(opened.blocks()) == TABLE.encode()
            assert opened.position() == 0


def test_a_nul_far_down_the_file(tmp_path: Path) -> None:
    path = written(tmp_path / "x.csv", "a,b\n" + "1,2\n" * 100_000 + "3,\0\n")
    with pytest.raises(TableError, match=r"x\.csv:100002: a NUL character") as caught:
        rows_of(path)
    assert "-e utf-16-le" in caught.value.tip


NOTHING_THERE = "Check the path; `ls` shows what is there."
UNOPENED = [
    pytest.param(None, "there is no such file", NOTHING_THERE, id="missing"),
    pytest.param(b"", "the file is empty", "Give a file with at least one row.", id="empty"),
    pytest.param(gzip.compress(b""), "the file is empty", "Give a file with at least one row.", id="empty, packed"),
]


@pytest.mark.parametrize("name", ["x.csv", "x.jsonl", "x.txt", "x.xlsx", "x.parquet"])
@pytest.mark.parametrize(("content", "message", "tip"), UNOPENED)
def test_unreadable_files(tmp_path: Path, name: str, content: bytes | None, message: str, tip: str) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(TableError, match=message) as caught:
        rows_of(path)
    assert caught.value.tip == tip


def test_a_folder_is_not_a_table(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="this is a folder") as caught:
        rows_of(tmp_path)
    assert caught.value.tip == "Name a file inside it."


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str) -> None:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr("smclassify.tables.source.io.FileIO", refuse)
    with pytest.raises(TableError, match=r"x\.csv: cannot open the file: Permission denied\."):
        rows_of(tmp_path / "x.csv")


# --- gzip ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["x.csv.gz", "x.csv"])
@pytest.mark.parametrize("content", [TABLE, "é,b\r\n1,2\r\n"], ids=["ASCII", "UTF-8"])
def test_a_packed_file_is_read_as_if_it_were_not(tmp_path: Path, name: str, content: str) -> None:
    plain = written(tmp_path / "plain.csv", content)
    packed = written(tmp_path / name, gzip.compress(content.encode()))
    assert rewrite(packed) == rewrite(plain)


def test_a_packed_file_in_several_members(tmp_path: Path) -> None:
    path = written(tmp_path / "x.csv.gz", gzip.compress(b"a,b\n1,") + gzip.compress(b"2\n") + b"\0" * 8)
    assert rows_of(path) == [["1", "2"]]


def noise(n_rows: int) -> bytes:
    numbers = random.Random(1)  # noqa: S311 - the same bytes each time
    return b"a,b\n" + b"".join(b"%d,%x\n" % (n, numbers.getrandbits(256)) for n in range(n_rows))


DAMAGE = [
    pytest.param(lambda packed: packed[: len(packed) // 2], id="truncated"),
    pytest.param(lambda packed: packed[:-4], id="without its last bytes"),
    pytest.param(lambda packed: packed[:5], id="a header only"),
    pytest.param(lambda packed: packed[:-8] + b"\1" * 8, id="wrong checksum"),
    pytest.param(lambda packed: packed[: len(packed) // 2] + b"\xff" * 999 + packed[-999:], id="damaged"),
    pytest.param(lambda packed: packed + b"what is this", id="something else after it"),
]


@pytest.mark.parametrize("n_rows", [3, 30_000], ids=["small", "large"])
@pytest.mark.parametrize("options", [{}, {"encoding": "utf-8"}], ids=["encoding found", "encoding given"])
@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_packed_file(tmp_path: Path, damage: object, options: dict[str, str], n_rows: int) -> None:
    assert callable(damage)
    path = written(tmp_path / "x.csv.gz", damage(gzip.compress(noise(n_rows))))
    with pytest.raises(TableError, match=r"x\.csv\.gz: cannot read the file: .*") as caught:
        rows_of(path, **options)
    assert caught.value.tip == "Is it damaged?"


# --- streams -------------------------------------------------------------------------------------------------------


class Pipe:
    """Standard input that gives its pieces one at a time."""

    def __init__(self, read: int) -> None:
        self._read = read

    def fileno(self) -> int:
        return self._read


@pytest.fixture
def fed(monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    """Return a function that puts bytes into standard input and closes it."""
    ends: list[int] = []

    def feed(content: bytes) -> None:
        read, write = os.pipe()
        ends.append(read)
        monkeypatch.setattr(sys, "stdin", Pipe(read))

        def send() -> None:
            with os.fdopen(write, "wb") as handle:
                handle.write(content)

        threading.Thread(target=send, daemon=True).start()

    yield feed
    for end in ends:
        os.close(end)


def read_stdin(**options: str) -> AbstractContextManager[object]:
    return open_table("-", ReadOptions(**options))  # type: ignore[arg-type]


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "packed"])
def test_a_pipe(fed: object, pack: object) -> None:
    assert callable(fed)
    assert callable(pack)
    fed(pack("é;b\r\n1;2\r\n".encode()))
    assert rewrite("-", target="-") == "é;b;new\r\n1;2;X\r\n".encode()


def test_what_is_known_of_a_pipe(fed: object) -> None:
    assert callable(fed)
    fed(TABLE.encode())
    with open_source("-") as opened:
        assert (opened.name, opened.size, opened.seekable(), opened.start) == ("<stdin>", None, False, TABLE.encode())


TRICKLES = [
    pytest.param([b"\xef\xbb\xbf", b"a;b\n1;2\n"], b"\xef\xbb\xbfa;b;new\n1;2;X\n", id="a mark alone"),
    pytest.param([b"\n", b"\r\n", b"a;b\n1;2\n"], b"\n\r\na;b;new\n1;2;X\n", id="blank lines first"),
    pytest.param([b"a", b";", b"b\n", b"1;2\n"], b"a;b;new\n1;2;X\n", id="byte by byte"),
    pytest.param([b"\xff", b"\xfe", b"a\0\r\0\n", b"\0b\0"], "\ufeffa,new\r\nb,X".encode("utf-16-le"), id="UTF-16"),
    pytest.param(
        [*(bytes([byte]) for byte in gzip.compress(b"\xef\xbb\xbf")), gzip.compress(b"a;b\n1;2\n")],
        b"\xef\xbb\xbfa;b;new\n1;2;X\n",
        id="packed, the mark apart",
    ),
]


class Trickle(io.RawIOBase):
    """A pipe that gives its pieces one at a time."""

    def __init__(self, pieces: list[bytes]) -> None:
        super().__init__()
        self._pieces = pieces

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        assert isinstance(buffer, memoryview)
        piece = self._pieces.pop(0) if self._pieces else b""
        buffer[: len(piece)] = piece[: len(buffer)]
        self._pieces[:0] = filter(None, [piece[len(buffer) :]])
        return min(len(piece), len(buffer))

    def fileno(self) -> int:
        return 0


@pytest.mark.parametrize(("pieces", "rewritten"), TRICKLES)
def test_a_pipe_is_judged_by_its_first_row_and_not_by_what_comes_first(
    monkeypatch: pytest.MonkeyPatch, pieces: list[bytes], rewritten: bytes
) -> None:
    monkeypatch.setattr(source, "_open_raw", lambda _: Trickle(pieces))
    assert rewrite("-", target="-") == rewritten


def test_no_more_than_64_kb_of_a_pipe_are_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    content = os.urandom(100_000).replace(b"\n", b"x").replace(b"\r", b"x")
    pieces = [content[:40_000], content[40_000:65_536], content[65_536:]]
    monkeypatch.setattr(source, "_open_raw", lambda _: Trickle(pieces))
    with open_source("-") as opened:
        assert opened.start == content[: 1 << 16]
        assert b"".join(opened.blocks()) == content


def test_whether_a_pipe_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    read, write = os.pipe()
    monkeypatch.setattr(sys, "stdin", Pipe(read))
    assert (is_waiting("-"), is_waiting("tasks.csv")) == (True, False)
    os.write(write, b"a")
    assert not is_waiting("-")
    os.read(read, 1)
    os.close(write)
    assert not is_waiting("-")
    os.close(read)
    assert not is_waiting("-")


def test_a_pipe_is_not_asked_for_more_than_its_first_row() -> None:
    read, write = os.pipe()
    os.write(write, b"\n\na;b\n")
    with io.FileIO(read) as raw:
        opened = source.Source("<stdin>", raw)
        assert opened.start == b"\n\na;b\n"
    os.close(write)


def test_an_empty_pipe(fed: object) -> None:
    assert callable(fed)
    fed(b"")
    with pytest.raises(TableError, match="<stdin>: the file is empty"), read_stdin():
        pass


def test_a_pipe_that_turns_out_not_to_be_utf8(fed: object) -> None:
    assert callable(fed)
    fed(b"a,b\n" + b"1,2\n" * 100_000 + b"3,\xfc\n")
    with pytest.raises(TableError, match=r"<stdin>:100002: not valid utf-8") as caught:
        rewrite("-", target="-")
    assert "-e cp1252" in caught.value.tip


def test_standard_input_that_somebody_began_to_read_goes_on_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path / "x.csv", "not the table\n" + TABLE)
    with path.open("rb", buffering=0) as handle:
        handle.read(len("not the table\n"))
        monkeypatch.setattr(sys, "stdin", handle)
        assert rewrite("-", target="-") == b"a,b,new\n1,2,X\n"
