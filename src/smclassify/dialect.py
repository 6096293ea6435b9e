"""Finding out how a text file is written: encoding, delimiter, line ends."""

from __future__ import annotations

import codecs
import csv
import re
from dataclasses import dataclass
from typing import IO

from smclassify.errors import TableError, UsageError

DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}
PEEK = 1 << 16
_BOMS = (  # the longest first: the mark of UTF-32-LE starts with that of UTF-16-LE
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SIGNATURES = {
    b"PK\x03\x04": "a zip archive, such as an Excel file",
    b"\xd0\xcf\x11\xe0": "an old Excel or Office file",
    b"PAR1": "a Parquet file",
    b"\x1f\x8b": "compressed with gzip",
    b"%PDF": "a PDF",
}
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
        return f"{delimiter}-separated, {encoding}{mark}, {newline} line ends"


def detect_dialect(name: str, handle: IO[bytes], start: bytes, encoding: str | None, delimiter: str | None) -> Dialect:
    """Find out how a file is written; what the user said goes before what the bytes suggest.

    Args:
        name: The file's name, for messages.
        handle: The file; when it can seek, it is read through once to see whether it is UTF-8, and rewound.
        start: Its first bytes.
        encoding: What the user said of the encoding.
        delimiter: What the user said of the delimiter: one character, or a key of `DELIMITERS`.

    Raises:
        TableError: The file is not text.
        UsageError: The encoding is unknown, or the delimiter is not a single character.
    """
    for signature, what in _SIGNATURES.items():
        if start.startswith(signature):
            raise TableError(f"{name}: this is {what}, not text.", "Export it as CSV and try again.")
    bom, marked = next(((mark, codec) for mark, codec in _BOMS if start.startswith(mark)), (b"", ""))
    if encoding is not None:
        codec, guessed = _known_codec(encoding), False
        if marked and codec.removesuffix("-sig").startswith(("utf-16", "utf-32", "utf-8")):
            codec = marked
        else:
            bom = b""
    elif marked:
        codec, guessed = marked, False
    elif b"\0" in start:
        raise TableError(
            f"{name}: this is binary data, not text.", "If it is UTF-16 without a mark, say so: -e utf-16-le."
        )
    else:
        guessed = not _is_utf8(handle, start)
        codec = "cp1252" if guessed else "utf-8"
    sample = codecs.getincrementaldecoder(codec)(errors="replace").decode(start[len(bom) :])
    line_end = re.search(r"\r\n|\n|\r", sample)
    return Dialect(
        encoding=codec,
        bom=bom,
        delimiter=_named_delimiter(delimiter) if delimiter else _likeliest_delimiter(name, sample),
        newline=line_end.group() if line_end else "\n",
        guessed=guessed,
    )


def _known_codec(encoding: str) -> str:
    try:
        return codecs.lookup(encoding).name
    except LookupError as error:
        raise UsageError(
            f"There is no encoding called {encoding!r}.", "Common ones: utf-8, cp1252, latin-1, utf-16."
        ) from error


def _named_delimiter(delimiter: str) -> str:
    sign = DELIMITERS.get(delimiter, "\t" if delimiter == r"\t" else delimiter)
    if len(sign) != 1 or sign in '"\r\n':
        raise UsageError(
            f"The delimiter {delimiter!r} is not a single character.",
            f"Give one character, or one of: {', '.join(DELIMITERS)}.",
        )
    return sign


def _is_utf8(handle: IO[bytes], start: bytes) -> bool:
    """Return whether the file is UTF-8; of a stream that cannot be rewound, only the start is judged."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        if not handle.seekable():
            decoder.decode(start)
            return True
        handle.seek(0)
        while block := handle.read(1 << 20):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    finally:
        if handle.seekable():
            handle.seek(0)
    return True


def _likeliest_delimiter(name: str, sample: str) -> str:
    """Return the sign that cuts the first rows most evenly, and of equals the one that makes the most cells."""
    best, best_fit = "\t" if name.lower().endswith((".tsv", ".tab")) else ",", (0.0, 1)
    for sign in DELIMITERS.values():
        rows = [row for row in csv.reader(sample.splitlines(keepends=True), delimiter=sign) if row]
        rows = (rows[:-1] or rows)[:_SAMPLE_ROWS]
        if not rows or len(rows[0]) < 2:
            continue
        even = sum(len(row) == len(rows[0]) for row in rows) / len(rows)
        if (round(even, 1), len(rows[0])) > best_fit:
            best, best_fit = sign, (round(even, 1), len(rows[0]))
    return best
