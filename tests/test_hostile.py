"""Whatever a file or a text holds: an answer, or one sentence and an exit code."""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from math import isclose
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import openpyxl
import pytest
from conftest import Run, make_model
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from terminal import on_terminal

from smclassify import paths
from smclassify.artifact import load_model, save_model
from smclassify.corrections import HEADER_ROW, read_corrections
from smclassify.definitions import load_definitions
from smclassify.errors import (
    ArtifactError,
    DefinitionError,
    GlossaryError,
    SettingsError,
    SmclassifyError,
    TableError,
)
from smclassify.glossary import load_glossary
from smclassify.model import STATUSES
from smclassify.plain import json_prediction, plain_error, plain_prediction
from smclassify.predictions import NONE
from smclassify.runs import RunOptions, label_file
from smclassify.settings import read_file
from smclassify.tables import delimited, excel, jsonl, records
from smclassify.tables.values import ReadOptions, Table

ANY_TEXT = st.text(st.characters(exclude_categories=())) | st.text("cal sign off\ud800\u202e\x1b½@.&'$5%\n\t")
MODEL = make_model()


def quick(most: int) -> settings:
    """Return settings for so many examples; the files that they write are written over."""
    silent = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
    return settings(deadline=None, max_examples=most, suppress_health_check=silent)


def silent(*_: object) -> nullcontext[Callable[[int], None]]:
    return nullcontext(lambda _: None)


# --- texts ---------------------------------------------------------------------------------------------------------


@quick(200)
@given(ANY_TEXT)
@example("\udcff call")
@example("\u1d2c" * 3)
def test_any_text_has_an_answer_that_can_be_shown(text: str) -> None:
    [alone] = MODEL.predict([text])
    table = MODEL.predict_table([text, "sign off"])
    assert alone.status == STATUSES[table.status[0]]
    assert (alone.label is None) == (table.label[0] == NONE)
    assert isclose(alone.confidence, table.confidence[0], abs_tol=1e-9)
    assert alone.label is None or isclose(sum(alone.scores.values()), 1.0)
    line = json_prediction(alone)
    assert json.loads(line)["text"] == text
    for shown in (line, plain_prediction(alone).replace("\t", "")):
        shown.encode()
        assert not set(shown) & set("\x1b\x9b\n\r\x07\u202e\u2066\u2028\x7f")


# --- tables --------------------------------------------------------------------------------------------------------

ANY_BYTES = st.binary(max_size=200) | st.builds(
    bytes.__add__,
    st.sampled_from([b"", b"text,b\n", b"\xff\xfe", b"\xef\xbb\xbf", b"sep=;\n", b'{"text": "', b"\x1f\x8b\x08\0"]),
    st.text('ab,;\t|"\r\n{}[]:1\\ud80\xa0é').map(str.encode) | st.binary(max_size=100),
)


@quick(300)
@given(
    content=ANY_BYTES,
    packed=st.booleans(),
    name=st.sampled_from(["in.csv", "in.tsv", "in.jsonl", "in.lines", "in.txt"]),
    target=st.sampled_from(["out.csv", "out.tsv", "out.jsonl", "out.lines", "out.jsonl.gz"]),
    options=st.builds(
        ReadOptions,
        encoding=st.sampled_from([None, None, "utf-8", "utf-16", "utf-7", "cp1252", "utf-8-sig", "\udcff"]),
        delimiter=st.sampled_from([None, None, "tab", "é", "ab", "\ud800"]),
        header=st.booleans(),
    ),
)
@example(b'{"text": "a", "b": ["\\ud800"], "\\udfff": 1}', False, "in.jsonl", "out.csv", ReadOptions())
@example(b"text\n\n\n", True, "in.csv", "out.jsonl", ReadOptions())
def test_any_bytes_are_a_table_or_an_error(
    tmp_path: Path, content: bytes, packed: bool, name: str, target: str, options: ReadOptions
) -> None:
    path, out = tmp_path / name, tmp_path / target
    path.write_bytes(gzip.compress(content) if packed else content)
    out.unlink(missing_ok=True)
    try:
        summary = label_file(str(path), str(out), RunOptions(options, column="1", prefix="new_"), MODEL, silent)
    except SmclassifyError as refusal:
        problem = plain_error(refusal)
    else:
        problem = ""
    assert out.exists() == (not problem)
    assert "\n" not in problem
    if problem:
        return
    assert summary.n_rows == sum(summary.statuses.values())


