from __future__ import annotations

import fcntl
import os
import resource
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smclassify.corrections import Correction, as_row, read_corrections
from smclassify.corrections_file import corrections_path, open_corrections
from smclassify.errors import TableError
from smclassify.predictions import is_empty

if TYPE_CHECKING:
    from pathlib import Path

HEADER = "text,label,activity,was,confidence,model\n"
CALL = Correction("cold call", "sales", "cold-outreach", "marketing", 0.5123, "0123456789ab")
AUDIT = Correction('SEO "audit",\ntwice', "marketing", "seo", "marketing", 1.0, "0123456789ab")
CALL_ROW = "cold call,sales,cold-outreach,marketing,0.5123,0123456789ab\n"
AUDIT_ROW = '"SEO ""audit"",\ntwice",marketing,seo,marketing,1.0000,0123456789ab\n'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "x.corrections.csv"


@pytest.mark.parametrize(
    ("source", "name"),
    [
        pytest.param("in/tasks.csv", "in/tasks.corrections.csv", id="csv"),
        pytest.param("tasks.jsonl.gz", "tasks.corrections.csv", id="packed"),
        pytest.param("tasks", "tasks.corrections.csv", id="no extension"),
        pytest.param("q1.tasks.xlsx", "q1.tasks.corrections.csv", id="two dots"),
        pytest.param("x.corrections.csv", "x.corrections.corrections.csv", id="corrections"),
    ],
)
def test_where_corrections_go(source: str, name: str) -> None:
    assert str(corrections_path(source)) == name


@pytest.mark.parametrize("source", [".", "", "/", ".gz", "./"])
def test_a_folder_has_no_corrections(source: str) -> None:
    with pytest.raises(TableError, match="this is a folder, not a file"):
        corrections_path(source)


def test_each_answer_is_in_the_file_at_once(path: Path) -> None:
    with open_corrections(path) as file:
        file.append(CALL)
        assert path.read_text() == HEADER + CALL_ROW
        file.append(AUDIT)
        assert path.read_text() == HEADER + CALL_ROW + AUDIT_ROW
    assert read_corrections(path) == [CALL, AUDIT]


def test_each_answer_is_on_the_disk_at_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr("os.fsync", lambda descriptor: synced.append(os.fstat(descriptor).st_size))
    with open_corrections(path) as file:
        synced.clear()
        for _ in range(2):
            file.append(CALL)
        file.undo()
    assert synced == [len(HEADER + CALL_ROW), len(HEADER + 2 * CALL_ROW), len(HEADER + CALL_ROW)]


def test_undo_takes_back_one_after_the_other_also_of_earlier_times(path: Path) -> None:
    with open_corrections(path) as file:
        file.append(CALL)
        file.append(AUDIT)
    with open_corrections(path) as file:
        file.append(CALL)
        assert [file.undo(), file.undo()] == [CALL, AUDIT]
        assert path.read_text() == HEADER + CALL_ROW
        assert file.undo() == CALL
        file.append(AUDIT)
        assert path.read_text() == HEADER + AUDIT_ROW


def test_a_new_file_without_answers_goes_away(path: Path) -> None:
    with open_corrections(path) as file:
        assert path.exists()
        file.append(CALL)
        file.undo()
    assert not path.exists()


def test_a_file_that_was_there_stays(path: Path) -> None:
    path.write_text("")
    with open_corrections(path):
        pass
    assert path.read_text() == ""


def test_nobody_else_may_read_what_nobody_else_could(path: Path) -> None:
    with open_corrections(path, 0o600) as file:
        file.append(CALL)
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_link_stays_one(path: Path, tmp_path: Path) -> None:
    (tmp_path / "real.csv").write_text(HEADER)
    path.symlink_to("real.csv")
    with open_corrections(path) as file:
        file.append(CALL)
    assert path.is_symlink()
    assert (tmp_path / "real.csv").read_text() == HEADER + CALL_ROW


