"""Exports with the warts of real ones, before and after, cell by cell."""

from __future__ import annotations

import csv
import io
import shutil
from typing import TYPE_CHECKING, NamedTuple

import pytest
from conftest import SAMPLES

from smclassify.batch import NEW_COLUMNS

if TYPE_CHECKING:
    from pathlib import Path

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
    done = run("batch", sample.name, *sample.options, "-o", "out.csv")
    assert done.code == 0, done.err
    before = (SAMPLES / sample.name).read_bytes()
    after = (tmp_path / "out.csv").read_bytes()
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
    assert "2 rows with too few or too many cells, kept (line 5, 8)" in done.err
    assert "1 blank line, kept" in done.err


def test_a_guess_is_announced(run: Run) -> None:
    done = run("batch", SAMPLES / "crm_semicolon_cp1252.csv", "-o", "out.csv")
    assert "semicolon-separated, Windows-1252, CRLF line ends (a guess" in done.err
    assert "column 2 'Task title'" in done.err


def test_escapes_in_texts_never_reach_the_terminal_raw(run: Run) -> None:
    done = run("batch", SAMPLES / "hostile_text.csv", "-o", "out.csv")
    assert "\x1b" not in done.err
    assert "\u202e" not in done.err
