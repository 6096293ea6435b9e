from __future__ import annotations

import errno
import gc
import io
import random
import re
import sys
import time as time_module
import zipfile
from contextlib import nullcontext
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest
from openpyxl.chart import BarChart
from openpyxl.styles import Font, PatternFill
from rewriting import chunks_of, rewrite, rows_of, written

from smclassify.errors import TableError, UsageError
from smclassify.tables import excel, excel_convert
from smclassify.tables.formats import open_table, open_writer
from smclassify.tables.values import ReadOptions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from openpyxl.worksheet.worksheet import Worksheet

ROWS: list[list[Any]] = [
    ["id", "task", "hours", "when"],
    ["007", "cold call", 1.25, datetime(2026, 3, 2)],  # noqa: DTZ001 - Excel knows no zones
    ["=x", None, 12, datetime(2026, 3, 2, 9, 30)],  # noqa: DTZ001
]


def book_of(path: Path, rows: Sequence[Sequence[Any]] = ROWS, **sheets: Sequence[Sequence[Any]]) -> Path:
    """Write a workbook with a sheet called `Tasks` and perhaps others; a text that starts with = stays one."""
    book = openpyxl.Workbook()
    for title, of_sheet in {"Tasks": rows, **sheets}.items():
        sheet = book.create_sheet(title)
        for line, row in enumerate(of_sheet, 1):
            for place, value in enumerate(row, 1):
                cell = sheet.cell(line, place, value)
                if isinstance(value, str) and value.startswith("=x"):
                    cell.data_type = "s"
    del book["Sheet"]
    book.save(path)
    return path


def sheet_of(content: bytes, title: str = "Tasks", **options: bool) -> Worksheet:
    sheet: Worksheet = openpyxl.load_workbook(io.BytesIO(content), **options)[title]
    return sheet


def values_of(content: bytes, title: str = "Tasks") -> list[tuple[Any, ...]]:
    return list(sheet_of(content, title).iter_rows(values_only=True))


def test_rewriting(tmp_path: Path) -> None:
    path = book_of(tmp_path / "x.xlsx", Other=[["stays"]])
    after = rewrite(path, {"label": "sales", "confidence": 0.9812, "activity": None, "definition": ""})
    assert values_of(after) == [
        (*ROWS[0], "label", "confidence", "activity", "definition"),
        (*ROWS[1], "sales", 0.9812, None, None),
        (*ROWS[2], "sales", 0.9812, None, None),
    ]
    assert values_of(after, "Other") == [("stays",)]
    assert sheet_of(after)["A3"].data_type == "s"
    assert sheet_of(after)["F2"].data_type == "n"


def test_a_blank_new_cell_is_no_text(tmp_path: Path) -> None:
    after = rewrite(book_of(tmp_path / "x.xlsx", [["task"], ["a"]]), {"label": ""})
    with zipfile.ZipFile(io.BytesIO(after)) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert re.findall(r'<c r="(\w+)" t="inlineStr">', sheet) == ["A1", "B1", "A2"]
    assert 't="inlineStr" />' not in sheet
    assert 't="inlineStr"/>' not in sheet


def test_what_is_known_of_a_table(tmp_path: Path) -> None:
    path = book_of(tmp_path / "x.xlsx", Other=[[1]], More=[[2]])
    with open_table(str(path), ReadOptions()) as table:
        assert (table.name, table.format, table.size, table.width) == (str(path), "excel", 3, 4)
        assert table.headers == table.names == ("id", "task", "hours", "when")
        assert table.describe() == "Excel, sheet 'Tasks' (2 other sheets kept)"
        assert table.position() == 0
        [chunk] = table.chunks(3)
        assert (chunk.texts, list(chunk.lines)) == (["2026-03-02", "2026-03-02T09:30:00"], [2, 3])
        assert table.position() == 3


@pytest.mark.parametrize(("n_others", "kept"), [(0, ""), (1, " (1 other sheet kept)"), (2, " (2 other sheets kept)")])
def test_other_sheets_are_counted(tmp_path: Path, n_others: int, kept: str) -> None:
    path = book_of(tmp_path / "x.xlsx", **{f"Other{n}": [[n]] for n in range(n_others)})
    with open_table(str(path), ReadOptions()) as table:
        assert table.describe() == f"Excel, sheet 'Tasks'{kept}"


@pytest.mark.skipif(not hasattr(time_module, "tzset"), reason="the time zone of a process cannot be set")
@pytest.mark.parametrize("source", ["x.xlsx", "x.csv"])
def test_a_workbook_is_packed_and_dated_in_utc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str) -> None:
    path = written(tmp_path / "x.csv", "task\na\n") if source == "x.csv" else book_of(tmp_path / "x.xlsx")
    if source == "x.xlsx":
        [now] = re.findall("[^>]*</dcterms:modified>", part_of(path.read_bytes(), CORE))
        with_parts(path, core=(now, "2020-01-01T00:00:00Z</dcterms:modified>"))
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "UTC-9")
        time_module.tzset()
        after = rewrite(path, target="out.xlsx")
    time_module.tzset()
    modified = openpyxl.load_workbook(io.BytesIO(after)).properties.modified
    assert abs(datetime.now(UTC).replace(tzinfo=None) - modified) < timedelta(hours=1)
    with zipfile.ZipFile(io.BytesIO(after)) as book:
        assert {part.compress_type for part in book.infolist()} == {zipfile.ZIP_DEFLATED}


def test_looks_stay(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["id", "task"])
    sheet.append([1, "cold call"])
    sheet["B1"].font = Font(bold=True)
    sheet["B2"].fill = PatternFill("solid", fgColor="FFFF00")
    sheet["A2"].number_format = "0000"
    sheet.column_dimensions["B"].width = 33
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = "A1:B2"
    book.save(tmp_path / "x.xlsx")
    after = sheet_of(rewrite(tmp_path / "x.xlsx"), "Sheet")
    assert (after["A1"].font.bold, after["B1"].font.bold, after["C1"].font.bold) == (False, True, True)
    assert (after["B2"].fill.fgColor.rgb, after["A2"].number_format) == ("00FFFF00", "0000")
    assert not after["C2"].has_style
    assert (after.column_dimensions["B"].width, after.freeze_panes, after.auto_filter.ref) == (33, "A2", "A1:B2")


