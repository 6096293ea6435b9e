"""Fuzz what reads and writes tables of text: CSV and its relatives, JSON Lines, lines, gzip, and their dialects.

The first bytes of an input choose the options, the rest is the file. Every row must come back with its new cells, or
the reader must refuse the file with an error of ours.
"""

from __future__ import annotations

import gzip
import io
import os
import sys
from contextlib import suppress
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["smclassify", "csv", "json", "gzip"]):
    from smclassify.columns import find_column, new_headers
    from smclassify.errors import SmclassifyError
    from smclassify.tables.formats import open_table, open_writer
    from smclassify.tables.values import ReadOptions

_FORMATS = [None, "csv", "tsv", "jsonl", "lines"]
_ENCODINGS = [None, "utf-8", "cp1252", "utf-16", "utf-16-le", "utf-8-sig", "utf-7", "shift_jis", "utf-32"]
_DELIMITERS = [None, "comma", "tab", ";", "\\t", "é", " "]
_TARGETS = ["-", "out.csv", "out.tsv", "out.jsonl", "out.lines"]


def fuzz(content: bytes) -> None:
    """Read one file as a batch does, and write it with new cells."""
    data = atheris.FuzzedDataProvider(content)
    options = ReadOptions(
        format=data.PickValueInList(_FORMATS),
        encoding=data.PickValueInList(_ENCODINGS) if data.ConsumeProbability() < 0.3 else None,
        delimiter=data.PickValueInList(_DELIMITERS) if data.ConsumeProbability() < 0.3 else None,
        header=data.ConsumeProbability() < 0.8,
    )
    target, packed, column = data.PickValueInList(_TARGETS), data.ConsumeBool(), data.ConsumeIntInRange(0, 4)
    written = data.ConsumeBytes(data.remaining_bytes())
    _FILE.write_bytes(gzip.compress(written, 1) if packed else written)
    with suppress(SmclassifyError), open_table(str(_FILE), options) as table:
        place = find_column(table, str(column) if column else None)
        handle = io.BytesIO()
        writer = open_writer(table, target, handle)
        writer.start(new_headers(table, ("label", "confidence"), "new_"))
        n_rows = 0
        for chunk in table.chunks(place):
            if not len(chunk.texts) == len(chunk.lines) == len(chunk.column(place)):
                raise AssertionError("a chunk whose columns have different lengths")
            n_rows += len(chunk.texts) - len(chunk.blanks)
            labels, confidences = ["x"] * len(chunk.texts), list[float | None]([0.5] * len(chunk.texts))
            writer.write(chunk, [labels, confidences])
        writer.finish()
        if n_rows and not handle.getvalue():
            raise AssertionError("rows that were read and not written")


_FILE = Path(os.environ.get("TMPDIR", "/tmp")) / f"fuzz-{os.getpid()}"  # noqa: S108 - a fuzzer's own file

if __name__ == "__main__":
    atheris.Setup(sys.argv, fuzz)
    try:
        atheris.Fuzz()
    finally:
        _FILE.unlink(missing_ok=True)