def test_only_one_at_a_time(path: Path) -> None:
    with open_corrections(path) as file:
        with pytest.raises(TableError, match=r"x\.corrections\.csv: another run is writing this file"):
            open_corrections(path).__enter__()
        file.append(CALL)
    with open_corrections(path) as file:
        assert file.corrections == [CALL]


@given(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")).filter(lambda text: not is_empty(text))
)
def test_any_text_comes_back(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.getbasetemp() / "any.csv"
    correction = Correction(text, "sales", "seo", "sales", 0.25, "0123456789ab")
    path.write_bytes(HEADER.encode() + as_row(correction) * 2)
    assert read_corrections(path) == [correction] * 2
    path.write_bytes(path.read_bytes()[:-1])
    assert read_corrections(path) == [correction] * 2


# --- what a crash leaves -------------------------------------------------------------------------------------------

WHOLE = (HEADER + AUDIT_ROW + CALL_ROW).encode()
TORN_ROW = '"Café, ""new"" \n menu",sales,seo,sales,0.5000,fedcba987654'.encode()


@pytest.mark.parametrize("size", range(len(HEADER)))
def test_a_header_half_written_is_written_again(path: Path, size: int) -> None:
    path.write_text(HEADER[:size])
    with open_corrections(path) as file:
        assert (file.corrections, file.torn) == ([], "")
        file.append(CALL)
    assert path.read_text() == HEADER + CALL_ROW


@pytest.mark.parametrize("size", range(1, len(TORN_ROW)))
def test_a_row_half_written_is_dropped(path: Path, size: int) -> None:
    path.write_bytes(WHOLE + TORN_ROW[:size])
    assert read_corrections(path) == [AUDIT, CALL]
    with open_corrections(path) as file:
        assert file.corrections == [AUDIT, CALL]
        assert path.read_bytes() == WHOLE
        file.append(CALL)
    assert path.read_bytes() == WHOLE + CALL_ROW.encode()


def test_what_is_dropped_can_be_told(path: Path) -> None:
    path.write_bytes(WHOLE + b"web si")
    with open_corrections(path) as file:
        assert file.torn == "web si"


def test_a_row_without_its_line_end_gets_one(path: Path) -> None:
    path.write_bytes(WHOLE + TORN_ROW)
    with open_corrections(path) as file:
        assert file.corrections[-1].text == 'Café, "new" \n menu'
        assert (file.torn, path.read_bytes()) == ("", WHOLE + TORN_ROW + b"\n")
        file.append(CALL)
    assert path.read_bytes() == WHOLE + TORN_ROW + b"\n" + CALL_ROW.encode()


@pytest.mark.parametrize(
    ("content", "n_rows"),
    [
        pytest.param("\ufeff" + HEADER + CALL_ROW, 1, id="byte order mark"),
        pytest.param((HEADER + CALL_ROW).replace("\n", "\r\n"), 1, id="CRLF"),
        pytest.param(HEADER + CALL_ROW + "\n\n" + CALL_ROW + "\n", 2, id="blank lines"),
        pytest.param(HEADER + "cold call,sales,closing,sales,0.5,another model", 1, id="by hand, no line end"),
    ],
)
def test_an_edited_file_is_read_and_goes_on(path: Path, content: str, n_rows: int) -> None:
    path.write_text(content, newline="")
    assert len(read_corrections(path)) == n_rows
    with open_corrections(path) as file:
        file.append(AUDIT)
        file.append(CALL)
        file.undo()
    assert len(read_corrections(path)) == n_rows + 1
    assert path.read_text().removeprefix("\ufeff").startswith(content.removeprefix("\ufeff").replace("\r\n", "\n"))


ROW = "cold call,sales,closing,sales,0.5,0123456789ab\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param("id,text\n1,a\n", ":1: this is not a file of corrections", id="other columns"),
        pytest.param(HEADER.replace(",", ";"), ":1: this is not a file of corrections", id="other delimiter"),
        pytest.param("was" + HEADER, ":1: this is not a file of corrections", id="first column"),
        pytest.param(HEADER + ROW + "a,b\n" + ROW, ":3: the row has 2 cells, not 6", id="too few cells"),
        pytest.param(HEADER + ROW + "x," + ROW, ":3: the row has 7 cells, not 6", id="too many cells"),
        pytest.param(HEADER + AUDIT_ROW + "\n,a,b,c,0.5,d\n", ":5: the column 'text' is blank", id="blank text"),
        pytest.param(HEADER + "\u200b,b,c,d,0.5,e\n", ":2: the column 'text' is blank", id="a text that is not seen"),
        pytest.param(HEADER + "a,b,c,,0.5,d\n", ":2: the column 'was' is blank", id="blank cell"),
        pytest.param(HEADER + "a,b,c,d,sure,e\n", ":2: the confidence 'sure' is not", id="no number"),
        pytest.param(HEADER + "a,b,c,d,nan,e\n", ":2: the confidence 'nan' is not", id="NaN"),
        pytest.param(HEADER + "a,b,c,d,1.5,e\n", ":2: the confidence '1.5' is not", id="above 1"),
        pytest.param(HEADER + ROW + '"' + ROW + ROW, ":3: a quoted cell never ends", id="open quote"),
        pytest.param(HEADER + ROW + '"' + ROW.rstrip(), ":3: a quoted cell never ends", id="open quote at the end"),
        pytest.param(
            HEADER + '"' + ROW + '"x"' + ROW, ":2: the row is not well formed", id="open quote that another ends"
        ),
        pytest.param('"id', ":1: the row is not well formed", id="open quote in the header"),
    ],
)
def test_a_foreign_or_broken_file_is_left_alone(path: Path, content: str, message: str) -> None:
    path.write_text(content)
    with pytest.raises(TableError) as caught:
        read_corrections(path)
    assert caught.value.message.startswith(f"{path}{message}")
    assert caught.value.tip
    with pytest.raises(TableError, match=message):
        open_corrections(path).__enter__()
    assert path.read_text() == content


