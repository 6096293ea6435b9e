from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import TYPE_CHECKING

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from smclassify.errors import DatasetError, TableError, UsageError
from smclassify.tables.formats import open_table
from smclassify.tables.values import ReadOptions
from smclassify.training.labelled import ColumnNames, Columns, find_columns, iter_labelled

if TYPE_CHECKING:
    from collections.abc import Callable

    from smclassify.model import Model

HEADERS = ("id", "text", "label", "activity", "team")
ROWS = [
    ("1", "call", "sales", "cold-outreach", "north"),
    ("2", "rank", " Marketing ", "SEO", "south"),
    ("3", "sign", "", "closing", "north"),
    ("4", "web", "marketing", "dancing", ""),
    ("5", "sign off", "SALES", "", "north"),
]


def write_csv(path: Path, delimiter: str = ",") -> None:
    path.write_text("".join(delimiter.join(row) + "\n" for row in (HEADERS, *ROWS)), encoding="utf-8")


def write_gz(path: Path) -> None:
    path.write_bytes(gzip.compress("".join(",".join(row) + "\n" for row in (HEADERS, *ROWS)).encode("utf-16")))


def write_jsonl(path: Path) -> None:
    rows = [dict(zip(HEADERS, row, strict=True)) for row in ROWS]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def write_excel(path: Path) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.append(["nothing here"])
    sheet = book.create_sheet("labels")
    for row in (HEADERS, *ROWS):
        sheet.append(list(row))
    book.save(path)


def write_parquet(path: Path) -> None:
    columns = zip(*ROWS, strict=True)
    pq.write_table(pa.table({name: list(column) for name, column in zip(HEADERS, columns, strict=True)}), path)


FILES = [
    pytest.param("rows.csv", write_csv, ReadOptions(), 2, id="csv"),
    pytest.param("rows.tsv", lambda path: write_csv(path, "\t"), ReadOptions(), 2, id="tsv"),
    pytest.param("rows", lambda path: write_csv(path, "|"), ReadOptions(format="csv", delimiter="|"), 2, id="pipes"),
    pytest.param("rows.csv.gz", write_gz, ReadOptions(), 2, id="packed UTF-16"),
    pytest.param("rows.jsonl", write_jsonl, ReadOptions(), 1, id="JSON Lines"),
    pytest.param("rows.xlsx", write_excel, ReadOptions(sheet="labels"), 2, id="excel"),
    pytest.param("rows.parquet", write_parquet, ReadOptions(), 1, id="parquet"),
]


@pytest.mark.parametrize(("name", "write", "options", "first"), FILES)
def test_the_same_rows_in_any_format(
    tmp_path: Path, model: Model, name: str, write: Callable[[Path], None], options: ReadOptions, first: int
) -> None:
    write(tmp_path / name)
    with open_table(str(tmp_path / name), options) as table:
        columns = find_columns(table, ColumnNames(by="team"))
        [rows] = iter_labelled(table, columns, model)
    assert columns == Columns(text=1, label=2, activity=3, by=4)
    assert rows.texts == ["call", "rank", "web", "sign off"]
    assert [line - first for line in rows.lines] == [0, 1, 3, 4]
    assert rows.truth.tolist() == [0, 1, 1, 0]
    assert rows.activity.tolist() == [0, 2, -1, -1]
    assert rows.groups == ["north", "south", "", "north"]
    assert (rows.n_unlabelled, rows.n_unknown_activity) == (1, 1)


def test_nested_json(tmp_path: Path, model: Model) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"card": {"title": "call", "kind": "sales"}}\n\n{"card": {"title": "rank"}, "more": 1}\n')
    with open_table(str(path), ReadOptions()) as table:
        columns = find_columns(table, ColumnNames(text="card.title", label="card.kind"))
        [rows] = iter_labelled(table, columns, model)
    assert (rows.texts, rows.lines, rows.n_unlabelled) == (["call"], [1], 1)


def test_blank_lines_and_short_rows(tmp_path: Path, model: Model) -> None:
    path = tmp_path / "rows.csv"
    path.write_text('text,label,team\n\n"ca\nll",sales\n\nrank\nsign,sales,x,y\n')
    with open_table(str(path), ReadOptions()) as table:
        [rows] = iter_labelled(table, find_columns(table, ColumnNames(by="team")), model)
    assert (rows.texts, rows.lines, rows.groups) == (["ca\nll", "sign"], [3, 7], ["", "x"])
    assert rows.n_unlabelled == 1


