from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rewriting import chunks_of, rewrite, rows_of, written

from smclassify.errors import TableError
from smclassify.tables import jsonl, source
from smclassify.tables.formats import open_table
from smclassify.tables.values import ReadOptions
from smclassify.tables.written_json import as_json, read_json

if TYPE_CHECKING:
    from pathlib import Path

REWRITTEN = [
    pytest.param('{"a": 1}\n{"a": 2}\n', '{"a": 1, "new": "X"}\n{"a": 2, "new": "X"}\n', id="plain"),
    pytest.param('{"a":1}\r\n{"a":2}', '{"a":1, "new": "X"}\r\n{"a":2, "new": "X"}', id="CRLF, no final newline"),
    pytest.param('{"a": 1}\n\n  \n{"a": 2}\n\n',
                 '{"a": 1, "new": "X"}\n\n  \n{"a": 2, "new": "X"}\n\n', id="blank lines"),
    pytest.param('\n\n{"a": 1}\n', '\n\n{"a": 1, "new": "X"}\n', id="blank lines first"),
    pytest.param('{"a": 1}\n{}\n{ }\n', '{"a": 1, "new": "X"}\n{"new": "X"}\n{"new": "X" }\n', id="empty objects"),
    pytest.param(' { "a" : 1 }\t\n', ' { "a" : 1, "new": "X" }\t\n', id="spaces"),
    pytest.param('{"a": "\\u00fc\\/\\""}\n', '{"a": "\\u00fc\\/\\"", "new": "X"}\n', id="escapes"),
    pytest.param('{"a": 1.10, "b": 1E400, "c": 12345678901234567890.5, "d": -0}\n',
                 '{"a": 1.10, "b": 1E400, "c": 12345678901234567890.5, "d": -0, "new": "X"}\n', id="numbers"),
    pytest.param('{"b": {"z": [1, {"y": "}"}]}, "a": null}\n', '{"b": {"z": [1, {"y": "}"}]}, "a": null, "new": "X"}\n',
                 id="nested values and the order of keys"),
    pytest.param('{"a": 1, "a": 2}\n', '{"a": 1, "a": 2, "new": "X"}\n', id="a key twice"),
    pytest.param('{"a": 1}\n{"b": 2, "c": 3}\n',
                 '{"a": 1, "new": "X"}\n{"b": 2, "c": 3, "new": "X"}\n', id="other keys"),
    pytest.param('\ufeff{"a": 1}\n', '\ufeff{"a": 1, "new": "X"}\n', id="byte order mark"),
    pytest.param('{"a": "\u2028\x7f\x85"}\n', '{"a": "\u2028\x7f\x85", "new": "X"}\n', id="other separators"),
]  # fmt: skip


@pytest.mark.parametrize("block", [1, 1 << 20])
@pytest.mark.parametrize(("before", "after"), REWRITTEN)
def test_rewriting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: str, after: str, block: int) -> None:
    monkeypatch.setattr(source, "_BLOCK", block)
    assert rewrite(written(tmp_path / "x.jsonl", before)).decode() == after


def test_new_values(tmp_path: Path) -> None:
    path = written(tmp_path / "x.jsonl", '{"a": 1}\n{"a": "ü"}\n')
    assert rewrite(path, {"t": "é", "n": 0.9812, "b": "", "z": None}).decode() == (
        '{"a": 1, "t": "\\u00e9", "n": 0.9812, "b": null, "z": null}\n'
        '{"a": "ü", "t": "é", "n": 0.9812, "b": null, "z": null}\n'
    )


def test_what_an_encoding_has_not_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "x.jsonl", '{"a": "é"}\n'.encode("cp1252"))
    with pytest.raises(TableError, match=r"x\.jsonl: 'Ж' cannot be written in cp1252\."):
        rewrite(path, {"new": "Ж"})


