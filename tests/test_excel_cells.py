from __future__ import annotations

import pytest

from smclassify.tables.excel_cells import NewCells

X, Y = '<c r="C2" t="inlineStr"><is><t xml:space="preserve">X</t></is></c>', '<c r="D2"><v>0.5</v></c>'

X1, Y2 = X.replace(" t", ' s="1" t', 1), Y.replace(">", ' s="2">', 1)
"""The same with looks."""

ROWS = [
    pytest.param('<row r="2"><c r="A2"/></row>', f'<row r="2"><c r="A2"/>{X}{Y}</row>', id="after the last cell"),
    pytest.param('<row r="2" spans="1:2" ht="9"> <c/> </row>', f'<row r="2" ht="9"> <c/> {X}{Y}</row>', id="spans"),
    pytest.param('<row><c r="A2"/></row>', f'<row><c r="A2"/>{X}{Y}</row>', id="a row without a number"),
    pytest.param('<row r="1"/><row><c/></row>', f'<row r="1"/><row><c/>{X}{Y}</row>', id="numbers of rows only"),
    pytest.param('<row r="2.0"><c/></row>', f'<row r="2.0"><c/>{X}{Y}</row>', id="a number with a point"),
    pytest.param(
        '<row r="2"><c r="A2"/><c r="F2" s="1"/></row>', f'<row r="2"><c r="A2"/>{X}{Y}<c r="F2" s="1"/></row>',
        id="before blank cells further on",
    ),
    pytest.param(
        '<row r="2"><c r="B2"/><c r="C2" s="1"/><c r="D2" s="2"><v></v></c> </row>',
        f'<row r="2"><c r="B2"/>{X1}{Y2}</row>',
        id="in place of blank cells, with their looks",
    ),
    pytest.param(
        '<row r="2"><c/><c/><c s="1"/></row>', f'<row r="2"><c/><c/>{X1}{Y}</row>',
        id="in place of a blank cell without a name",
    ),
    pytest.param(
        '<row r="2"><c r="D2"/><c r="F2"/><c r="A2"><v>1</v></c></row>',
        f'<row r="2"><c r="F2"/><c r="A2"><v>1</v></c>{X}{Y}</row>', id="cells in any order",
    ),
    pytest.param(
        '<row r="2"><c r="A2"/><extLst><c/></extLst></row>', f'<row r="2"><c r="A2"/>{X}{Y}<extLst><c/></extLst></row>',
        id="what else is in a row",
    ),
    pytest.param(
        '<row r="2"><c r="C2" s="1"/><extLst/></row>', f'<row r="2">{X1}{Y}<extLst/></row>',
        id="what else is in a row, after a blank cell",
    ),
    pytest.param('<row r="2"></row><row r="2"/>', f'<row r="2">{X}{Y}</row><row r="2"/>', id="a row twice"),
    pytest.param('<row r="3" spans="1:2"/><row r="2"></row>', f'<row r="3" spans="1:2"/><row r="2">{X}{Y}</row>',
                 id="rows in any order"),
    pytest.param('<row r="2"/><row r="2"><c/></row>', f'<row r="2"/><row r="2"><c/>{X}{Y}</row>',
                 id="a row twice, first as a single tag"),
    pytest.param('<z:row xmlns:z="z" r="2"><c/></z:row><row r="2"></row>',
                 f'<z:row xmlns:z="z" r="2"><c/></z:row><row r="2">{X}{Y}</row>', id="a row that is not the sheet's"),
    pytest.param('<row r="2"><z:c xmlns:z="z" r="B2"/></row>', f'<row r="2">{X}{Y}<z:c xmlns:z="z" r="B2"/></row>',
                 id="a cell that is not the sheet's"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after"), ROWS)
def test_where_new_cells_go(before: str, after: str) -> None:
    sheet = "<worksheet><sheetData>{}</sheetData><rowBreaks><row><c/></row></rowBreaks></worksheet>"
    cells = NewCells(sheet.format(before).encode(), 2, {2: ["X", 0.5]}, None)
    assert cells.written().decode() == sheet.format(after)
    assert not cells.missing


def test_a_prefix_stays() -> None:
    sheet = '<x:worksheet xmlns:x="y"><x:sheetData><x:row r="2"><x:c r="A2"/>{}</x:row></x:sheetData></x:worksheet>'
    new = (
        '<x:c r="C2" t="inlineStr"><x:is><x:t xml:space="preserve">X</x:t></x:is></x:c><x:c r="D2"><x:v>0.5</x:v></x:c>'
    )
    assert NewCells(sheet.format("").encode(), 2, {2: ["X", 0.5]}, None).written().decode() == sheet.format(new)


def test_a_namespace_that_a_row_declares_stays() -> None:
    sheet = '<x:worksheet xmlns:x="y"><x:sheetData><row xmlns="y" r="2">{}</row></x:sheetData></x:worksheet>'
    assert NewCells(sheet.format("").encode(), 2, {2: ["X", 0.5]}, None).written().decode() == sheet.format(X + Y)


NO_ROOM = [
    pytest.param("", '<row r="2"/>', id="a single tag"),
    pytest.param("<row r='2'></row>", "&e;", id="a row in an entity"),
    pytest.param("<c r='A2'/>", '<row r="2">&e;</row>', id="cells in an entity"),
]


@pytest.mark.parametrize(("entity", "rows"), NO_ROOM)
def test_rows_without_room_for_new_cells(entity: str, rows: str) -> None:
    sheet = f'<!DOCTYPE worksheet [<!ENTITY e "{entity}">]><worksheet><sheetData>{rows}</sheetData></worksheet>'
    cells = NewCells(sheet.encode(), 2, {2: ["X"]}, None)
    assert cells.missing == {2}
    assert cells.written().decode() == sheet


DIMENSIONS = [
    pytest.param('<dimension ref="A1:B2"/>', '<dimension ref="A1:C2"/>', id="an area"),
    pytest.param("<dimension ref='B2'></dimension>", '<dimension ref="B2:C2"></dimension>', id="one cell"),
    pytest.param('<dimension ref="A1:Z9" /> ', '<dimension ref="A1:Z9" /> ', id="wider"),
    pytest.param("<dimension/>", "<dimension/>", id="none"),
    pytest.param('<dimension ref="A:B"/>', '<dimension ref="A:B"/>', id="without rows"),
    pytest.param('<dimension ref="?"/>', '<dimension ref="?"/>', id="no area"),
]


@pytest.mark.parametrize(("before", "after"), DIMENSIONS)
def test_the_dimension_grows(before: str, after: str) -> None:
    sheet = '<worksheet>{}<sheetData><row r="2">{}</row></sheetData></worksheet>'
    cells = NewCells(sheet.format(before, "").encode(), 2, {2: ["X"]}, None)
    assert cells.written().decode() == sheet.format(after, X)


LOOKS = [
    pytest.param('<c r="B2" s="7"/>', 2, ' s="7"', id="header"),
    pytest.param('<c r="B2" s="7"/><c r="C2" s="1"/>', 2, ' s="7"', id="header with a look of its own"),
    pytest.param('<c r="B2"/><c r="C2" s="1"/>', 2, ' s="1"', id="header beside one without a look"),
    pytest.param('<c r="B2" s="7"/>', None, "", id="row"),
    pytest.param('<c r="A2" s="7"/>', 2, "", id="header further on"),
]


@pytest.mark.parametrize(("cells", "header", "look"), LOOKS)
def test_how_new_cells_look(cells: str, header: int | None, look: str) -> None:
    sheet = f'<worksheet><sheetData><row r="2">{cells}</row></sheetData></worksheet>'
    written = NewCells(sheet.encode(), 2, {2: ["X"]}, header).written().decode()
    assert X.replace(" t", f"{look} t", 1) in written


@pytest.mark.parametrize(("cell", "after"), [("", ""), ('<c r="C2" s="1"/>', '<c r="C2" s="1"/>'), ("<c r='C2'/>", "")])
@pytest.mark.parametrize("blank", [None, ""])
def test_blank_new_cells(cell: str, after: str, blank: str | None) -> None:
    sheet = '<worksheet><sheetData><row r="2">{}</row></sheetData></worksheet>'
    written = NewCells(sheet.format(cell).encode(), 2, {2: [blank]}, None).written()
    assert written.decode() == sheet.format(after)


def test_rows_that_are_missing() -> None:
    assert NewCells(
        b"<worksheet><sheetData><row r='2'></row></sheetData></worksheet>", 1, {2: [], 3: []}, 2
    ).missing == {3}
