"""What a person said of texts, as a CSV file with one row per answer."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import astuple, dataclass, fields
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from smclassify.errors import TableError
from smclassify.paths import read_whole
from smclassify.tables.cells import joined_rows
from smclassify.tables.values import LARGEST_CELL
from smclassify.text import normalise

if TYPE_CHECKING:
    from pathlib import Path

_BOM = b"\xef\xbb\xbf"
_END_OF_ROW = re.compile(r",[01](?:\.\d+)?,[0-9a-f]{12}\s*$")
"""How every row that this module writes ends: confidence and model."""
_OPEN_END = "unexpected end of data"
"""What both `csv` and the decoder of UTF-8 say of a row that is cut off."""
_PART_OF_MODEL = re.compile(r"[0-9a-f]{0,11}")


@dataclass(frozen=True, slots=True)
class Correction:
    """What a person said of one text.

    Attributes:
        text: The text, as it stands in the table.
        label: Slug of the label that is right, according to the person.
        activity: Slug of the likeliest activity inside `label`.
        was: Slug of the model's label; equal to `label` if the person agreed.
        confidence: The model's confidence in `was`, 0..1.
        model: First 12 hexadecimal digits of the model's digest.
    """

    text: str
    label: str
    activity: str
    was: str
    confidence: float
    model: str


COLUMNS = tuple(field.name for field in fields(Correction))
HEADER_ROW = (",".join(COLUMNS) + "\n").encode()


class Content(NamedTuple):
    """What a corrections file holds.

    Attributes:
        corrections: The whole rows.
        ends: Number of bytes up to the end of the header, and of each row.
        torn: The characters of a last row that was never written to its end.
        missing: What must be added for the last row to be whole: its line end, or nothing.
    """

    corrections: list[Correction]
    ends: list[int]
    torn: str = ""
    missing: bytes = b""


def read_corrections(path: Path) -> list[Correction]:
    """Read a corrections file, oldest answer first; a row that was never written to its end is left out.

    Raises:
        TableError: The file cannot be read, has other columns, or has a row that is not well formed.
    """
    try:
        content = read_whole(path)
    except FileNotFoundError as error:
        tip = "Make it with `smclassify review`."
        raise TableError(f"{path}: there is no such file of corrections.", tip) from error
    except OSError as error:
        raise TableError(f"{path}: cannot read the corrections: {error.strerror}.") from error
    return parse_corrections(content, str(path)).corrections


def as_row(correction: Correction) -> bytes:
    """Return an answer as a row of CSV."""
    return f"{next(joined_rows([[cell] for cell in astuple(correction)], ','))}\n".encode()


def parse_corrections(content: bytes, name: str) -> Content:
    """Return the rows of a file, and where each ends.

    Raises:
        TableError: The file is not text, has other columns, or has a row that is not well formed.
    """
    if content.removeprefix(_BOM) == b"" or HEADER_ROW.startswith(content):  # nothing, or a header half written
        return Content([], [0])
    lines = io.StringIO(_decoded(content.removeprefix(_BOM), name), newline="").readlines()
    start = len(content) - len(content.removeprefix(_BOM))
    sizes = list(accumulate((len(line.encode()) for line in lines), initial=start))
    csv.field_size_limit(LARGEST_CELL)
    reader = csv.reader(lines, strict=True)
    corrections, ends, torn, first = list[Correction](), list[int](), "", 1
    try:
        for cells in reader:
            is_last = not lines[reader.line_num - 1].endswith(("\n", "\r"))
            if not ends:
                _check_header(cells, name)
            elif is_last and _is_torn(cells):
                torn = _torn(lines[first - 1 :], f"{name}:{first}")
                break
            elif cells:
                corrections.append(_correction(cells, f"{name}:{first}"))
            ends[len(corrections) :] = [sizes[reader.line_num]]
            first = reader.line_num + 1
    except csv.Error as error:
        if not ends or str(error) != _OPEN_END:
            message = f"{name}:{first}: the row is not well formed: {error}."
            raise TableError(message, "Correct it in an editor.") from error
        torn = _torn(lines[first - 1 :], f"{name}:{first}")
    if not ends:  # nothing but half a character
        _check_header([], name)
    is_unended = ends[-1] == len(content) and not lines[-1].endswith(("\n", "\r"))
    return Content(corrections, ends, torn, b"\n" if is_unended else b"")


def _decoded(content: bytes, name: str) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        if error.end == len(content) and error.reason == _OPEN_END:  # a character half written
            return content[: error.start].decode()
        line = content.count(b"\n", 0, error.start) + 1
        raise TableError(f"{name}:{line}: the corrections are not UTF-8.", "Save them as UTF-8.") from error


def _check_header(cells: list[str], name: str) -> None:
    if tuple(cells) != COLUMNS:
        tip = f"Its columns are {', '.join(COLUMNS)}, with commas between them. Name another file with -o."
        raise TableError(f"{name}:1: this is not a file of corrections.", tip)


def _is_torn(cells: list[str]) -> bool:
    """Return whether a row without a line end may be the beginning of one."""
    return len(cells) < len(COLUMNS) or _PART_OF_MODEL.fullmatch(cells[-1]) is not None


def _torn(lines: list[str], where: str) -> str:
    """Return the characters of a row half written; with the end of a row in it, it is an edit gone wrong."""
    if any(_END_OF_ROW.search(line) for line in lines):
        raise TableError(f"{where}: a quoted cell never ends.", "Close the quote in an editor.")
    return "".join(lines)


def _correction(cells: list[str], where: str) -> Correction:
    if len(cells) != len(COLUMNS):
        tip = f"The columns are {', '.join(COLUMNS)}."
        raise TableError(f"{where}: the row has {len(cells)} cells, not {len(COLUMNS)}.", tip)
    for name, cell in zip(COLUMNS, cells, strict=True):
        if not normalise(cell).strip():
            raise TableError(f"{where}: the column {name!r} is blank.", "Fill it in, or remove the row.")
    text, label, activity, was, confidence, model = cells
    try:
        number = float(confidence)
    except ValueError:
        number = -1.0
    if not 0.0 <= number <= 1.0:
        raise TableError(f"{where}: the confidence {confidence!r} is not a number from 0 to 1.", "Correct the row.")
    return Correction(text, label, activity, was, number, model)