def test_the_encoding_can_be_said(tmp_path: Path) -> None:
    path = written(tmp_path / "x.jsonl", '{"a": "Жук"}\n'.encode("koi8-r"))
    assert [chunk.texts for chunk in chunks_of(path, encoding="koi8-r")] == [["Жук"]]


def test_the_encoding_stays(tmp_path: Path) -> None:
    path = written(tmp_path / "x.jsonl", '{"a": "é"}\n'.encode("utf-16"))
    assert rewrite(path) == '{"a": "é", "new": "X"}\n'.encode("utf-16")


PATHS = [
    pytest.param('{"a": "x"}', {"a": "x"}, id="topmost"),
    pytest.param('{"a": {"b": {"c": "x"}}}',
                 {"a": '{"b": {"c": "x"}}', "a.b": '{"c": "x"}', "a.b.c": "x"}, id="nested"),
    pytest.param('{"a.b": "x", "a": {"b": "y"}}', {"a.b": "x", "a": '{"b": "y"}'}, id="a key with a dot goes first"),
    pytest.param('{"a.b": {"c.d": "x"}}', {"a.b": '{"c.d": "x"}', "a.b.c.d": "x"}, id="keys with dots, nested"),
    pytest.param('{"a": ["\\u00fc", "é"]}', {"a": '["ü", "é"]'}, id="characters as they are"),
    pytest.param('{"a": [{"b": 1}], "n": 1.5}', {"a": '[{"b": 1}]', "n": "1.5"}, id="lists and numbers are texts"),
    pytest.param('{"a": 1.10, "b": [1E400, 1], "c": 12345678901234567890.5}',
                 {"a": "1.10", "b": "[1E400, 1]", "c": "12345678901234567890.5"}, id="numbers as they are written"),
    pytest.param('{"a": -0, "b": [-0, NaN], "c": NaN, "d": -Infinity, "e": 0}',
                 {"a": "-0", "b": "[-0, NaN]", "c": "NaN", "d": "-Infinity", "e": "0"}, id="odd numbers"),
    pytest.param('{"a": null, "t": true, "é": "ü"}', {"a": "", "t": "true", "é": "ü"}, id="null is blank"),
    pytest.param('{"": "x", " ": {"": "y"}}', {"": "x", " ": '{"": "y"}', " .": "y"}, id="blank keys"),
    pytest.param('{"a":{"b":{"c":{"d":{"e":1}}}}}', {
        "a": '{"b": {"c": {"d": {"e": 1}}}}', "a.b": '{"c": {"d": {"e": 1}}}', "a.b.c": '{"d": {"e": 1}}',
        "a.b.c.d": '{"e": 1}'}, id="no deeper than four"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "texts"), PATHS)
def test_paths_are_columns(tmp_path: Path, line: str, texts: dict[str, str]) -> None:
    path = written(tmp_path / "x.jsonl", line)
    with open_table(str(path), ReadOptions()) as table:
        assert table.headers == tuple(texts)
        assert table.width == len(texts)
    for place, text in enumerate(texts.values()):
        assert chunks_of(path, place)[0].texts == [text]


def test_objects_of_several_shapes(tmp_path: Path) -> None:
    lines = ['{"a": {"b": "1"}}', '{"a": "2"}', "", '{"c": "3"}', '{"a": {"b": null}}', '{"a": {"b": {"d": 4}}}']
    path = written(tmp_path / "x.jsonl", "\n".join(lines))
    with open_table(str(path), ReadOptions()) as table:
        assert table.headers == ("a", "a.b", "c", "a.b.d")
        assert table.names == ("a", "c")
    [chunk] = chunks_of(path, 1)
    assert chunk.texts == ["1", "", "", "", "", '{"d": 4}']
    assert (list(chunk.lines), chunk.blanks, chunk.ragged) == ([1, 2, 3, 4, 5, 6], frozenset({2}), ())
    assert rows_of(path)[:3] == [[{"b": "1"}, None], ["2", None], [None, "3"]]