CORE = "docProps/core.xml"
SHEET = "xl/worksheets/sheet1.xml"


def with_parts(path: Path, **edits: tuple[str, str]) -> Path:
    """Put something in place of something else in parts of a workbook, each by its name."""
    with zipfile.ZipFile(path) as book:
        parts = {name: book.read(name).decode() for name in book.namelist()}
    for stem, (old, new) in edits.items():
        [name] = [name for name in parts if PurePath(name).stem == stem]
        assert old in parts[name]
        parts[name] = parts[name].replace(old, new)
    with zipfile.ZipFile(path, "w") as book:
        for name, content in parts.items():
            book.writestr(name, content)
    return path


def with_cached_values(path: Path, values: dict[str, str]) -> Path:
    """Put what formulas gave into a workbook, as Excel does when it saves one."""
    for formula, value in values.items():
        with_parts(path, sheet1=(f"<f>{formula}</f><v />", f"<f>{formula}</f><v>{value}</v>"))
    return path


def part_of(content: bytes, name: str = SHEET) -> str:
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        return book.read(name).decode()


def test_formulas_are_read_as_what_they_gave_and_stay_formulas(tmp_path: Path) -> None:
    path = book_of(tmp_path / "x.xlsx", [["task", "n"], ["cold call", "=1+1"], ["=A2", "=2+2"]])
    with_cached_values(path, {"1+1": "2"})
    assert rows_of(path) == [["cold call", 2], [None, None]]
    assert [chunk.texts for chunk in chunks_of(path)] == [["cold call", ""]]
    assert values_of(rewrite(path)) == [("task", "n", "new"), ("cold call", "=1+1", "X"), ("=A2", "=2+2", "X")]


def test_a_row_of_formulas_that_were_never_worked_out_is_no_blank_row(tmp_path: Path) -> None:
    path = book_of(tmp_path / "x.xlsx", [["task"], ["=1+1"]])
    [chunk] = chunks_of(path)
    assert (chunk.texts, chunk.blanks) == ([""], frozenset())


def test_formulas_keep_what_they_gave(tmp_path: Path) -> None:
    path = book_of(tmp_path / "x.xlsx", [["task", "n"], ['="cold "&"call"', "=1+1"]])
    with_parts(path, sheet1=('<c r="A2">', '<c r="A2" t="str">'), workbook=(' fullCalcOnLoad="1"', ""))
    with_cached_values(path, {'"cold "&amp;"call"': "cold call", "1+1": "2"})
    after = rewrite(path)
    assert list(sheet_of(after, data_only=True).iter_rows(values_only=True)) == [
        ("task", "n", "new"), ("cold call", 2, "X")
    ]  # fmt: skip
    assert rows_of(written(tmp_path / "again.xlsx", after)) == [["cold call", 2, "X"]]
    assert part_of(after, "xl/workbook.xml").count('fullCalcOnLoad="1"') == 1
    assert part_of(rewrite(book_of(path)), "xl/workbook.xml").count("fullCalcOnLoad") == 1


UNSAVED = [
    pytest.param([["task"], ["=1+1"], ["=2+2"]], {}, "; 2 formulas without saved values are", id="two"),
    pytest.param([["task"], ["=1+1"], ["=2+2"]], {"1+1": "2"}, "; a formula without a saved value is", id="one"),
    pytest.param([["task"], ["=1+1"]], {"1+1": "2"}, None, id="none"),
]


@pytest.mark.parametrize(("rows", "values", "note"), UNSAVED)
def test_formulas_that_were_never_worked_out_are_told(
    tmp_path: Path, rows: list[list[str]], values: dict[str, str], note: str | None
) -> None:
    path = with_cached_values(book_of(tmp_path / "x.xlsx", rows), values)
    with open_table(str(path), ReadOptions()) as table:
        told = f"{note} read as blank: save the workbook in Excel first" if note else ""
        assert table.describe() == f"Excel, sheet 'Tasks'{told}"


def test_a_formula_that_gave_a_blank_text_was_worked_out(tmp_path: Path) -> None:
    path = with_parts(book_of(tmp_path / "x.xlsx", [["task"], ['=""']]), sheet1=('<c r="A2">', '<c r="A2" t="str">'))
    with open_table(str(path), ReadOptions()) as table:
        assert table.describe() == "Excel, sheet 'Tasks'"
        assert [list(chunk.rows()) for chunk in table.chunks(0)] == [[[""]]]


def test_blank_rows_stay(tmp_path: Path) -> None:
    path = book_of(tmp_path / "x.xlsx", [[None], [None], ["task", "n"], ["a", 1], [None, None], ["", 2], ["b"]])
    [chunk] = chunks_of(path)
    assert (chunk.texts, list(chunk.lines), chunk.blanks) == (["a", "", "", "b"], [4, 5, 6, 7], frozenset({1}))
    assert rows_of(path) == [["a", 1], [None, 2], ["b", None]]
    assert values_of(rewrite(path)) == [
        (None, None, None), (None, None, None), ("task", "n", "new"), ("a", 1, "X"), (None, None, None),
        (None, 2, "X"), ("b", None, "X"),
    ]  # fmt: skip


def test_rows_longer_than_the_header_are_not_written_over(tmp_path: Path) -> None:
    path = book_of(tmp_path / "x.xlsx", [["task"], ["a", "note", None, "far"], ["b"]])
    with open_table(str(path), ReadOptions()) as table:
        assert table.headers == ("task", "", "", "")
    assert values_of(rewrite(path)) == [
        ("task", None, None, None, "new"), ("a", "note", None, "far", "X"), ("b", None, None, None, "X")
    ]  # fmt: skip


