"""Finding out how a text file is written: encoding, delimiter, line ends."""

from __future__ import annotations

import codecs
import csv
import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from smclassify.errors import TableError, UsageError
from smclassify.tables.values import LARGEST_CELL, format_of

if TYPE_CHECKING:
    from smclassify.tables.source import Source

DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}
COMMON_ENCODINGS = ("utf-8", "cp1252", "latin-1", "utf-16")
SEPARATOR_LINE = re.compile(r'"?sep=(?P<sign>[^"\r\n])"?(?:\r\n?|\n)', re.IGNORECASE)
"""A first line that tells Excel the delimiter; it is not part of the table."""
_BOMS = (  # the longest first: the mark of UTF-32-LE starts with that of UTF-16-LE
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SIGNATURES = {
    b"PK\x03\x04": "an Excel workbook or another zip archive",
    b"\xd0\xcf\x11\xe0": "an old Excel or Office file",
    b"PAR1\x15": "a Parquet file",
    b"\x1f\x8b": "compressed twice",
    b"%PDF-1.": "a PDF",
    b"%PDF-2.": "a PDF",
}
"""The first bytes of what is no text; each is more than a header could be."""
_SAMPLE_ROWS = 20


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a file is written.

    Attributes:
        encoding: Python's name of the encoding, without its byte order mark.
        bom: The byte order mark at the start; empty where there is none.
        delimiter: What stands between cells.
        newline: What ends the first line.
        guessed: Whether the encoding is Windows-1252 for want of anything better.
    """

    encoding: str
    bom: bytes
    delimiter: str
    newline: str
    guessed: bool = False

    def __str__(self) -> str:
        delimiter = next((name for name, sign in DELIMITERS.items() if sign == self.delimiter), self.delimiter)
        encoding = "Windows-1252" if self.encoding == "cp1252" else self.encoding.upper()
        mark = " with byte order mark" if self.bom else ""
        newline = {"\r\n": "CRLF", "\n": "LF", "\r": "CR"}[self.newline]
        sure = " (a guess: not UTF-8; say otherwise with -e)" if self.guessed else ""
        return f"{delimiter}-separated, {encoding}{mark}, {newline} line ends{sure}"


def detect_dialect(source: Source, encoding: str | None, delimiter: str | None) -> Dialect:
    """Find out how a file is written; what the user said goes before what the bytes suggest.

    Args:
        source: The file; when it can seek, it is read through once to see whether it is UTF-8.
        encoding: What the user said of the encoding.
        delimiter: What the user said of the delimiter: one character, or a key of `DELIMITERS`.

    Raises:
        TableError: The file is not text.
        UsageError: The encoding is unknown, or the delimiter is not a single character.
    """
    name, start = source.name, source.start
    for signature, what in _SIGNATURES.items():
        if start.startswith(signature):
            tip = (
                "Export it as CSV, or say --format excel if it is an .xlsx workbook, --format parquet if it is Parquet."
            )
            raise TableError(f"{name}: this is {what}, not text.", tip)
    guessed = False
    if encoding is None and not _mark(start)[0]:
        if b"\0" in start:
            raise TableError(f"{name}: this is binary data, not text.", source.utf16_tip())
        guessed = not source.is_text("utf-8")
    sample, codec, bom = beginning(source, "cp1252" if guessed else encoding)
    line_end = re.search(r"\r\n|\n|\r", sample)
    declared = SEPARATOR_LINE.match(sample)
    return Dialect(
        encoding=codec,
        bom=bom,
        delimiter=(
            _named_delimiter(delimiter)
            if delimiter
            else declared["sign"]
            if declared
            else _likeliest_delimiter(name, sample)
        ),
        newline=line_end.group() if line_end else "\n",
        guessed=guessed,
    )


def beginning(source: Source, encoding: str | None) -> tuple[str, str, bytes]:
    """Return the beginning of a file as text, the encoding of its text, and its byte order mark.

    Args:
        source: The file.
        encoding: What the user said of the encoding; None for what the mark says, or else UTF-8.

    Raises:
        UsageError: The encoding is unknown.
    """
    bom, marked = _mark(source.start)
    codec = _known_codec(encoding) if encoding is not None else marked or "utf-8"
    if marked and codec.startswith(("utf-16", "utf-32", "utf-8")):
        codec = marked
    else:
        bom = b""
    return codecs.getincrementaldecoder(codec)(errors="replace").decode(source.start[len(bom) :]), codec, bom


def _mark(start: bytes) -> tuple[bytes, str]:
    """Return the byte order mark of a file and the encoding that it stands for, both blank if there is none."""
    return next(((mark, codec) for mark, codec in _BOMS if start.startswith(mark)), (b"", ""))


def _known_codec(encoding: str) -> str:
    try:
        "a".encode(encoding)  # refuses codecs that are not of text, such as hex
        # the mark is told apart from the text; this codec would write one before every piece
        return codecs.lookup(encoding).name.removesuffix("-sig")
    except LookupError as error:
        raise UsageError(
            f"There is no encoding called {encoding!r}.", f"Common ones: {', '.join(COMMON_ENCODINGS)}."
        ) from error


def _named_delimiter(delimiter: str) -> str:
    sign = DELIMITERS.get(delimiter, "\t" if delimiter == r"\t" else delimiter)
    if len(sign) != 1 or sign in '"\r\n':
        raise UsageError(
            f"The delimiter {delimiter!r} is not a single character.",
            f"Give one character, or one of: {', '.join(DELIMITERS)}.",
        )
    return sign


def _likeliest_delimiter(name: str, sample: str) -> str:
    """Return the sign that cuts the first rows most evenly, and of equals the one that makes the most cells."""
    csv.field_size_limit(LARGEST_CELL)
    best, best_fit = "\t" if format_of(name) == "tsv" else ",", (0.0, 1)
    for sign in DELIMITERS.values():
        rows = [row for row in csv.reader(io.StringIO(sample, newline=""), delimiter=sign) if row]
        rows = (rows[:-1] or rows)[:_SAMPLE_ROWS]
        if not rows or len(rows[0]) < 2:
            continue
        even = sum(len(row) == len(rows[0]) for row in rows) / len(rows)
        if (round(even, 1), len(rows[0])) > best_fit:
            best, best_fit = sign, (round(even, 1), len(rows[0]))
    return best