@quick(60)
@given(place=st.integers(0, 20_000), flip=st.integers(1, 255), kind=st.sampled_from(["xlsx", "parquet"]))
def test_a_damaged_workbook_or_parquet_file_is_a_table_or_an_error(
    tmp_path: Path, place: int, flip: int, kind: str
) -> None:
    path = tmp_path / f"in.{kind}"
    content = bytearray(_whole(tmp_path, kind))
    content[place % len(content)] ^= flip
    path.write_bytes(content)
    with suppress(SmclassifyError):
        label_file(str(path), str(tmp_path / "out.csv"), RunOptions(column="1", force=True), MODEL, silent)


def _whole(folder: Path, kind: str) -> bytes:
    path = folder / f"whole.{kind}"
    if not path.exists():
        (folder / "whole.csv").write_text("text,n\ncall,1\nsign off,2\n")
        label_file(str(folder / "whole.csv"), str(path), RunOptions(), MODEL, silent)
    return path.read_bytes()


def test_half_a_pair_of_surrogates_in_json_is_a_question_mark_in_csv(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text('{"text": "call", "b": ["\\ud800"], "\\udfff": "\\ud83d"}\n')
    options = RunOptions(column="text", columns=("label",))
    label_file(str(tmp_path / "in.jsonl"), str(tmp_path / "out.csv"), options, MODEL, silent)
    assert (tmp_path / "out.csv").read_text() == 'text,b,?,label\ncall,"[""?""]",?,sales\n'


BOMBS = [
    pytest.param("a.csv.gz", b"text\n" + b'"\n",' * 20_000, ":2: the row has more than 1,000 characters", id="one row"),
    pytest.param("a.csv.gz", b"\n" * 5000, "the first 1,000 characters hold no row", id="blank lines"),
    pytest.param("a.csv.gz", b"\0" * 5000, "this is binary data", id="zeros"),
]


@pytest.mark.parametrize(("name", "content", "message"), BOMBS)
def test_a_bomb_is_refused_before_it_fills_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, content: bytes, message: str
) -> None:
    monkeypatch.setattr(records, "LARGEST_ROW", 1000)
    monkeypatch.setattr(delimited, "_LONGEST_LEAD", 1000)
    (tmp_path / name).write_bytes(gzip.compress(content))
    with pytest.raises(TableError, match=message):
        label_file(str(tmp_path / name), str(tmp_path / "out.csv"), RunOptions(), MODEL, silent)


def test_long_objects_are_not_all_read_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonl, "LARGEST_ROW", 1 << 20)
    (tmp_path / "in.jsonl").write_bytes((b'{"text": "' + b"x" * 100_000 + b'"}\n') * 100 + b'{"late": 1}\n')
    seen = list[tuple[str, ...]]()

    def watch(table: Table, _: int) -> nullcontext[Callable[[int], None]]:
        seen.append(table.names)
        return silent()

    label_file(str(tmp_path / "in.jsonl"), str(tmp_path / "out.jsonl"), RunOptions(), MODEL, watch)
    assert seen == [("text",)]