def test_merged_cells_are_not_written_into(tmp_path: Path) -> None:
    path = book_of(tmp_path / "x.xlsx", [["task"], ["a"]])
    book = openpyxl.load_workbook(path)
    book["Tasks"].merge_cells("A1:C1")
    book.save(path)
    assert values_of(rewrite(path)) == [("task", None, None, "new"), ("a", None, None, "X")]


def test_large_merged_areas_with_few_cells_are_soon_read(tmp_path: Path) -> None:
    path = book_of(tmp_path / "x.xlsx", [["task"], ["a"], ["b"]])
    areas = "".join(f'<mergeCell ref="{letter}2:{letter}1048576"/>' for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" * 10)
    with_parts(path, sheet1=("</sheetData>", f"</sheetData><mergeCells>{areas}</mergeCells>"))
    with_parts(path, sheet1=('<row r="3"><c r="A3"', '<row r="1048570"><c r="A1048570"'))
    start = time_module.process_time()
    with open_table(str(path), ReadOptions()) as table:
        assert (table.size, table.width) == (2, 26)
    assert time_module.process_time() - start < 5


@pytest.mark.parametrize("kind", ["array", "dataTable"])
def test_what_a_formula_fills_is_not_written_into(tmp_path: Path, kind: str) -> None:
    path = book_of(tmp_path / "x.xlsx", [["task", "sum"], ["a", "=1+1"]])
    with_parts(path, sheet1=("<f>1+1</f>", f'<f t="{kind}" ref="B2:D3">1+1</f>'))
    after = part_of(rewrite(path))
    assert re.findall(r'<c r="(\w+)" t="inlineStr"><is><t xml:space', after) == ["E1", "E2"]


@pytest.mark.parametrize("far", ["XFD1", "A3:XFC3", "A3:XFD3", "ZZZ1"])
def test_a_sheet_without_room_for_the_new_columns(tmp_path: Path, far: str) -> None:
    path = tmp_path / "x.xlsx"
    book = openpyxl.load_workbook(book_of(path, [["task"], ["a"], ["footer"]]))
    if ":" in far:
        book["Tasks"].merge_cells(far)
    else:
        book["Tasks"]["C1"] = "far"
    book.save(path)
    if ":" not in far:
        with_parts(path, sheet1=('r="C1"', f'r="{far}"'))
    new = {"label": "X", "status": "ok"}
    with pytest.raises(TableError, match=r"x\.xlsx: the sheet 'Tasks' would have 1\d,\d+ columns, more than") as caught:
        rewrite(path, new)
    assert caught.value.tip == "Is there a cell or a merged area far off? Delete it, or write CSV: -o out.csv"
    assert rewrite(path, new, target="out.csv").startswith(b"task,,")


def test_the_last_columns_of_a_sheet(tmp_path: Path) -> None:
    path = book_of(tmp_path / "x.xlsx", [["task"], ["a"]])
    after = sheet_of(rewrite(with_parts(path, sheet1=('r="A2"', 'r="XFC2"'))))
    assert (after["XFD1"].value, after["XFD2"].value, after.max_column) == ("new", "X", 16_384)


def test_without_a_header(tmp_path: Path) -> None:
    path = book_of(tmp_path / "x.xlsx", [["a", 1], ["b", 2]])
    with open_table(str(path), ReadOptions(header=False)) as table:
        assert (table.headers, table.names) == (None, ("column1", "column2"))
    assert values_of(rewrite(path, header=False)) == [("a", 1, "X"), ("b", 2, "X")]


def test_header_only(tmp_path: Path) -> None:
    path = book_of(tmp_path / "x.xlsx", [["task"]])
    assert rows_of(path) == []
    assert values_of(rewrite(path)) == [("task", "new")]


def test_headers_of_all_kinds(tmp_path: Path) -> None:
    path = book_of(tmp_path / "x.xlsx", [["a", None, 3, date(2026, 3, 2), "a", True]])
    with open_table(str(path), ReadOptions()) as table:
        assert table.headers == ("a", "", "3", "2026-03-02", "a", "true")


def test_many_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(excel, "CHUNK_ROWS", 2)
    path = book_of(tmp_path / "x.xlsx", [["task"], ["a"], [None], ["b"], ["c"], ["d"]])
    assert [chunk.texts for chunk in chunks_of(path)] == [["a", ""], ["b", "c"], ["d"]]
    assert [row[1] for row in values_of(rewrite(path))] == ["new", "X", None, "X", "X", "X"]


def test_another_sheet(tmp_path: Path) -> None:
    path = book_of(tmp_path / "x.xlsx", Other=[["what"], ["b"]])
    assert rows_of(path, sheet="Other") == [["b"]]
    after = rewrite(path, sheet="Other")
    assert values_of(after, "Other") == [("what", "new"), ("b", "X")]
    assert values_of(after) == [tuple(row) for row in ROWS]


def test_a_sheet_that_is_referred_to_in_another_case(tmp_path: Path) -> None:
    path = book_of(tmp_path / "x.xlsx", Other=[["stays"]])
    with_parts(path, **{"workbook.xml": ("worksheets/sheet1.xml", "Worksheets/Sheet1.xml")})
    after = rewrite(path)
    assert re.findall(r'<c r="(\w+)" t="inlineStr"><is><t xml:space', part_of(after)) == ["E1", "E2", "E3"]


def test_no_such_sheet(tmp_path: Path) -> None:
    path = book_of(tmp_path / "x.xlsx", Other=[["what"]])
    with pytest.raises(UsageError, match=r"x\.xlsx: there is no sheet 'what'\.") as caught:
        rows_of(path, sheet="what")
    assert caught.value.tip == "The sheets are: Tasks, Other."
    with pytest.raises(UsageError, match=r"x\.xlsx: there is no sheet ''\."):
        rows_of(path, sheet="")


def test_a_sheet_without_cells(tmp_path: Path) -> None:
    path = book_of(tmp_path / "x.xlsx", Blank=[[None]])
    with pytest.raises(TableError, match=r"x\.xlsx: the sheet 'Blank' has no rows\.") as caught:
        rows_of(path, sheet="Blank")
    assert caught.value.tip == "Choose another with --sheet."


def test_a_sheet_that_reaches_far(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = book_of(tmp_path / "x.xlsx")
    monkeypatch.setattr(excel, "_MOST_CELLS", 12)
    assert len(rows_of(path)) == 2
    monkeypatch.setattr(excel, "_MOST_CELLS", 11)
    with pytest.raises(TableError) as caught:
        rows_of(path)
    assert caught.value.message == f"{path}: the sheet 'Tasks' reaches over 12 cells."
    assert caught.value.tip == "Is there a cell far off? Delete the blank rows and columns before it."


def test_a_workbook_that_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = book_of(tmp_path / "x.xlsx")
    with zipfile.ZipFile(path) as book:
        size = sum(part.file_size for part in book.infolist())
    monkeypatch.setattr(excel, "_LARGEST_FILE", size)
    assert len(rows_of(path)) == 2
    monkeypatch.setattr(excel, "_LARGEST_FILE", size - 1)
    with pytest.raises(TableError) as caught:
        rows_of(path)
    assert caught.value.message == (
        f"{path}: the workbook has {size:,} bytes when it is unpacked, more than {size - 1:,}."
    )
    assert caught.value.tip == "Export the sheet as CSV."


def test_blank_cells_with_a_look_are_no_columns(tmp_path: Path) -> None:
    book = openpyxl.load_workbook(book_of(tmp_path / "x.xlsx", [["task"], ["a"]]))
    book["Tasks"]["D1"].font = Font(bold=True)
    book.save(tmp_path / "x.xlsx")
    with open_table(str(tmp_path / "x.xlsx"), ReadOptions()) as table:
        assert (table.headers, table.width) == (("task",), 1)
        assert [list(chunk.rows()) for chunk in table.chunks(0)] == [[["a"]]]


@pytest.mark.parametrize("look", ["yyyy-mm-dd", "hh:mm", "[h]:mm", "0.0%"])
def test_only_texts_take_the_look_of_a_date(tmp_path: Path, look: str) -> None:
    book = openpyxl.load_workbook(book_of(tmp_path / "x.xlsx", [["task"], ["a"]]))
    book["Tasks"]["B2"].number_format = book["Tasks"]["C2"].number_format = look
    book.save(tmp_path / "x.xlsx")
    after = sheet_of(rewrite(tmp_path / "x.xlsx", {"label": "X", "confidence": 0.5}))
    assert [cell.value for cell in after[2]] == ["a", "X", 0.5]
    assert [cell.number_format for cell in after[2]] == ["General", look, look if look == "0.0%" else "General"]


def test_charts_are_no_tables(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.create_chartsheet("Chart", 0).add_chart(BarChart())
    book["Sheet"].append(["task"])
    book.save(tmp_path / "x.xlsx")
    assert rows_of(tmp_path / "x.xlsx") == []
    with pytest.raises(UsageError, match="there is no sheet 'Chart'"):
        rows_of(tmp_path / "x.xlsx", sheet="Chart")
    del book["Sheet"]
    book.save(tmp_path / "x.xlsx")
    with pytest.raises(UsageError, match=r"x\.xlsx: there is no sheet with cells\.$") as caught:
        rows_of(tmp_path / "x.xlsx")
    assert caught.value.tip == "All that it has are charts."


def test_a_strict_workbook(tmp_path: Path) -> None:
    path = book_of(tmp_path / "x.xlsx", Other=[["b"]])
    spaces = "http://schemas.openxmlformats.org/officeDocument/2006/", "http://purl.oclc.org/ooxml/officeDocument/"
    with_parts(path, **dict.fromkeys(["workbook", "workbook.xml"], spaces))
    with pytest.raises(TableError, match=r"x\.xlsx: no sheets are found in the workbook\.") as caught:
        rows_of(path)
    assert caught.value.tip == "Is it a Strict Open XML workbook? Save it as Excel Workbook (.xlsx)."


def without_new_cells(sheet: str) -> str:
    return re.sub(r'<c r="[A-Z]+\d+" t="inlineStr"><is><t xml:space="preserve">(new|X)</t></is></c>', "", sheet)


def test_all_but_the_new_cells_is_copied(tmp_path: Path) -> None:
    path = book_of(tmp_path / "x.xlsx", [["task", "n"], ["cold call", "RICH"], ["=A2", 1]])
    with_parts(path, sheet1=("<t>RICH</t>", "<r><t>plain </t></r><r><rPr><b/></rPr><t>bold</t></r>"))
    with_parts(path, sheet1=('<c r="A3">', '<c r="A3" cm="1">'))
    with zipfile.ZipFile(path, "a") as book:
        book.writestr("xl/threadedComments/threadedComment1.xml", b"<ThreadedComments/>")
        book.writestr("xl/media/image1.png", bytes(range(256)))
    after = rewrite(path)
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(io.BytesIO(after)) as new:
        assert new.namelist() == old.namelist()
        assert all(new.read(name) == old.read(name) for name in old.namelist() if name not in {CORE, SHEET})
        before = old.read(SHEET).decode()
    assert without_new_cells(part_of(after)) == before.replace('ref="A1:B3"', 'ref="A1:C3"')
    assert rows_of(path) == [["cold call", "plain bold"], [None, 1]]


NUMBERS = ["0.30000000000000004", "12345678901234567890", "123456789.12345678", "1E+20", "60", "45000.123456789"]


def test_numbers_keep_their_digits(tmp_path: Path) -> None:
    path = book_of(tmp_path / "x.xlsx", [["task", "n"], *(["a", place] for place in range(100, 100 + len(NUMBERS)))])
    for place, number in enumerate(NUMBERS, 100):
        with_parts(path, sheet1=(f"<v>{place}</v>", f"<v>{number}</v>"))
    assert re.findall(r"<v>(.*?)</v>", part_of(rewrite(path))) == NUMBERS


def test_a_number_that_is_no_date_stays_one(tmp_path: Path) -> None:
    path, day = tmp_path / "x.xlsx", date(2026, 3, 2)
    with_parts(book_of(path, [["task", "when"], ["a", day], ["b", day], ["c", "#VALUE!"]]), sheet1=("B3", "B03"))
    sheet = part_of(path.read_bytes())
    [_, first, second, _] = re.findall(r'<c r="B\d+".*?</c>', sheet)
    with_parts(path, sheet1=(first, re.sub("<v>.*</v>", "<v>3000000</v>", first)))
    with_parts(path, sheet1=(second, re.sub("<v>.*</v>", "<v>2958466.5</v>", second)))
    assert [row[1] for row in rows_of(path)] == [3_000_000, 2_958_466.5, "#VALUE!"]
    assert {"<v>3000000</v>", "<v>2958466.5</v>"} <= set(re.findall("<v>.*?</v>", part_of(rewrite(path))))


STORED = [
    pytest.param("max005F_min", "max005F_min", id="like half of one"),
    pytest.param("_x005F_x000D_", "_x000D_", id="escaped itself"),
    pytest.param("a_x000d_\nb", "a\r\nb", id="carriage return"),
    pytest.param("a&#13;\nb", "a\r\nb", id="carriage return as XML has it"),
    pytest.param("_xD83D_", "_xD83D_", id="half a pair of surrogates"),
    pytest.param("_x00_", "_x00_", id="too short"),
]


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize(("stored", "text"), STORED)
def test_escaped_characters(tmp_path: Path, stored: str, text: str, shared: bool) -> None:
    path = book_of(tmp_path / "x.xlsx", [["task"], ["TEXT"]])
    cell = '<c r="A2" t="inlineStr"><is><t>TEXT</t></is></c>'
    if shared:
        with_parts(path, sheet1=(cell, '<c r="A2" t="s"><v>0</v></c>'))
        with_shared_string(path, stored)
    else:
        with_parts(path, sheet1=(cell, cell.replace("TEXT", stored)))
    assert [chunk.texts for chunk in chunks_of(path)] == [[text]]
    assert stored in part_of(rewrite(path), "xl/sharedStrings.xml" if shared else SHEET)


def with_shared_string(path: Path, stored: str) -> None:
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    part = f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}" />'
    with_parts(path, **{"[Content_Types]": ("</Types>", f"{part}</Types>")})
    namespace = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    with zipfile.ZipFile(path, "a") as book:
        book.writestr("xl/sharedStrings.xml", f'<sst xmlns="{namespace}"><si><t>{stored}</t></si></sst>')


def test_new_texts_are_escaped(tmp_path: Path) -> None:
    after = rewrite(book_of(tmp_path / "x.xlsx", [["task"], ["a"]]), {"=<n>": "_x0041_ & é\r\n\x1b\ud83d"})
    assert re.findall("(?s)<t xml:space=.*?</t>", part_of(after)) == [
        '<t xml:space="preserve">=&lt;n&gt;</t>',
        '<t xml:space="preserve">_x005F_x0041_ &amp; &#233;_x000D_\n&#65533;?</t>',
    ]
    assert rows_of(written(tmp_path / "y.xlsx", after)) == [["a", "_x0041_ & é\r\n\N{REPLACEMENT CHARACTER}?"]]


def test_durations_become_hours(tmp_path: Path) -> None:
    path = book_of(tmp_path / "x.xlsx", [["task", "a", "b"], ["x", timedelta(hours=36), timedelta(hours=-12)]])
    assert rewrite(path, target="out.csv") == b"task,a,b,new\nx,36:00:00,-12:00:00,X\n"


def test_a_part_that_is_there_twice_is_the_last_one(tmp_path: Path) -> None:
    path = book_of(tmp_path / "x.xlsx", [["task"], ["a"]])
    sheet = part_of(path.read_bytes())
    with zipfile.ZipFile(path, "a") as book, pytest.warns(UserWarning, match="Duplicate name"):
        book.writestr(SHEET, sheet.replace("<t>a</t>", "<t>b</t>"))
    assert values_of(rewrite(path)) == [("task", "new"), ("b", "X")]


def test_names_of_parts_stay_that_the_archive_does_not_call_utf_8(tmp_path: Path) -> None:
    path = book_of(tmp_path / "x.xlsx")
    with zipfile.ZipFile(path, "a") as book:
        for name in ("xl/media/EE.png", "xl/media/Z.png", "xl/media/ß.png"):
            book.writestr(name, b"picture")
    path.write_bytes(path.read_bytes().replace(b"EE.png", "é.png".encode()).replace(b"Z.png", b"\x81.png"))
    with zipfile.ZipFile(io.BytesIO(rewrite(path))) as after:
        assert after.namelist()[-3:] == ["xl/media/é.png", "xl/media/ü.png", "xl/media/ß.png"]


PACKED = [
    pytest.param(zipfile.ZIP_STORED, "Bad CRC", id="stored"),
    pytest.param(zipfile.ZIP_DEFLATED, "Error -3 while decompressing", id="deflated"),
    pytest.param(zipfile.ZIP_BZIP2, "Invalid data stream", id="bzip2"),
    pytest.param(zipfile.ZIP_LZMA, "Corrupt input data|Invalid or unsupported options", id="lzma"),
]


@pytest.mark.parametrize(("packing", "reason"), PACKED)
def test_a_damaged_part_that_is_only_copied(tmp_path: Path, packing: int, reason: str) -> None:
    path = book_of(tmp_path / "x.xlsx")
    with zipfile.ZipFile(path, "a", packing) as book:
        book.writestr("xl/media/image1.png", b"picture" * 99)
        part = book.getinfo("xl/media/image1.png")
    content, start = bytearray(path.read_bytes()), part.header_offset + 30 + len(part.filename)
    for place in range(start + 4, start + part.compress_size):
        content[place] ^= 0x5A
    path.write_bytes(content)
    with pytest.raises(
        TableError, match=rf"x\.xlsx: cannot read xl/media/image1\.png in the workbook: ({reason})"
    ) as caught:
        rewrite(path)
    assert caught.value.tip == "Open it in Excel and save it, or write CSV instead: -o out.csv"
    assert rewrite(path, target="out.csv")


def test_a_part_whose_name_is_damaged(tmp_path: Path) -> None:
    path = book_of(tmp_path / "x.xlsx")
    with zipfile.ZipFile(path, "a") as book:
        book.writestr("xl/media/é.png", b"picture")
    path.write_bytes(path.read_bytes().replace("é".encode(), b"\xff\xa9", 1))
    with pytest.raises(TableError, match=r"x\.xlsx: cannot read xl/media/é\.png in the workbook: "):
        rewrite(path)


CALCULATIONS = [
    pytest.param(' fullCalcOnLoad="0"', id="off"),
    pytest.param(" fullCalcOnLoad = 'false'", id="off in words"),
    pytest.param(' fullCalcOnLoad="1"', id="on"),
    pytest.param("", id="not said"),
]


@pytest.mark.parametrize("encoding", ["UTF-8", "UTF-16"])
@pytest.mark.parametrize("said", CALCULATIONS)
def test_formulas_are_worked_out_when_the_workbook_is_opened(tmp_path: Path, said: str, encoding: str) -> None:
    path = with_parts(book_of(tmp_path / "x.xlsx"), workbook=(' fullCalcOnLoad="1"', said))
    after = rewrite(with_encoding(path, "xl/workbook.xml", encoding, DECLARATION.format(encoding)))
    assert openpyxl.load_workbook(io.BytesIO(after)).calculation.fullCalcOnLoad
    assert part_of(after, "xl/workbook.xml").count("fullCalcOnLoad") == 1


@pytest.mark.parametrize(("tag", "is_dated"), [("<{} />", False), ("<{}></{}>", True), ("<{}>2020</{}>", True)])
def test_only_a_date_that_is_there_changes(tmp_path: Path, tag: str, is_dated: bool) -> None:
    path = book_of(tmp_path / "x.xlsx")
    [date_of] = re.findall("<dcterms:modified.*</dcterms:modified>", part_of(path.read_bytes(), CORE))
    new = tag.replace("{}", 'dcterms:modified xsi:type="dcterms:W3CDTF"', 1).replace("{}", "dcterms:modified")
    core = part_of(rewrite(with_parts(path, core=(date_of, new))), CORE)
    assert (new in core) is not is_dated
    assert (f"{datetime.now(UTC):>%Y-}" in core.partition("<dcterms:modified")[2]) is is_dated


def with_encoding(path: Path, name: str, encoding: str, before: str = "") -> Path:
    """Write a part of a workbook in another encoding, with something before it."""
    with zipfile.ZipFile(path) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    parts[name] = (before + parts[name].decode()).encode(encoding)
    with zipfile.ZipFile(path, "w") as book:
        for each, content in parts.items():
            book.writestr(each, content)
    return path


DECLARATION = '<?xml version="1.0" encoding="{}"?>'

ENCODINGS = [
    pytest.param("UTF-16", DECLARATION.format("UTF-16"), id="UTF-16"),
    pytest.param("UTF-16-LE", "\ufeff" + DECLARATION.format("utf-16le"), id="the byte order declared"),
    pytest.param("UTF-16-LE", DECLARATION.format("UTF-16"), id="no mark"),
    pytest.param("UTF-16-BE", DECLARATION.format("UTF-16").replace('"', "'"), id="no mark, big-endian"),
    pytest.param("UTF-16", '<?xml version="1.0"?>', id="none declared"),
    pytest.param("UTF-16", "", id="no declaration"),
    pytest.param("UTF-16-BE", "", id="no declaration and no mark"),
    pytest.param("ISO-8859-1", DECLARATION.format("ISO-8859-1"), id="ISO-8859-1"),
]


@pytest.mark.parametrize(("encoding", "before"), ENCODINGS)
def test_a_sheet_in_another_encoding(tmp_path: Path, encoding: str, before: str) -> None:
    path = book_of(tmp_path / "x.xlsx", [["täsk"], ['é <?xml encoding="UTF-16"']])
    after = rewrite(with_encoding(path, SHEET, encoding, before), {"ü": "ß"})
    assert values_of(after) == [("täsk", "ü"), ('é <?xml encoding="UTF-16"', "ß")]


@pytest.mark.parametrize("name", [SHEET, "xl/workbook.xml"])
def test_half_a_pair_in_utf_16(tmp_path: Path, name: str) -> None:
    path = with_encoding(book_of(tmp_path / "x.xlsx", [["Tasks"], ["a"]]), name, "UTF-16", DECLARATION.format("UTF-16"))
    with zipfile.ZipFile(path) as book:
        parts = {each: book.read(each) for each in book.namelist()}
    half, text = "\ud83d".encode("UTF-16", "surrogatepass")[2:], "Tasks".encode("UTF-16")[2:]
    parts[name] = parts[name].replace(text, half + text[2:])
    with zipfile.ZipFile(path, "w") as book:
        for each, content in parts.items():
            book.writestr(each, content)
    with pytest.raises(TableError, match=rf"x\.xlsx: cannot read {name} in the workbook: .*illegal UTF-16 surrogate"):
        rewrite(path)


def test_rows_that_are_numbered_in_two_ways(tmp_path: Path) -> None:
    path = with_parts(book_of(tmp_path / "x.xlsx", [["task", "n"], ["a", 1]]), sheet1=('"A2"', '"A3"'))
    with pytest.raises(TableError, match=r"x\.xlsx: the rows of the sheet 'Tasks' are numbered in two ways") as caught:
        rewrite(path)
    assert caught.value.tip == "Open it in Excel and save it, or write CSV instead: -o out.csv"


def with_macros(path: Path) -> Path:
    """Put macros into a workbook."""
    with zipfile.ZipFile(path, "a") as book:
        book.writestr("xl/vbaProject.bin", b"macros")
    return path


def test_macros(tmp_path: Path) -> None:
    path = with_macros(book_of(tmp_path / "x.xlsm"))
    with zipfile.ZipFile(io.BytesIO(rewrite(path))) as book:
        assert book.read("xl/vbaProject.bin") == b"macros"
    with pytest.raises(UsageError, match=r"out\.xlsx: the workbook has macros\.") as caught:
        rewrite(path, target="out.xlsx")
    assert caught.value.tip == "Name the output .xlsm: Excel opens no other."
    with pytest.raises(UsageError, match=r"out\.xlsm: the workbook has no macros\.") as caught:
        rewrite(book_of(tmp_path / "x.xlsx"), target="out.xlsm")
    assert caught.value.tip == "Name the output .xlsx: Excel opens no other."


@pytest.mark.parametrize(("ending", "what"), [("xltx", "a template"), ("xltm", "a template with macros")])
@pytest.mark.parametrize("wrong", ["out.xlsx", "OUT.XLSM"])
def test_a_template_stays_one(tmp_path: Path, ending: str, what: str, wrong: str) -> None:
    path = book_of(tmp_path / f"x.{ending}", [["task"], ["a"]])
    with pytest.raises(UsageError, match=rf"{wrong}: the workbook is {what}\.") as caught:
        rewrite(path, target=wrong, format="excel")
    assert caught.value.tip == f"Name the output .{ending}: Excel opens no other."
    assert values_of(rewrite(path, target=f"out.{ending}", format="excel")) == [("task", "new"), ("a", "X")]


USES_OF_MACROS = [
    pytest.param({}, "out.xlsm", None, id="written"),
    pytest.param({"sheet": "what"}, "out.xlsm", "there is no sheet", id="no such sheet"),
    pytest.param({"sheet": "Blank"}, "out.xlsm", "has no rows", id="no rows"),
    pytest.param({}, "out.xlsx", "the workbook has macros", id="the wrong name"),
]


@pytest.mark.parametrize(("options", "target", "message"), USES_OF_MACROS)
def test_the_archive_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, str], target: str, message: str | None
) -> None:
    archives = list[zipfile.ZipFile]()

    def noted(*arguments: Any, **options: Any) -> zipfile.ZipFile:  # noqa: ANN401 - that of zipfile
        archives.append(zipfile.ZipFile(*arguments, **options))
        return archives[-1]

    path = with_macros(book_of(tmp_path / "x.xlsm", Blank=[[None]]))
    monkeypatch.setattr("openpyxl.reader.excel.ZipFile", noted)
    with pytest.raises((TableError, UsageError), match=message) if message else nullcontext():
        rewrite(path, target=target, **options)
    assert [archive.fp for archive in archives] == [None]


