from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

import pytest
from conftest import make_model

from smclassify.batch import BatchSummary, Tally, UnsureRow, label_table, new_columns
from smclassify.columns import NEW_COLUMNS, find_column, new_headers
from smclassify.errors import UsageError
from smclassify.glossary import Entry, Glossary
from smclassify.parallel import predict_chunks
from smclassify.tables.formats import open_table, open_writer
from smclassify.tables.values import Chunk, ReadOptions

if TYPE_CHECKING:
    from pathlib import Path

    from smclassify.model import Model


def label(path: Path, content: str, model: Model, columns: tuple[str, ...] = NEW_COLUMNS) -> tuple[str, BatchSummary]:
    path.write_text(content, newline="")
    out = io.BytesIO()
    with open_table(str(path), ReadOptions()) as table:
        writer = open_writer(table, "out.csv", out)
        writer.start(new_headers(table, columns, ""))
        predicted = predict_chunks(table.chunks(find_column(table, "task")), model)
        summary = label_table(predicted, writer, columns, model)
    return out.getvalue().decode(), summary


def test_rows_get_their_answers(tmp_path: Path, model: Model) -> None:
    output, _ = label(tmp_path / "x.csv", "id,task\n007,call\n008,rank\n", model)
    assert output.splitlines() == [
        "id,task,label,confidence,status,activity,definition",
        "007,call,sales,0.7881,ok,cold-outreach,First contact.",
        "008,rank,marketing,0.5761,ok,seo,Being found.",
    ]


def test_blank_cells_get_no_label(tmp_path: Path, model: Model) -> None:
    output, summary = label(tmp_path / "x.csv", "id,task\n1,\n2,  \n3\n", model)
    assert output.splitlines()[1:] == ["1,,,,empty,,", "2,  ,,,empty,,", "3,,,,empty,,"]
    assert summary.statuses == {"empty": 3}
    assert summary.labels == {}


def test_summary(tmp_path: Path, model: Model) -> None:
    content = 'id,task\n1,call\n2,"call it\nrank it"\n3\n\n4,sign,more\n5,unheard\n'
    _, summary = label(tmp_path / "x.csv", content, model)
    assert summary == BatchSummary(
        n_rows=5,
        labels={"sales": 4},
        statuses={"ok": 2, "unsure": 2, "empty": 1},
        least_sure=(
            UnsureRow(8, "unheard", "sales", summary.least_sure[0].confidence),
            UnsureRow(3, "call it\nrank it", "sales", summary.least_sure[1].confidence),
        ),
        n_ragged=2,
        ragged_lines=(5, 7),
        n_blank_lines=1,
        unclosed_line=None,
    )
    assert [row.confidence for row in summary.least_sure] == pytest.approx([7 / 12, 0.6163], abs=1e-4)


def test_summary_names_the_line_of_an_open_quote(tmp_path: Path, model: Model) -> None:
    _, summary = label(tmp_path / "x.csv", 'id,task\n1,call\n2,"rank\n3,sign\n', model)
    assert summary.unclosed_line == 3
    assert summary.n_rows == 2