def test_a_cell_far_off_is_no_table_of_a_thousand_million_cells(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.worksheets[0]["A1"], book.worksheets[0]["XFD1048576"] = "text", "x"
    book.save(tmp_path / "far.xlsx")
    with pytest.raises(TableError, match=r"the sheet 'Sheet' reaches over 17,179,869,184 cells\."):
        label_file(str(tmp_path / "far.xlsx"), str(tmp_path / "out.csv"), RunOptions(), MODEL, silent)


def test_a_workbook_that_unpacks_to_too_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(excel, "_LARGEST_FILE", 1_000_000)
    path = tmp_path / "in.xlsx"
    path.write_bytes(_whole(tmp_path, "xlsx"))
    with ZipFile(path, "a", ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/image1.png", bytes(2_000_000))
    with pytest.raises(TableError, match="bytes when it is unpacked, more than 1,000,000"):
        label_file(str(path), str(tmp_path / "out.csv"), RunOptions(), MODEL, silent)


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_a_file_that_is_cut_while_it_is_read(tmp_path: Path, kind: str) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text("text\n" + "call sign off\n" * 100_000)
    path = tmp_path / f"in.{kind}"
    if kind == "csv":
        rows.rename(path)
    else:
        label_file(str(rows), str(path), RunOptions(columns=("label",)), MODEL, silent)

    @contextmanager
    def watch(*_: object) -> Iterator[Callable[[int], None]]:
        yield lambda _: os.truncate(path, 1000)

    with suppress(SmclassifyError):
        label_file(str(path), str(tmp_path / "out.csv"), RunOptions(prefix="new_"), MODEL, watch)
    if (tmp_path / "out.csv").exists():
        with (tmp_path / "out.csv").open(newline="") as handle:
            assert {row["new_label"] for row in csv.DictReader(handle)} <= {"sales", "marketing", ""}


# --- other files ---------------------------------------------------------------------------------------------------


@quick(150)
@given(st.binary(max_size=200) | st.text('phrase,label;"\n\r sales\tx½5').map(str.encode))
@example(b"")
@example(b'phrase,label\n"')
@example(b"phrase,label\n\xed\xa0\x80,sales")
def test_any_bytes_are_a_glossary_or_an_error(tmp_path: Path, content: bytes) -> None:
    for head in (b"", b"phrase,label\n", b"phrase;label;activity\n"):
        (tmp_path / "glossary.csv").write_bytes(head + content)
        with suppress(GlossaryError):
            load_glossary(tmp_path / "glossary.csv", MODEL).find("call sign off")


@quick(150)
@given(st.binary(max_size=200) | st.text('call,sales;"\n\r0.5').map(str.encode))
@example(b"\xc2")
@example(b'"a\n')
@example(b"call,sales,closing,sales,1e999,000000000000\n")
def test_any_bytes_are_corrections_or_an_error(tmp_path: Path, content: bytes) -> None:
    for head in (b"", HEADER_ROW, b"\xef\xbb\xbf" + HEADER_ROW):
        (tmp_path / "corrections.csv").write_bytes(head + content)
        with suppress(TableError):
            assert all(0 <= correction.confidence <= 1 for correction in read_corrections(tmp_path / "corrections.csv"))


TOML = [b"\n", b"=", b'"', b"'''", b"[", b"]", b"[[", b"{", b"}", b",", b"#", b"\\u", b"1979-13-01", b"1e999", b"nan"]
TOML += [b"column", b"columns", b"glossary", b"thresholds", b"confidence", b"labels", b"slug", b"articles", b"\xff"]
ANY_TOML = st.binary(max_size=100) | st.lists(st.sampled_from(TOML), max_size=30).map(b" ".join)
DEEP = b"column = " + b"[" * 100_000
MANY_DIGITS = b"column = " + b"1" * 5000


@quick(200)
@given(ANY_TOML)
@example(DEEP)
@example(MANY_DIGITS)
@example(b'glossary = "~\\u0000"')
def test_any_bytes_are_settings_and_definitions_or_an_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "any.toml").write_bytes(content)
    with suppress(SettingsError):
        read_file(tmp_path / "any.toml", "any.toml")
    with suppress(DefinitionError):
        load_definitions(tmp_path / "any.toml")


def test_files_that_are_small_by_nature_may_not_be_endless(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "_LARGEST_FILE", 1 << 20)
    endless = Path("/dev/zero")
    for error, read in (
        (ArtifactError, lambda: load_model(endless)),
        (GlossaryError, lambda: load_glossary(endless, MODEL)),
        (SettingsError, lambda: read_file(endless, "settings")),
        (DefinitionError, lambda: load_definitions(endless)),
        (TableError, lambda: read_corrections(endless)),
    ):
        with pytest.raises(error, match="File too large"):
            read()
    (tmp_path / "longest").write_bytes(bytes(1 << 20))
    assert paths.read_whole(tmp_path / "longest") == bytes(1 << 20)


# --- model files ---------------------------------------------------------------------------------------------------

ODD: list[Any] = [
    0,
    -1,
    2**60,
    10**400,
    1e308,
    1e-320,
    -0.5,
    True,
    None,
    "",
    "sales",
    "\ud800",
    [],
    {},
    [[]],
    float("inf"),
]


def signed(header: Any, data: bytes) -> bytes:  # noqa: ANN401 - whatever JSON can hold
    """Return a model file with a right digest."""
    with suppress(TypeError, KeyError, AttributeError):
        if len(header["__metadata__"]["digest"]) == 64:
            header["__metadata__"]["digest"] = "0" * 64
    text = json.dumps(header).encode()
    size = len(text).to_bytes(8, "little")
    digest = hashlib.sha256(size + text + data).hexdigest()
    return size + text.replace(b"0" * 64, digest.encode(), 1) + data


def parts_of(content: bytes) -> tuple[dict[str, Any], bytes]:
    """Return the header of a model file, with its manifest as a value, and its arrays."""
    size = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:size])
    header["__metadata__"]["manifest"] = json.loads(header["__metadata__"]["manifest"])
    return header, content[size:]