def test_what_is_known_of_a_table(tmp_path: Path) -> None:
    path = written(tmp_path / "x.jsonl", '{"a": {"b": 1}}\n')
    with open_table(str(path), ReadOptions()) as table:
        assert (table.name, table.format, table.size, table.position()) == (str(path), "jsonl", 16, 16)
        assert table.describe() == "JSON Lines, UTF-8, LF line ends"


def test_a_pipe_need_not_fill_up(monkeypatch: pytest.MonkeyPatch) -> None:
    read, write = os.pipe()
    monkeypatch.setattr(sys, "stdin", open(read, "rb"))  # noqa: PTH123, SIM115 - closed below
    os.write(write, b'{"a": "x"}\n{"b": 1}\n')
    with sys.stdin, open_table("-", ReadOptions(format="jsonl")) as table:
        assert table.headers == ("a", "b")
        chunks = table.chunks(0)
        assert next(chunks).texts == ["x", ""]
        os.write(write, b'{"c": 1}\n')
        assert next(chunks).texts == [""]
        os.close(write)
        assert list(chunks) == []


def test_columns_come_from_the_first_thousand_objects(tmp_path: Path) -> None:
    lines = [
        json.dumps({"a": 1} | ({"b": 2} if n == 999 else {}) | ({"c": 3} if n == 1000 else {})) for n in range(1001)
    ]
    path = written(tmp_path / "x.jsonl", "\n".join(lines))
    with open_table(str(path), ReadOptions()) as table:
        assert table.names == ("a", "b")


NO_OBJECT = "not a JSON object. Each line must hold one: {...}"
TOO_DEEP = "the values are nested too deeply. Some hundred levels can be read, no more."
TOO_LONG = "a whole number has more than 4,300 digits. Put it in quotes, as a text."
NO_JSON = "the line is not JSON. Each line must hold one JSON object; for a CSV file say --format csv."


def test_no_more_is_read_first_than_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonl, "CHUNK_ROWS", 1)
    monkeypatch.setattr(jsonl, "_SEEN_FIRST", 2)
    path = written(tmp_path / "x.jsonl", '{"a": 1}\n' * 4)
    assert [len(chunk.texts) for chunk in chunks_of(path)] == [2, 1, 1]


@pytest.mark.parametrize(("n_before", "names"), [(2, ("a", "b")), (3, ("a",))])
def test_no_more_is_read_first_than_a_row_can_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, n_before: int, names: tuple[str, ...]
) -> None:
    line = '{"a": 1}\n'
    monkeypatch.setattr(jsonl, "CHUNK_ROWS", 1)
    monkeypatch.setattr(jsonl, "LARGEST_ROW", 2 * (len(line) + jsonl._PER_LINE))
    path = written(tmp_path / "x.jsonl", line * n_before + '{"b": 2}\n')
    with open_table(str(path), ReadOptions()) as table:
        assert table.names == names


WRONG = [
    pytest.param('{"a": 1}\n[1]\n', 2, NO_OBJECT, id="a list"),
    pytest.param('{"a": 1}\n\n"text"\n', 3, NO_OBJECT, id="a text"),
    pytest.param("null\n", 1, NO_OBJECT, id="null"),
    pytest.param('{"a": 1}\n{"a": \n', 2, NO_JSON, id="cut off"),
    pytest.param("a,b\n1,2\n", 1, NO_JSON, id="CSV"),
    pytest.param('{\n  "a": 1\n}\n', 1, NO_JSON, id="over several lines"),
    pytest.param('{"a": 1} {"a": 2}\n', 1, NO_JSON, id="two objects"),
    pytest.param('{"a": 1}\n' + '{"a": ' + "[" * 100_000 + "\n", 2, TOO_DEEP, id="too deep"),
    pytest.param('{"a": 1}\n{"a": ' + "1" * 4301 + "}\n", 2, TOO_LONG, id="too many digits"),
]