def test_the_format_can_be_said(tmp_path: Path) -> None:
    path = book_of(tmp_path / "x.xlsx").rename(tmp_path / "x.dat")
    assert rows_of(path, format="excel")[0][0] == "007"


NO_BOOK = [
    pytest.param(b"a,b\n1,2\n", "File is not a zip file", id="CSV"),
    pytest.param(b"PK\x03\x04", "File is not a zip file", id="a signature only"),
]


@pytest.mark.parametrize(("content", "message"), NO_BOOK)
def test_what_is_no_workbook(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(TableError, match=rf"x\.xlsx: cannot read the workbook: {message}\.") as caught:
        rows_of(written(tmp_path / "x.xlsx", content))
    assert caught.value.tip == "Is it damaged, or not .xlsx?"


def test_a_damaged_workbook_is_one_sentence(tmp_path: Path) -> None:
    whole, chance, messages = book_of(tmp_path / "x.xlsx").read_bytes(), random.Random(1), list[str]()  # noqa: S311 - the same damage each time
    for _ in range(30):
        content = bytearray(whole)
        for _ in range(20):
            content[chance.randrange(len(content))] = chance.randrange(256)
        try:
            rows_of(written(tmp_path / "x.xlsx", bytes(content)))
        except (TableError, UsageError) as error:
            messages.append(error.message)
    assert len(messages) > 20
    assert not any("\n" in message for message in messages)


class Full(io.BytesIO):
    """A file on a disk that is full."""

    def write(self, _: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("source", ["x.xlsx", "x.csv"])
def test_a_full_disk_leaves_no_open_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str) -> None:
    complaints: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", complaints.append)
    path = tmp_path / source
    written(path, "task\na\n") if source == "x.csv" else book_of(path)
    handle = Full()
    with open_table(str(path), ReadOptions()) as table:
        writer = open_writer(table, "out.xlsx", handle)
        writer.start(["new"])
        with pytest.raises(OSError, match="No space left"):
            writer.finish()
    handle.close()
    del writer, table
    gc.collect()
    assert not complaints


# --- workbooks from other formats ----------------------------------------------------------------------------------


def labelled(content: bytes) -> list[tuple[Any, ...]]:
    return values_of(content, "labelled")


def test_texts_stay_texts(tmp_path: Path) -> None:
    path = written(tmp_path / "x.csv", 'id,task\n007,=1+1\n1.50,"a\nb"\n2026-03-02,\x1b[31m\n')
    after = rewrite(path, {"confidence": 0.5, "label": ""}, target="x.xlsx")
    assert labelled(after) == [
        ("id", "task", "confidence", "label"), ("007", "=1+1", 0.5, None), ("1.50", "a\nb", 0.5, None),
        ("2026-03-02", "\N{REPLACEMENT CHARACTER}[31m", 0.5, None),
    ]  # fmt: skip
    assert sheet_of(after, "labelled")["B2"].data_type == "s"


def test_ragged_rows_and_blank_lines(tmp_path: Path) -> None:
    path = written(tmp_path / "x.csv", "a,b\n1\n\n1,2,3\n")
    assert labelled(rewrite(path, target="x.xlsx")) == [
        ("a", "b", "new", None), ("1", None, "X", None), ("1", "2", "X", "3")
    ]  # fmt: skip


VALUES = [
    pytest.param("12", 12, id="whole number"),
    pytest.param("1.5", 1.5, id="number"),
    pytest.param("true", True, id="truth value"),
    pytest.param("null", None, id="null"),
    pytest.param('"12"', "12", id="text"),
    pytest.param("123456789012345678", "123456789012345678", id="more digits than Excel keeps"),
    pytest.param("NaN", "NaN", id="not a number"),
    pytest.param('{"b": [1, "ü"]}', '{"b": [1, "ü"]}', id="nested"),
    pytest.param(r'"\ud83d x"', "? x", id="half a pair"),
]


@pytest.mark.parametrize(("value", "cell"), VALUES)
def test_values_of_json(tmp_path: Path, value: str, cell: object) -> None:
    path = written(tmp_path / "x.jsonl", f'{{"a": {value}, "b": 1}}\n')
    [_, (found, *_)] = labelled(rewrite(path, target="x.xlsx"))
    assert (found, type(found)) == (cell, type(cell))


def test_numbers_keep_their_digits_on_the_way_to_excel(tmp_path: Path) -> None:
    path = written(tmp_path / "x.jsonl", '{"a": 123456789.12345678, "b": 0.30000000000000004, "c": 999999999999999}\n')
    after = rewrite(path, target="x.xlsx")
    assert re.findall(r"<v>(.*?)</v>", part_of(after)) == [
        "123456789.12345678",
        "0.30000000000000004",
        "999999999999999",
    ]
    assert {cell.data_type for cell in sheet_of(after, "labelled")[2][:3]} == {"n"}


TEXTS = [
    pytest.param("_x0041_", "_x005F_x0041_", id="like an escaped character"),
    pytest.param("_x005f_x000D_", "_x005F_x005f_x005F_x000D_", id="like two"),
    pytest.param("a\r\nb", "a_x000D_\nb", id="carriage return"),
    pytest.param("a_xyz_ x005F_", "a_xyz_ x005F_", id="unlike one"),
    pytest.param("\uffff", "\N{REPLACEMENT CHARACTER}", id="no character of XML"),
    pytest.param("_x0041_" * 4681, "_x005F_x0041_" * 4681, id="longer as it is stored"),
]


@pytest.mark.parametrize(("text", "stored"), TEXTS)
def test_texts_are_escaped_on_the_way_to_excel(tmp_path: Path, text: str, stored: str) -> None:
    path = written(tmp_path / "x.csv", f'task\n"{text}"\n')
    after = rewrite(path, target="x.xlsx")
    assert f"<is><t>{stored}</t></is>" in part_of(after)
    expected = text.replace("\uffff", "\N{REPLACEMENT CHARACTER}")
    assert rows_of(written(tmp_path / "y.xlsx", after)) == [[expected, "X"]]


EXCEL_TYPES = [
    pytest.param(datetime(2026, 3, 2, 9), True, id="date and time"),  # noqa: DTZ001
    pytest.param(datetime.fromisoformat("2026-03-02T09:00:00+01:00"), False, id="with a zone"),
    pytest.param(date(2026, 3, 2), True, id="date"),
    pytest.param(date(1899, 12, 31), False, id="an early date"),
    pytest.param(datetime(1850, 1, 1), False, id="an early date and time"),  # noqa: DTZ001
    pytest.param(date(1901, 1, 1), True, id="the first date"),
    pytest.param(datetime(1901, 1, 1), True, id="the first date and time"),  # noqa: DTZ001
    pytest.param(time(9, 30), True, id="time"),
    pytest.param(time(9, 30, tzinfo=UTC), False, id="time with a zone"),
    pytest.param(True, True, id="truth value"),
    pytest.param(timedelta(hours=30), False, id="duration"),
    pytest.param(float("inf"), False, id="infinity"),
    pytest.param(-(10**15), False, id="a large negative number"),
]


@pytest.mark.parametrize(("value", "expected"), EXCEL_TYPES)
def test_what_excel_can_hold(value: object, expected: bool) -> None:
    assert excel_convert._has_excel_type(value) is expected


def test_more_than_a_workbook_can_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path / "x.csv", f'a,b\n1,"\n2"\n3,{"x" * 32_768}\n')
    with pytest.raises(TableError, match=r"x\.csv:4: a workbook can hold no more than 32,767 characters in a cell\."):
        rewrite(path, target="x.xlsx")
    path = written(tmp_path / "long.csv", "x" * 32_768 + "\n")
    with pytest.raises(TableError, match=r"long\.csv:1: a workbook can hold no more") as caught:
        rewrite(path, target="x.xlsx")
    assert caught.value.tip == "Write CSV or JSON Lines instead: -o out.csv"
    path = written(tmp_path / "pairs.csv", "a\n" + "\N{TELEPHONE RECEIVER}" * 16_384 + "\n")
    with pytest.raises(TableError, match=r"pairs\.csv:2: a workbook can hold no more than 32,767 characters"):
        rewrite(path, target="x.xlsx")
    path = written(tmp_path / "y.csv", "a\n1" + ",2" * 16_383 + "\n")
    with pytest.raises(TableError, match=r"y\.csv:2: a workbook can hold no more than 16,384 cells in a row\."):
        rewrite(path, target="x.xlsx")
    monkeypatch.setattr(excel_convert, "_MOST_ROWS", 3)
    path = written(tmp_path / "z.csv", "a\n1\n2\n3\n")
    with pytest.raises(TableError, match=r"z\.csv:4: a workbook can hold no more than 3 rows\."):
        rewrite(path, target="x.xlsx")