def places_in(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:  # noqa: ANN401 - likewise
    """Yield the path to every value inside a value."""
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield (*path, key)
        yield from places_in(value[key], (*path, key))


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("model") / "tiny.safetensors"
    save_model(MODEL, path)
    return path.read_bytes()


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: repr(odd)[:20])
def test_a_model_with_one_odd_value_is_refused_or_answers(tmp_path: Path, content: bytes, odd: Any) -> None:  # noqa: ANN401
    header, data = parts_of(content)
    for place in [*places_in(header)]:
        header, data = parts_of(content)
        inside = header
        for key in place[:-1]:
            inside = inside[key]
        inside[place[-1]] = odd
        with suppress(KeyError, TypeError):
            manifest = header["__metadata__"]["manifest"]
            header["__metadata__"]["manifest"] = manifest if manifest is odd else json.dumps(manifest)
        (tmp_path / "odd").write_bytes(signed(header, data))
        check_refused_or_answers(tmp_path / "odd")


def check_refused_or_answers(path: Path) -> None:
    try:
        model = load_model(path)
    except ArtifactError:
        return
    texts = ["sign call", "", "web rank off", "unknown"]
    for prediction, confidence in zip(model.predict(texts), model.predict_table(texts).confidence, strict=True):
        assert 0 <= prediction.confidence <= 1
        assert isclose(prediction.confidence, confidence, abs_tol=1e-6)


@quick(150)
@given(place=st.integers(0), flip=st.integers(1, 255))
def test_a_model_with_any_array_is_refused_or_answers(tmp_path: Path, content: bytes, place: int, flip: int) -> None:
    header, data = parts_of(content)
    header["__metadata__"]["manifest"] = json.dumps(header["__metadata__"]["manifest"])
    changed = bytearray(data)
    changed[place % len(data)] ^= flip
    (tmp_path / "odd").write_bytes(signed(header, bytes(changed)))
    check_refused_or_answers(tmp_path / "odd")


@quick(100)
@given(st.binary(max_size=300))
@example((1 << 20).to_bytes(8, "little") + b"[" * (1 << 20))
@example((2**63).to_bytes(8, "little") + b"{}")
@example(b"\x0a\0\0\0\0\0\0\0" + b"\xed\xa0\x80{}{}{}{}")
def test_any_bytes_are_no_model(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "any").write_bytes(content)
    with pytest.raises(ArtifactError, match="not a model file"):
        load_model(tmp_path / "any")


def test_a_model_that_does_not_say_how_it_was_trained(run: Run, tmp_path: Path) -> None:
    save_model(MODEL, tmp_path / "tiny")
    done = run("info", "--model", "tiny")
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("smclassify: error: tiny: the model file does not say how it was trained.")


# --- the system around ---------------------------------------------------------------------------------------------


@pytest.fixture
def tasks(tmp_path: Path) -> Path:
    (tmp_path / "tasks.csv").write_text("text\ncold call\nSEO audit\n")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "link.csv").symlink_to("tasks.csv")
    return tmp_path


AROUND = [
    pytest.param(["batch", "loop"], 1, "loop: cannot open the file: Too many levels", id="input is a loop"),
    pytest.param(["batch", "tasks.csv", "-o", "loop"], 1, "loop: cannot write the file", id="output is a loop"),
    pytest.param(["batch", "tasks.csv", "--report", "loop"], 1, "loop: cannot write the file", id="report is a loop"),
    pytest.param(
        ["batch", "tasks.csv", "-o", "loop", "--report", "r.html"], 1, "loop: cannot write", id="a loop beside a report"
    ),
    pytest.param(["batch", "tasks.csv", "-o", "link.csv", "--force"], 2, "replace the input", id="link to the input"),
    pytest.param(["batch", "link.csv", "-o", "tasks.csv", "--force"], 2, "replace the input", id="input is a link"),
    pytest.param(["batch", "tasks.csv", "-o", "x" * 300], 1, "File name too long", id="long name"),
    pytest.param(["batch", "tasks.csv", "-c", "9" * 5000], 2, "there is no column '999", id="column of many digits"),
    pytest.param(["batch", "tasks.csv", "-j", "9" * 20], 2, "is not in the range", id="too many processes"),
    pytest.param(["batch", "tasks.csv", "-o", "/dev/full"], 1, "No space left on device", id="full device"),
    pytest.param(["classify", "--model", "loop", "x"], 1, "Too many levels", id="model to load is a loop"),
    pytest.param(["define", "\udcff"], 2, r"No definition is called '\udcff'", id="a name that is not UTF-8"),
]