@pytest.mark.parametrize("chunk_rows", [1, 4096])
@pytest.mark.parametrize(("content", "line", "message"), WRONG)
def test_lines_that_are_no_objects(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str, line: int, message: str, chunk_rows: int
) -> None:
    monkeypatch.setattr(jsonl, "CHUNK_ROWS", chunk_rows)
    path = written(tmp_path / "x.jsonl", content)
    with pytest.raises(TableError) as caught:
        rewrite(path)
    assert f"{caught.value.message} {caught.value.tip}" == f"{path}:{line}: {message}"


@pytest.mark.parametrize("content", ["\n\n  \n", "\ufeff", "\ufeff\n"])
def test_a_file_without_objects(tmp_path: Path, content: str) -> None:
    path = written(tmp_path / "x.jsonl", content)
    with pytest.raises(TableError) as caught:
        rewrite(path)
    assert caught.value.message == f"{path}: the file has no objects."
    assert caught.value.tip == "Give a file with one JSON object a line."


def test_blank_lines_for_longer_than_a_chunk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonl, "CHUNK_ROWS", 3)
    path = written(tmp_path / "x.jsonl", "\n" * 10 + '{"a": 1}\n{"b": 2}\n{"b": 3}\n')
    assert [line for chunk in chunks_of(path) for line in chunk.lines] == list(range(1, 14))
    assert rewrite(path) == b"\n" * 10 + b'{"a": 1, "new": "X"}\n{"b": 2, "new": "X"}\n{"b": 3, "new": "X"}\n'


def test_a_late_object_that_has_a_new_key_already(tmp_path: Path) -> None:
    path = written(tmp_path / "x.jsonl", '{"a": 1}\n' * 5000 + '{"a": 1, "label": null}\n')
    with pytest.raises(TableError, match=r"x\.jsonl:5001: the object has a key 'label' already\.") as caught:
        rewrite(path, {"status": "ok", "label": "sales"})
    assert caught.value.tip == "Put something before the new names, for instance --prefix sm_"
    assert rewrite(path, {"sm_label": "sales"}).endswith(b'{"a": 1, "label": null, "sm_label": "sales"}\n')


def test_a_nested_key_is_no_clash(tmp_path: Path) -> None:
    path = written(tmp_path / "x.jsonl", '{"a": {"new": 1}}\n')
    assert rewrite(path) == b'{"a": {"new": 1}, "new": "X"}\n'


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
objects = st.lists(st.dictionaries(st.text().filter(lambda key: key != "new"), values, max_size=4), min_size=1)


@given(values)
def test_any_value_is_written_as_it_was_read(value: object) -> None:
    text = json.dumps(value, ensure_ascii=False)
    assert as_json(read_json(text)) == text


@given(objects, st.booleans(), st.integers(1, 9), st.integers(1, 3))
def test_any_objects_keep_their_characters(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]], ascii_only: bool, block: int, chunk_rows: int
) -> None:
    lines = [json.dumps(row, ensure_ascii=ascii_only) for row in rows]
    try:
        content = "\n".join(('{"a": 1}', *lines)).encode()
    except UnicodeEncodeError:  # half a pair, which only the escaped form can hold
        return
    path = written(tmp_path_factory.mktemp("any") / "x.jsonl", content)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(source, "_BLOCK", block)
        patch.setattr(jsonl, "CHUNK_ROWS", chunk_rows)
        after = rewrite(path).decode().split("\n")
    assert after == ['{"a": 1, "new": "X"}'] + [
        line[:-1] + (", " if row else "") + '"new": "X"}' for line, row in zip(lines, rows, strict=True)
    ]


def test_what_could_be_read_can_be_written_however_deep() -> None:
    value: object = 1
    for _ in range(5_000):
        value = [value]
    assert as_json(value) == "[" * 5_000 + "1" + "]" * 5_000
