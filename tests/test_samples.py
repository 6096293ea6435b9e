"""Exports with the warts of real ones, before and after, cell by cell."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import openpyxl
import pytest
from conftest import SAMPLES
from rewriting import rewrite

from smclassify.columns import NEW_COLUMNS

if TYPE_CHECKING:
    from conftest import Run


class Sample(NamedTuple):
    name: str
    encoding: str
    delimiter: str
    newline: str
    column: int
    options: tuple[str, ...] = ()
    prefix: str = ""


CASES = [
    Sample("asana_export.csv", "utf-8-sig", ",", "\r\n", 2),
    Sample("crm_semicolon_cp1252.csv", "cp1252", ";", "\r\n", 1),
    Sample("ragged.csv", "utf-8", ",", "\n", 1, ("--prefix", "sm_"), "sm_"),
    Sample("clashing_headers.csv", "utf-8", ",", "\r\n", 1, ("--prefix", "sm_"), "sm_"),
    Sample("hostile_text.csv", "utf-8", ",", "\r\n", 1),
    Sample("planner_utf16.tsv", "utf-16", "\t", "\r\n", 0),
]


def parse(content: bytes, sample: Sample) -> list[list[str]]:
    csv.field_size_limit(1 << 24)
    return list(csv.reader(io.StringIO(content.decode(sample.encoding), newline=""), delimiter=sample.delimiter))


@pytest.mark.parametrize("sample", CASES, ids=[case.name for case in CASES])
def test_sample(sample: Sample, run: Run, tmp_path: Path) -> None:
    shutil.copy(SAMPLES / sample.name, tmp_path)
    target = f"out{Path(sample.name).suffix}"
    done = run("batch", sample.name, *sample.options, "-o", target)
    assert done.code == 0, done.err
    before = (SAMPLES / sample.name).read_bytes()
    after = (tmp_path / target).read_bytes()
    assert (tmp_path / sample.name).read_bytes() == before

    old, new = parse(before, sample), parse(after, sample)
    width = len(old[0])
    assert new[0] == [*old[0], *(sample.prefix + name for name in NEW_COLUMNS)]
    assert len(new) == len(old)
    for number, (row, labelled) in enumerate(zip(old[1:], new[1:], strict=True), 2):
        if not row:
            assert labelled == [], number
            continue
        kept, added, surplus = labelled[:width], labelled[width : width + 5], labelled[width + 5 :]
        assert kept == [*row[:width], *[""] * (width - len(row))], number
        assert surplus == row[width:], number
        label, confidence, status, activity, definition = added
        if row[sample.column].strip():
            assert label in {"sales", "marketing", "other"}, number
            assert 1 / 3 <= float(confidence) <= 1, number
            assert status in {"ok", "unsure"}, number
            assert activity, number
            assert definition, number
            assert not any(cell.startswith(("=", "+", "-", "@")) for cell in added), number
        else:
            assert added == ["", "", "empty", "", ""], number

    mark, end = before[:3], sample.newline.encode("utf-16-le" if sample.encoding == "utf-16" else sample.encoding)
    assert after.startswith(mark)
    assert after.endswith(end) == before.endswith(end)
    first = before.decode(sample.encoding).split(sample.newline)[0]
    assert after.decode(sample.encoding).startswith(first + sample.delimiter)
    assert after.decode(sample.encoding).count("\r") == before.decode(sample.encoding).count("\r")


def test_a_clash_is_refused_without_a_prefix(run: Run, tmp_path: Path) -> None:
    done = run("batch", SAMPLES / "clashing_headers.csv", "-o", "out.csv")
    assert done.code == 2
    assert "has a column 'label' already" in done.err
    assert not (tmp_path / "out.csv").exists()


def test_ragged_rows_are_reported(run: Run) -> None:
    done = run("batch", SAMPLES / "ragged.csv", "--prefix", "sm_", "-o", "out.csv")
    assert "2 rows with too few or too many cells, kept (lines 5, 8)" in done.err
    assert "1 blank line, which is no row" in done.err


def test_a_guess_is_announced(run: Run) -> None:
    done = run("batch", SAMPLES / "crm_semicolon_cp1252.csv", "-o", "out.csv")
    assert "semicolon-separated, Windows-1252, CRLF line ends (a guess" in done.err
    assert "column 2 'Task title'" in done.err


def test_escapes_in_texts_never_reach_the_terminal_raw(run: Run) -> None:
    done = run("batch", SAMPLES / "hostile_text.csv", "-o", "out.csv")
    assert "\x1b" not in done.err
    assert "\u202e" not in done.err


# --- formats other than CSV ----------------------------------------------------------------------------------------


def check_answers(answers: dict[str, Any]) -> None:
    assert list(answers) == list(NEW_COLUMNS)
    assert answers["label"] in {"sales", "marketing", "other"}
    assert 1 / 3 <= float(answers["confidence"]) <= 1
    assert answers["status"] in {"ok", "unsure"}
    assert answers["activity"]
    assert answers["definition"]


def test_board_jsonl(run: Run, tmp_path: Path) -> None:
    done = run("batch", SAMPLES / "board.jsonl", "-o", "out.jsonl")
    assert done.code == 0, done.err
    assert "board.jsonl: JSON Lines, UTF-8, LF line ends; activities in column 2 'name'" in done.err
    before = (SAMPLES / "board.jsonl").read_bytes().decode().split("\n")
    after = (tmp_path / "out.jsonl").read_bytes().decode().split("\n")
    assert len(after) == len(before) == 21
    assert after.pop() == before.pop() == ""
    for old, new in zip(before, after, strict=True):
        assert new.startswith(old.removesuffix("}") + ', "label": ')
        values = json.loads(new)
        keys = list(json.loads(old))
        assert list(values)[: len(keys)] == keys
        check_answers({key: values[key] for key in list(values)[len(keys) :]})


def test_timesheet_xlsx(run: Run, tmp_path: Path) -> None:
    done = run("batch", SAMPLES / "timesheet.xlsx", "-o", "out.xlsx")
    assert done.code == 0, done.err
    assert "Excel, sheet 'Tasks' (1 other sheet kept); activities in column 2 'Activity'" in done.err
    before, after = openpyxl.load_workbook(SAMPLES / "timesheet.xlsx"), openpyxl.load_workbook(tmp_path / "out.xlsx")
    assert after.sheetnames == before.sheetnames == ["Tasks", "Readme"]
    for old, new in zip(before, after, strict=True):
        width = old.max_column
        assert new.max_row == old.max_row
        assert new.max_column == width + (5 if old.title == "Tasks" else 0)
        for cell in (cell for row in old.iter_rows() for cell in row):
            same = new[cell.coordinate]
            assert (same.value, type(same.value), same.data_type) == (cell.value, type(cell.value), cell.data_type)
            for look in ("number_format", "font", "fill", "border", "alignment", "protection"):
                assert repr(getattr(same, look)) == repr(getattr(cell, look)), cell.coordinate
    header, *rows = after["Tasks"].iter_rows(min_col=before["Tasks"].max_column + 1, values_only=True)
    assert header == NEW_COLUMNS
    assert len(rows) == 20
    for row in rows:
        assert type(row[1]) in {float, int}
        check_answers(dict(zip(header, row, strict=True)))


def test_lines_txt(run: Run, tmp_path: Path) -> None:
    done = run("batch", SAMPLES / "lines.txt", "-o", "out.txt")
    assert done.code == 0, done.err
    assert "lines.txt: lines, UTF-8, LF line ends; activities in column 1" in done.err
    before, after = (SAMPLES / "lines.txt").read_bytes(), (tmp_path / "out.txt").read_bytes()
    assert after.endswith(b"\n") == before.endswith(b"\n")
    for old, new in zip(before.decode().split("\n")[:-1], after.decode().split("\n")[:-1], strict=True):
        text, *answers = new.split("\t")
        assert text == old
        check_answers(dict(zip(NEW_COLUMNS, answers, strict=True)))


NAMES = [*(case.name for case in CASES), "board.jsonl", "timesheet.xlsx", "lines.txt"]


def plain_rows(name: str) -> tuple[list[str], list[list[Any]]]:
    """Return the headers and the values of a sample, read by other means than our own."""
    path = SAMPLES / name
    match path.suffix:
        case ".jsonl":
            objects = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
            return list(objects[0]), [list(found.values()) for found in objects]
        case ".xlsx":
            [header, *rows] = openpyxl.load_workbook(path)["Tasks"].iter_rows(values_only=True)
            return [str(name) for name in header], [
                [value.date().isoformat() if hasattr(value, "date") else value for value in row] for row in rows
            ]
        case ".txt":
            return ["text"], [[line] for line in path.read_text(encoding="utf-8").splitlines()]
    [case] = (case for case in CASES if case.name == name)
    [header, *rows] = parse(path.read_bytes(), case)
    return header, [row for row in rows if row]


def cell_text(value: object) -> str:
    """Return how a value is written in CSV."""
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)


SEPARATED = [(name, ".csv") for name in NAMES if not name.endswith(".csv")]
SEPARATED += [(name, ".tsv") for name in NAMES if not name.endswith(".tsv")]


@pytest.mark.parametrize(("name", "suffix"), SEPARATED)
def test_a_sample_as_csv(name: str, suffix: str) -> None:
    headers, rows = plain_rows(name)
    width = len(headers)
    content = rewrite(SAMPLES / name, {"sm_label": "X"}, target=f"out{suffix}").decode()
    [header, *after] = csv.reader(io.StringIO(content, newline=""), delimiter="\t" if suffix == ".tsv" else ",")
    assert header == [*headers, "sm_label"]
    assert after == [
        [*map(cell_text, row[:width]), *[""] * (width - len(row)), "X", *map(cell_text, row[width:])] for row in rows
    ]


@pytest.mark.parametrize("name", [name for name in NAMES if name != "board.jsonl"])
def test_a_sample_as_json(name: str) -> None:
    headers, rows = plain_rows(name)
    lines = rewrite(SAMPLES / name, {"sm_label": "X"}, target="out.jsonl").decode().split("\n")
    assert lines.pop() == ""
    for line, row in zip(lines, rows, strict=True):
        found = json.loads(line)
        surplus = [f"column{place}" for place in range(len(headers) + 1, len(row) + 1)]
        assert list(found) == [*headers, *surplus, "sm_label"]
        assert list(found.values()) == [*row, *[None] * (len(headers) - len(row)), "X"]


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_through_a_pipe(name: str) -> None:
    target, suffix = SAMPLES / name, Path(name).suffix
    same = rewrite(target, {"sm_label": "X"}, target=f"out{suffix}" if suffix != ".xlsx" else "out.csv")
    assert rewrite(target, {"sm_label": "X"}, target="-") == same