@pytest.mark.parametrize(("arguments", "code", "message"), AROUND)
@pytest.mark.usefixtures("tasks")
def test_odd_files_and_arguments_are_one_line(run: Run, arguments: list[str], code: int, message: str) -> None:
    done = run(*arguments)
    line = done.err.splitlines()[-1]
    assert (done.code, line[:19]) == (code, "smclassify: error: ")
    assert message in line
    assert len(line) < 4200
    assert "Traceback" not in done.err


STREAMS = [
    pytest.param("classify x >/dev/full", 1, "No space left on device", id="full: classify"),
    pytest.param("batch tasks.csv >/dev/full", 1, "No space left on device", id="full: batch"),
    pytest.param("define >/dev/full", 1, "No space left on device", id="full: define"),
    pytest.param("--help >/dev/full", 1, "No space left on device", id="full: help"),
    pytest.param("classify x >&-", 1, "Bad file descriptor", id="closed output: classify"),
    pytest.param("batch tasks.csv >&-", 1, "Bad file descriptor", id="closed output: batch"),
    pytest.param("batch tasks.csv -q -o out.csv >&-", 0, "", id="closed output, not needed"),
    pytest.param("classify <&-", 1, "Bad file descriptor", id="closed input: classify"),
    pytest.param("batch - <&-", 1, "Bad file descriptor", id="closed input: batch"),
    pytest.param("classify x <&- >/dev/null", 0, "", id="closed input, not needed"),
    pytest.param("batch tasks.csv >out.csv 2>&-", 0, "", id="closed errors"),
    pytest.param("batch nothing.csv 2>&-", 1, "", id="closed errors, an error"),
]


@pytest.mark.parametrize(("command", "code", "message"), STREAMS)
def test_standard_streams_that_are_closed_or_full(tasks: Path, command: str, code: int, message: str) -> None:

    line = f"'{sys.executable}' -m smclassify {command}"
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, cwd=tasks, timeout=120, check=False)
    assert done.returncode == code, done.stderr
    lines = done.stderr.splitlines()
    assert (message in lines[-1]) if message else not lines
    assert "Traceback" not in done.stderr


NO_ROOM = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)); from smclassify.cli import main; main()"
NEW_FILES = [
    pytest.param("batch tasks.csv -o out.csv", "out.csv", id="batch"),
    pytest.param("batch tasks.csv -o out.jsonl.gz", "out.jsonl.gz", id="batch packed"),
    pytest.param("batch tasks.csv -o out.xlsx", "out.xlsx", id="batch excel"),
    pytest.param("batch tasks.csv -o out.parquet", "out.parquet", id="batch parquet"),
    pytest.param("batch tasks.csv --report out.html", "out.html", id="batch report"),
    pytest.param("report done.csv -o out.html", "out.html", id="report"),
    pytest.param("review done.csv --export out.csv -o answers.csv", "out.csv", id="review export"),
    pytest.param("review tasks.csv -o new.csv", "new.csv", id="review"),
]


@pytest.mark.parametrize(("command", "target"), NEW_FILES)
def test_a_disk_that_is_full(run: Run, tasks: Path, command: str, target: str) -> None:
    assert run("batch", "tasks.csv", "-o", "done.csv").code == 0
    (tasks / "answers.csv").write_text("text,label,activity,was,confidence,model\n")
    (tasks / "loop").unlink()
    before = {path.name: path.read_bytes() for path in tasks.iterdir()}
    with on_terminal(*command.split(), folder=tasks, program=("-c", NO_ROOM)) as terminal:
        if target == "new.csv":
            terminal.see("q quit")
            terminal.press("\r")
        assert terminal.end() == 1
    assert "Traceback" not in terminal.text
    assert f"smclassify: error: {target}: cannot write the file: " in terminal.text
    assert {path.name: path.read_bytes() for path in tasks.iterdir()} == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
@pytest.mark.parametrize(
    "arguments", [["batch", "tasks.csv"], ["classify", "--model", "tasks.csv", "x"]], ids=["table", "model"]
)
def test_a_file_that_may_not_be_read(run: Run, tasks: Path, arguments: list[str]) -> None:
    (tasks / "tasks.csv").chmod(0)
    done = run(*arguments)
    assert done.code == 1
    assert "Permission denied" in done.err