def test_many_chunks_stay_in_order(tmp_path: Path, model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("smclassify.tables.records.CHUNK_ROWS", 7)
    content = "id,task\n" + "".join(f"{n},{'call' if n % 3 else 'rank'}\n" for n in range(100))
    output, summary = label(tmp_path / "x.csv", content, model, ("label",))
    rows = list(csv.DictReader(io.StringIO(output)))
    assert [row["id"] for row in rows] == [str(n) for n in range(100)]
    assert [row["label"] for row in rows] == ["sales" if n % 3 else "marketing" for n in range(100)]
    assert summary.labels == {"sales": 66, "marketing": 34}


def test_the_most_frequent_label_comes_first(tmp_path: Path, model: Model) -> None:
    for counts in ({"sales": 2, "marketing": 1}, {"marketing": 2, "sales": 1}):
        rows = "call\n" * counts["sales"] + "rank\n" * counts["marketing"]
        _, summary = label(tmp_path / "x.csv", f"task\n{rows}", model)
        assert list(summary.labels.items()) == list(counts.items())


def test_the_least_sure_rows_are_few_and_the_least_sure(tmp_path: Path, model: Model) -> None:
    content = "task\n" + "".join(f"call it {'now ' * n}\n" for n in range(1, 50))
    _, summary = label(tmp_path / "x.csv", content, model)
    lines = [row.line for row in summary.least_sure]
    assert lines == [50, 49, 48, 47, 46]


def test_of_rows_equally_unsure_the_first_are_shown(tmp_path: Path, model: Model) -> None:
    _, summary = label(tmp_path / "x.csv", "task\n" + "call it\ncall it now\n" * 200, model)
    assert [row.line for row in summary.least_sure] == [3, 5, 7, 9, 11]


CHUNKS = [
    Chunk(["call", "unheard", "QBR", ""], [2, 3, 4, 5], ragged=(3, 4)),
    Chunk(["", "rank", "the QBR", ""], [6, 7, 8, 10], blanks=frozenset({0, 3}), ragged=(8,), unclosed=8),
    Chunk(["", "sign"], [11, 12], blanks=frozenset({0}), unclosed=12),
]
STATE = (
    '{"labels": [3, 3], "statuses": [5, 1, 1], "least_sure": [[3, "unheard", "sales", CONFIDENCE]],'
    ' "n_ragged": 3, "ragged_lines": [3, 4, 8], "n_blank_lines": 3, "unclosed_line": 8, "n_by_glossary": 2}'
)
NOTHING = (
    '{"labels": [0, 0], "statuses": [0, 0, 0], "least_sure": [], "n_ragged": 0, "ragged_lines": [],'
    ' "n_blank_lines": 0, "unclosed_line": null, "n_by_glossary": 0}'
)


@pytest.mark.parametrize("n_before", range(len(CHUNKS) + 1))
def test_counts_are_kept_as_json_and_gone_on_from(n_before: int) -> None:
    model = make_model(glossary=Glossary((Entry("QBR", "marketing"),)))
    before, tally = Tally(model), Tally(model)
    assert json.dumps(before.state()) == NOTHING
    for chunk in CHUNKS[:n_before]:
        before.add(chunk, model.predict_table(chunk.texts))
    tally.restore(json.loads(json.dumps(before.state())))
    assert tally.summary() == before.summary()
    for chunk in CHUNKS[n_before:]:
        tally.add(chunk, model.predict_table(chunk.texts))
    confidence = tally.summary().least_sure[0].confidence
    assert confidence == pytest.approx(7 / 12)
    assert json.dumps(tally.state()) == STATE.replace("CONFIDENCE", str(confidence))
    assert tally.summary() == BatchSummary(
        n_rows=7,
        labels={"sales": 3, "marketing": 3},
        statuses={"ok": 5, "unsure": 1, "empty": 1},
        least_sure=(UnsureRow(3, "unheard", "sales", confidence),),
        n_ragged=3,
        ragged_lines=(3, 4, 8),
        n_blank_lines=3,
        unclosed_line=8,
        n_by_glossary=2,
    )


def test_columns_can_be_chosen_and_ordered(tmp_path: Path, model: Model) -> None:
    output, _ = label(tmp_path / "x.csv", "task\ncall\n", model, ("status", "label"))
    assert output == "task,status,label\ncall,ok,sales\n"


def open_header(tmp_path: Path, header: str, *, has_header: bool = True) -> object:
    path = tmp_path / "x.csv"
    path.write_text(header + "\n")
    return open_table(str(path), ReadOptions(header=has_header))


COLUMNS = [
    pytest.param("id,Task,who", None, 1, id="a usual name"),
    pytest.param("id, NAME ,who", None, 1, id="case and spaces"),
    pytest.param("what", None, 0, id="the only column"),
    pytest.param("id,Task,who", "who", 2, id="by name"),
    pytest.param("id,Task,who", "TASK", 1, id="by name in another case"),
    pytest.param("task,TASK", "TASK", 1, id="the exact name first"),
    pytest.param("id,Task,who", "3", 2, id="by number"),
    pytest.param("3,2,1", "3", 0, id="a name that looks like a number"),
    pytest.param("task,label,confidence,status,activity,definition", None, 0, id="labelled before"),
    pytest.param("activity,label,task", None, 2, id="labelled before, in another order"),
    pytest.param("activity,owner,label", None, 0, id="a label that is not beside it"),
    pytest.param("status,activity", None, 1, id="no label"),
    pytest.param("\ufeff\ufefftask,id", "task", 0, id="two marks"),
    pytest.param("\ufeff\ufefftask,id", "\ufefftask", 0, id="two marks, and asked for so"),
    pytest.param("\ufeff\ufeff Task,id", None, 0, id="two marks before a usual name"),
]


@pytest.mark.parametrize(("header", "wanted", "place"), COLUMNS)
def test_find_column(tmp_path: Path, header: str, wanted: str | None, place: int) -> None:
    with open_header(tmp_path, header) as table:  # type: ignore[attr-defined]
        assert find_column(table, wanted) == place


NO_COLUMN = [
    pytest.param("id,who", None, "no column has one of the usual names", id="none of the usual"),
    pytest.param("task,name", None, "more than one column looks like the activities", id="two of the usual"),
    pytest.param("id,who", "what", "there is no column 'what'", id="no such name"),
    pytest.param("id,who", "0", "there is no column '0'", id="zero"),
    pytest.param("id,who", "3", "there is no column '3'", id="number too large"),
    pytest.param("who,label,status,activity", None, "no column has one of the usual names", id="labelled before"),
    pytest.param("who,who", "who", "2 columns are called 'who'", id="the same name twice"),
]


@pytest.mark.parametrize(("header", "wanted", "message"), NO_COLUMN)
def test_no_column(tmp_path: Path, header: str, wanted: str | None, message: str) -> None:
    with (
        open_header(tmp_path, header) as table,  # type: ignore[attr-defined]
        pytest.raises(UsageError, match=message) as caught,
    ):
        find_column(table, wanted)
    assert f"1 {header.split(',', maxsplit=1)[0]!r}, 2 {header.split(',')[1]!r}" in caught.value.tip


def test_columns_without_a_header_go_by_number(tmp_path: Path) -> None:
    with open_header(tmp_path, "a,b", has_header=False) as table:  # type: ignore[attr-defined]
        assert find_column(table, "2") == 1
        with pytest.raises(UsageError) as caught:
            find_column(table, None)
    assert caught.value.tip == ("The file has no header; name a column by its number, from 1 to 2. Choose with -c.")


def test_new_headers(tmp_path: Path) -> None:
    with open_header(tmp_path, "task,label") as table:  # type: ignore[attr-defined]
        assert new_headers(table, ["status", "label"], "sm_") == ["sm_status", "sm_label"]
        with pytest.raises(UsageError, match="has a column 'label' already") as caught:
            new_headers(table, ["label"], "")
        assert caught.value.tip == "Put something before the new names, for instance --prefix sm_"
        with pytest.raises(UsageError, match="no new column 'colour'"):
            new_headers(table, ["colour"], "")
        with pytest.raises(UsageError, match=r"^The new column 'status' is asked for twice\.$"):
            new_headers(table, ["status", "activity", "status"], "")


def test_new_cells_of_predictions(model: Model) -> None:
    assert new_columns(model.predict_table(["sign", ""]), NEW_COLUMNS, model) == [
        ["sales", ""],
        [0.7881, None],
        ["ok", "empty"],
        ["closing", ""],
        ["Getting the signature.", ""],
    ]


def test_what_decided_is_a_new_cell() -> None:
    model = make_model(glossary=Glossary((Entry("QBR", "marketing"),)))
    predictions = model.predict_table(["sign", "QBR", ""])
    assert new_columns(predictions, ["source"], model) == [["model", "glossary", ""]]


def test_progress_is_reported(tmp_path: Path, model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("smclassify.tables.records.CHUNK_ROWS", 2)
    path, counts = tmp_path / "x.csv", list[int]()
    path.write_text("task\na\nb\nc\n")
    with open_table(str(path), ReadOptions()) as table:
        writer = open_writer(table, "-", io.BytesIO())
        label_table(predict_chunks(table.chunks(0), model), writer, ["label"], model, counts.append)
    assert counts == [1, 2]  # the header is in the first two


def test_a_chunk_is_frozen() -> None:
    with pytest.raises(AttributeError):
        Chunk(["a"], [1]).texts = []  # type: ignore[misc]
