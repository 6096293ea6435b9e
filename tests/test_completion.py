"""The protocol by which a shell asks what could follow on its command line."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smclassify import completion
from smclassify.cli import make_app
from smclassify.tables.beginning import MOST_BYTES, read_headers
from smclassify.tables.values import ReadOptions

if TYPE_CHECKING:
    from conftest import Run

PRINTABLE = st.text(st.characters(exclude_categories=("C", "Z")) | st.just(" "), min_size=1)


class Ask(Protocol):
    def __call__(self, shell: str, line: str, **env: str) -> tuple[str, int]: ...


@pytest.fixture
def ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Ask what could follow, in an empty folder; for bash, the line is its words, each on a line."""
    monkeypatch.chdir(tmp_path)

    def ask(shell: str, line: str, **env: str) -> tuple[str, int]:
        said = {"COMP_WORDS": line, "COMP_CWORD": str(line.count("\n")), "_TYPER_COMPLETE_ARGS": line}
        for name, value in (said | env).items():
            monkeypatch.setenv(name, value)
        return completion.answer(make_app(), shell)

    return ask


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "my tasks.csv"
    path.write_text('id,Task title,"$(run)",it\'s,"a\nb",,"c:::d"\n1,2,3,4,5,6,7\n', encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        pytest.param(["ba"], ["batch"], id="command"),
        pytest.param(["batch", "--enc"], ["--encoding"], id="option"),
        pytest.param(["batch", "--format", ""], ["csv", "tsv", "jsonl", "lines", "excel", "parquet"], id="format"),
        pytest.param(["batch", "-e", "cp"], ["cp1252"], id="encoding"),
        pytest.param(["diff", "-d", ""], ["comma", "semicolon", "tab", "pipe"], id="delimiter"),
        pytest.param(["batch", "--engine", ""], ["dask"], id="choice"),
        pytest.param(["batch", "--columns", "label,s"], ["label,status", "label,source"], id="list"),
        pytest.param(["define", "cold"], ["cold-outreach"], id="activity"),
        pytest.param(["define", "othe"], ["other"], id="label"),
        pytest.param(["batch", "my\\ tasks.csv", "-c", "T"], ["Task\\ title"], id="header"),
        pytest.param(["batch", "'my tasks.csv'", "-c", '"T'], ["Task title"], id="header after a quote"),
        pytest.param(["batch", "my\\ tasks.csv", "--column", "=", "T"], ["Task\\ title"], id="header after ="),
        pytest.param(
            ["batch", "my\\ tasks.csv", "--column", "="], ["id", "Task\\ title", "\\$\\(run\\)", "it\\'s"], id="="
        ),
        pytest.param(["evaluate", "my\\ tasks.csv", "--by", "i"], ["id", "it\\'s"], id="group"),
        pytest.param(["evaluate", "my\\ tasks.csv", "--label-column", "id"], ["id"], id="label column"),
        pytest.param(["diff", "a", "b", "my\\ tasks.csv", "-c", "i"], ["id", "it\\'s"], id="third argument"),
        pytest.param(["batch", "my\\ tasks.csv", "--no-header", "-c", ""], [], id="no headers"),
        pytest.param(["batch", "missing.csv", "-c", ""], [], id="no file"),
        pytest.param(["batch", "-c", ""], [], id="no file yet"),
        pytest.param(["batch", "m"], [], id="file"),
        pytest.param(["define", "--model", "m"], [], id="file of an option"),
        pytest.param(["define", "--model", "missing.safetensors", "s"], [], id="no model"),
        pytest.param(["nonsense", "--x"], [], id="no command"),
    ],
)
def test_bash(ask: Ask, table: Path, typed: list[str], found: list[str]) -> None:
    assert table.exists()
    told, code = ask("bash", "\n".join(("smclassify", *typed)))
    # a header with a line break cannot be offered
    assert [line for line in told.splitlines() if line != "c\\:\\:\\:d"] == found
    assert code == 0


def test_through_the_program(run: Run, table: Path) -> None:
    words = f"smclassify\nbatch\n{shlex.quote(table.name)}\n-c\nT"
    result = run(_SMCLASSIFY_COMPLETE="complete_bash", COMP_WORDS=words, COMP_CWORD="4")
    assert (result.out, result.err, result.code) == ("Task\\ title\n", "", 0)


def test_words_after_the_cursor_are_left_alone(ask: Ask) -> None:
    told, _ = ask("bash", "smclassify\nbatch\n--format\n\n-o\nout.csv", COMP_CWORD="3")
    assert told.split() == ["csv", "tsv", "jsonl", "lines", "excel", "parquet"]


def test_fish(ask: Ask, table: Path) -> None:
    line = f"smclassify batch {shlex.quote(table.name)} --column="
    assert ask("fish", line, _TYPER_COMPLETE_FISH_ACTION="is-args")[1] == 0
    assert ask("fish", line, _TYPER_COMPLETE_FISH_ACTION="get-args")[0].splitlines() == [
        "--column=id\tcolumn 1",
        "--column=Task title\tcolumn 2",
        "--column=$(run)\tcolumn 3",
        "--column=it's\tcolumn 4",
        "--column=c:::d\tcolumn 7",
    ]
    assert ask("fish", "smclassify batch ", _TYPER_COMPLETE_FISH_ACTION="is-args")[1] == 1


def test_zsh(ask: Ask, table: Path) -> None:
    told, _ = ask("zsh", f"smclassify batch {shlex.quote(table.name)} -c T")
    assert "_values=($'Task\\x20title'); _shown=($'Task\\x20title\\x20\\x20\\x2d\\x2d\\x20column\\x202')" in told
    assert ask("zsh", "smclassify batch ") == ("_files", 0)


