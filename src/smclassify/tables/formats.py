"""Which format a file has, and how it is opened and written."""

from __future__ import annotations

import os
from contextlib import contextmanager
from importlib.util import find_spec
from io import FileIO
from pathlib import PurePath
from typing import IO, TYPE_CHECKING

from smclassify.errors import UsageError
from smclassify.tables.delimited import DelimitedTable, DelimitedWriter
from smclassify.tables.dialect import beginning
from smclassify.tables.jsonl import JsonTable, JsonWriter
from smclassify.tables.plain_lines import LinesTable, LinesWriter
from smclassify.tables.source import open_source
from smclassify.tables.target import is_packed
from smclassify.tables.values import FORMATS, STANDARD_STREAM, WHOLE_FORMATS, ReadOptions, format_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smclassify.tables.source import Source
    from smclassify.tables.values import Table, Writer

_EXTRAS = {"excel": "openpyxl", "parquet": "pyarrow"}
_WORKBOOKS = {
    ".xlsx": "has no macros",
    ".xlsm": "has macros",
    ".xltx": "is a template",
    ".xltm": "is a template with macros",
}


@contextmanager
def open_table(path: str, options: ReadOptions) -> Iterator[Table]:
    """Open a file of any format, or standard input for `-`.

    Raises:
        TableError: The file cannot be opened or read, has no rows, or is not what its name says.
        UsageError: The options make no sense, or the format needs an extra that is not installed.
    """
    kind = options.format or format_of(path)
    if kind not in (None, *FORMATS):
        raise UsageError(f"There is no format {kind!r}.", f"The formats are: {', '.join(FORMATS)}.")
    if kind is not None and kind in WHOLE_FORMATS:
        with _open_whole(path, kind, options) as table:
            yield table
        return
    with open_source(path) as source:
        yield text_table(source, kind, options)


def text_table(source: Source, kind: str | None, options: ReadOptions) -> Table:
    """Return the table in an open text file.

    Args:
        source: The file.
        kind: Key of its format; None if neither the user nor the file's name says.
        options: What else the user says of it.

    Raises:
        TableError: It is not text, or not what its name says.
        UsageError: The options make no sense.
    """
    if kind == "jsonl":
        return JsonTable(source, options)
    if kind == "lines" or (kind is None and _holds_lines(source, options)):
        return LinesTable(source, options)
    return DelimitedTable(source, options)


def _holds_lines(source: Source, options: ReadOptions) -> bool:
    """Return whether a file is one of plain lines, as `.txt` files are that have no tabs, unless the user says more."""
    is_text_file = source.name.lower().removesuffix(".gz").endswith(".txt")
    return is_text_file and options.delimiter is None and "\t" not in beginning(source, options.encoding)[0]


@contextmanager
def _open_whole(path: str, kind: str, options: ReadOptions) -> Iterator[Table]:
    if path == STANDARD_STREAM or _is_endless(path):
        raise UsageError(f"The format {kind} cannot be read from a pipe or a device.", "Save it as a file first.")
    with open_source(path):
        pass  # the same sentences for a missing or blank file as elsewhere
    check_extra(kind)
    if kind == "excel":
        from smclassify.tables.excel import open_workbook  # noqa: PLC0415 - an extra

        with open_workbook(path, options) as workbook:
            yield workbook
        return
    from smclassify.tables.parquet import ParquetTable  # noqa: PLC0415 - an extra

    with FileIO(path) as handle:
        yield ParquetTable(path, handle)


def _is_endless(path: str) -> bool:
    """Return whether a path is that of a pipe or a device: opening might wait for ever, or reading never end."""
    is_there = os.path.exists(path)  # noqa: PTH110 - raises nothing
    return is_there and not (os.path.isfile(path) or os.path.isdir(path))  # noqa: PTH112, PTH113 - likewise


def open_writer(table: Table, target: str, handle: IO[bytes]) -> Writer:
    """Return what writes a table to a target: in its own format unless the name of the target stands for another.

    Standard output gets text: CSV for Excel and Parquet files.

    Raises:
        UsageError: The format needs an extra that is not installed, or the target's name promises wrongly that it is
            packed, has macros or is no template.
    """
    wanted = format_of(target) or table.format
    if wanted in WHOLE_FORMATS and is_packed(target):
        raise UsageError(f"{target}: the format {wanted} cannot be packed with gzip.", "Leave .gz out of the name.")
    check_extra(wanted)
    if target == STANDARD_STREAM and table.format in WHOLE_FORMATS:
        wanted = "csv"
    if wanted == table.format:
        match table:
            case DelimitedTable():
                return DelimitedWriter(table, handle)
            case JsonTable():
                return JsonWriter(table, handle)
            case LinesTable():
                return LinesWriter(table, handle)
    return _converter(table, wanted, target, handle)


def _converter(table: Table, wanted: str, target: str, handle: IO[bytes]) -> Writer:
    from smclassify.tables.convert import CsvConverter, JsonConverter  # noqa: PLC0415 - seldom needed

    if wanted == "jsonl":
        return JsonConverter(table, handle)
    if wanted == "excel":
        from smclassify.tables.excel import ExcelTable  # noqa: PLC0415 - an extra
        from smclassify.tables.excel_convert import ExcelConverter  # noqa: PLC0415 - likewise
        from smclassify.tables.excel_write import ExcelWriter  # noqa: PLC0415 - likewise

        suffix = PurePath(table.name.lower()).suffix if isinstance(table, ExcelTable) else ""
        own = suffix if suffix in _WORKBOOKS else ".xlsx"
        if target.lower().endswith((".xlsx", ".xlsm")) and not target.lower().endswith(own):
            raise UsageError(
                f"{target}: the workbook {_WORKBOOKS[own]}.", f"Name the output {own}: Excel opens no other."
            )
        return ExcelWriter(table, handle) if isinstance(table, ExcelTable) else ExcelConverter(table, handle)
    if wanted == "parquet":
        from smclassify.tables.parquet import ParquetWriter  # noqa: PLC0415 - an extra

        return ParquetWriter(table, handle)
    return CsvConverter(table, handle, "\t" if wanted in {"tsv", "lines"} else ",")


def text_encoding(table: Table) -> str:
    """Return the encoding that a table keeps when it is written as text."""
    return table.dialect.encoding if isinstance(table, DelimitedTable | JsonTable | LinesTable) else "utf-8"


def check_extra(kind: str) -> None:
    """Raise unless what a format needs is installed.

    Raises:
        UsageError: It is not; the tip has the command that installs it.
    """
    needed = _EXTRAS.get(kind)
    if needed and find_spec(needed) is None:
        raise UsageError(
            f"The format {kind} needs {needed}, which is not installed.",
            f"Install it: pip install 'smclassify[{kind}]'",
        )