COLUMNS = [
    pytest.param("task,label", ColumnNames(), Columns(0, 1, None, None), id="usual names"),
    pytest.param(" Title ,CATEGORY", ColumnNames(), Columns(0, 1, None, None), id="case and space"),
    pytest.param("class,activity", ColumnNames(), Columns(1, 0, None, None), id="activity holds the texts"),
    pytest.param("activity,task,label", ColumnNames(), Columns(1, 2, 0, None), id="activity beside the texts"),
    pytest.param("activity,task,label", ColumnNames("activity"), Columns(0, 2, None, None), id="texts by name"),
    pytest.param("a,b,c,d", ColumnNames("2", "D", "c", "a"), Columns(1, 3, 2, 0), id="all by name or number"),
    pytest.param("task,label,activity", ColumnNames(activity="task"), Columns(0, 1, 0, None), id="activity by name"),
    pytest.param("label,task", ColumnNames(by="label"), Columns(1, 0, None, 0), id="groups are labels"),
]


@pytest.mark.parametrize(("header", "names", "columns"), COLUMNS)
def test_find_columns(tmp_path: Path, header: str, names: ColumnNames, columns: Columns) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(f"{header}\n1,2,3,4\n")
    with open_table(str(path), ReadOptions()) as table:
        assert find_columns(table, names) == columns


UNCLEAR = [
    pytest.param("task,kind", ColumnNames(), "no column has one of the usual names", id="no label"),
    pytest.param("task,label,class", ColumnNames(), "more than one column looks like the labels", id="two labels"),
    pytest.param("task,label", ColumnNames(label="kind"), "there is no column 'kind'", id="no such label"),
    pytest.param("task,label", ColumnNames(by="team"), "there is no column 'team'", id="no such group"),
    pytest.param("task,label", ColumnNames(activity="slug"), "there is no column 'slug'", id="no such activity"),
    pytest.param("task,title,label", ColumnNames(), "more than one column looks like the activities", id="two texts"),
    pytest.param("task,label", ColumnNames(text="label"), "column 2 cannot hold both", id="text is label"),
]


@pytest.mark.parametrize(("header", "names", "message"), UNCLEAR)
def test_unclear_columns(tmp_path: Path, header: str, names: ColumnNames, message: str) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(f"{header}\n1,2,3\n")
    with open_table(str(path), ReadOptions()) as table, pytest.raises(UsageError, match=message) as caught:
        find_columns(table, names)
    assert "1 'task'" in caught.value.tip or "--label-column" in caught.value.tip


def test_lines_have_no_labels(tmp_path: Path) -> None:
    path = tmp_path / "rows.txt"
    path.write_text("call\n")
    with open_table(str(path), ReadOptions()) as table, pytest.raises(UsageError, match="which column holds") as caught:
        find_columns(table, ColumnNames())
    assert caught.value.tip.startswith("The file has no header; its columns: 1.")


BROKEN = [
    pytest.param("call,sales\n,\nrank, Foo \n", DatasetError, ":4: unknown label 'Foo'", id="unknown label"),
    pytest.param('call,sales\n"rank,marketing\n', TableError, ":3: a quoted cell never ends", id="open quote"),
]


@pytest.mark.parametrize(("content", "kind", "message"), BROKEN)
def test_broken_rows(tmp_path: Path, model: Model, content: str, kind: type[Exception], message: str) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(f"text,label\n{content}")
    with open_table(str(path), ReadOptions()) as table, pytest.raises(kind, match=f"rows.csv{message}"):
        list(iter_labelled(table, find_columns(table, ColumnNames()), model))


def test_an_unknown_label_names_the_known_ones(tmp_path: Path, model: Model) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("text,label\ncall,x\n")
    with open_table(str(path), ReadOptions()) as table, pytest.raises(DatasetError) as caught:
        list(iter_labelled(table, find_columns(table, ColumnNames()), model))
    assert caught.value.tip == "The model knows: sales, marketing."