def test_not_utf8(path: Path) -> None:
    path.write_bytes(HEADER.encode() + CALL_ROW.encode() + b"caf\xe9,a,b,c,0.5,d\n")
    with pytest.raises(TableError, match=r":3: the corrections are not UTF-8"):
        read_corrections(path)


def test_no_file(path: Path, tmp_path: Path) -> None:
    with pytest.raises(TableError, match="there is no such file of corrections"):
        read_corrections(path)
    with pytest.raises(TableError, match="cannot read the corrections: Is a directory"):
        read_corrections(tmp_path)


@pytest.mark.parametrize("kind", ["folder", "pipe"])
def test_no_regular_file(path: Path, kind: str) -> None:
    path.mkdir() if kind == "folder" else os.mkfifo(path)
    with pytest.raises(TableError, match="this is not a regular file"):
        open_corrections(path).__enter__()


# --- what others do in the meantime --------------------------------------------------------------------------------


def test_a_full_disk_loses_nothing(path: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    with open_corrections(path) as file:
        file.append(CALL)
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 5, limits[1]))
            with pytest.raises(TableError, match="cannot write the file: File too large"):
                file.append(AUDIT)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert path.read_text() == HEADER + CALL_ROW
        file.append(AUDIT)
    assert read_corrections(path) == [CALL, AUDIT]


@pytest.mark.parametrize("action", ["append", "undo"])
@pytest.mark.parametrize("change", ["longer", "replaced", "removed"])
def test_what_another_program_wrote_is_not_cut(path: Path, action: str, change: str) -> None:
    with open_corrections(path) as file:
        file.append(CALL)
        file.append(CALL)
        if change == "longer":
            with path.open("a") as other:
                other.write(AUDIT_ROW)
        else:
            path.unlink()
        if change == "replaced":
            path.write_text(HEADER + CALL_ROW + CALL_ROW)
        before = path.read_text() if path.exists() else None
        with pytest.raises(TableError, match="another program has changed the file"):
            file.append(AUDIT) if action == "append" else file.undo()
        assert (path.read_text() if path.exists() else None) == before


def test_a_reader_needs_no_lock(path: Path) -> None:
    path.write_text(HEADER + CALL_ROW)
    with path.open("r+b") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        assert read_corrections(path) == [CALL]