@pytest.mark.parametrize(
    ("line", "word", "found"),
    [
        ("smclassify batch 'my tasks.csv' -c", "", ["id", "'Task title'", "'$(run)'", "'it''s'"]),
        ("smclassify batch '.\\my tasks.csv'", "'.\\my tasks.csv'", []),
        ("smclassify batch 'my tasks.csv' -c 'T", "'T", ["'Task title'"]),
        ("smclassify def", "def", ["define"]),
    ],
)
@pytest.mark.usefixtures("table")
def test_powershell(ask: Ask, line: str, word: str, found: list[str]) -> None:
    told, _ = ask("powershell", line, _TYPER_COMPLETE_WORD_TO_COMPLETE=word)
    assert [shown.partition(":::")[0] for shown in told.splitlines()] == found


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell", "nonsense"])
def test_a_command_line_that_is_not_given(shell: str) -> None:
    assert completion.answer(make_app(), shell)[0] in {"", "_files"}


def test_nothing_is_said_of_a_mistake(run: Run, tmp_path: Path) -> None:
    (tmp_path / "smclassify.toml").write_text("nonsense")
    result = run(_SMCLASSIFY_COMPLETE="complete_bash", COMP_WORDS="smclassify\ndefine\ns", COMP_CWORD="2")
    assert (result.out.strip(), result.err) == ("", "")


@given(PRINTABLE, st.sampled_from(["", '"', "'"]))
def test_bash_takes_any_value_for_one_word(value: str, quote: str) -> None:
    typed = quote + completion._for_bash(value, quote)
    typed += "" if typed.endswith(quote) else quote
    assert shlex.split(typed) == [value]
    bare = re.sub(r"\\.", "", typed, flags=re.DOTALL)
    assert not set(bare.replace(quote, "") if quote else bare) & set("$`*?[!;|&<>(){}#~'\"\n")


@given(PRINTABLE)
def test_no_word_for_zsh_has_a_blank_or_ends_early(value: str) -> None:
    word = completion._zsh_word(value)
    assert re.fullmatch(r"\$'(?:\\x[0-9a-f]{2}|[^\x00-\x2f\x3a-\x40\x5b-\x60\x7b-\x7f])*'", word)
    assert re.sub(r"\\x(..)", lambda code: chr(int(code[1], 16)), word[2:-1]) == value


@given(st.text())
def test_any_command_line_is_read(line: str) -> None:
    for shell in ("bash", "zsh", "powershell"):
        completion._split(line.replace("\0", ""), shell)


@pytest.mark.parametrize(
    ("name", "content", "headers"),
    [
        ("a.csv", b"\xef\xbb\xbfid; Task title \n1;2\n", ("id", "Task title")),
        ("a.csv", "Größe,b\n".encode("cp1252"), ("Größe", "b")),
        ("a.csv", b"\xef\xbb\xbf\xef\xbb\xbf id,b\n", ("id", "b")),
        ("a.tsv", b"a\tb\n", ("a", "b")),
        ("a.jsonl", b'{"a": 1, "b": {"c": 2}}\n' + b'{"a": 3}\n' * 20_000, ("a", "b", "b.c")),
        ("a.txt", b"one\ntwo\n", ()),
        ("a.xlsx", b"PK\x03\x04", ()),
        ("a.csv", b"PK\x03\x04", ()),
        ("a.csv", b"", ()),
        ("a.csv", b"a,b\n" + b"1,2\n" * MOST_BYTES, ("a", "b")),
    ],
)
def test_headers(tmp_path: Path, name: str, content: bytes, headers: tuple[str, ...]) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert read_headers(str(path), ReadOptions()) == headers


@pytest.mark.parametrize(
    ("name", "content", "options", "headers"),
    [
        pytest.param("a.csv", b"a,b\n", ReadOptions(format="lines"), (), id="lines"),
        pytest.param("a.txt", b'{"a": 1}\n', ReadOptions(format="jsonl"), ("a",), id="JSON Lines"),
        pytest.param("a.csv", b"a,b\n", ReadOptions(format="parquet"), (), id="Parquet"),
        pytest.param("a.csv", b"a,b:c\n", ReadOptions(delimiter=":"), ("a,b", "c"), id="delimiter"),
        pytest.param("a.csv", b"a,b\n", ReadOptions(header=False), (), id="no header"),
        pytest.param("a.csv", b"a,b\n", ReadOptions(encoding="klingon"), (), id="no such encoding"),
        pytest.param("a.csv", b"a,b\n", ReadOptions(encoding="utf-16"), (), id="another encoding"),
    ],
)
def test_headers_of_a_file_of_which_something_is_said(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    content: bytes,
    options: ReadOptions,
    headers: tuple[str, ...],
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / name).write_bytes(content)
    assert read_headers(f"~/{name}", options) == headers


def test_only_the_first_bytes_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b'"a header without an end' + b"x\n" * 10 * MOST_BYTES)
    code = f"""
import os, sys
from smclassify.tables.beginning import read_headers
from smclassify.tables.values import ReadOptions
before = int(open("/proc/self/io").read().split()[1])
read_headers({str(path)!r}, ReadOptions())
print(int(open("/proc/self/io").read().split()[1]) - before)
"""
    if not Path("/proc/self/io").exists():
        pytest.skip("the system does not count what is read")
    code = code.replace("before =", f"read_headers({str(path)!r}, ReadOptions()); before =")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 1.1 * MOST_BYTES
