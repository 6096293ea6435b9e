"""Lines of text as records of cells, as `csv.reader` finds them, each with the characters it had."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from smclassify.errors import TableError
from smclassify.tables.values import CHUNK_ROWS, LARGEST_CELL, LARGEST_ROW

if TYPE_CHECKING:
    from collections.abc import Iterator

_TOO_LONG = "row too long"


@dataclass(frozen=True, slots=True)
class Records:
    """Neighbouring records.

    Attributes:
        texts: The cell of each in the column that is read.
        widths: How many cells each has; none for a blank line.
        raws: The characters of each with its line end.
        lines: The line where each starts.
        unclosed: Whether a quoted cell of the last one never ends.
    """

    texts: list[str]
    widths: list[int]
    raws: list[str]
    lines: list[int]
    unclosed: bool = False

    def since(self, first: int) -> Records:
        """Return the records from one on."""
        return Records(self.texts[first:], self.widths[first:], self.raws[first:], self.lines[first:], self.unclosed)


class RecordReader:
    """Reads lines as records, handful by handful.

    Of a record's cells only the one that is wanted is kept, the others being most of what is read.
    """

    def __init__(self, blocks: Iterator[list[str]], delimiter: str, name: str) -> None:
        self._blocks = blocks
        self._delimiter = delimiter
        self._name = name
        self._block: list[str] = []
        self._next = 0
        self._line = 1
        self._ended = False

    def records(self, column: int) -> Iterator[Records]:
        """Yield the records that are left, as many at a time as have arrived, with their cells in a column."""
        while taken := self._handful():
            yield self._parse(taken, column)

    def _handful(self) -> list[str]:
        """Return some lines; none at the end."""
        self._fill()
        taken = self._block[self._next : self._next + CHUNK_ROWS]
        self._next += len(taken)
        return taken

    def _one_by_one(self, taken: list[str]) -> Iterator[str]:
        """Yield one line more at a time, adding it to those taken.

        Raises:
            csv.Error: The lines are longer together than a row can be.
        """
        left = LARGEST_ROW
        while left >= 0:
            if not self._fill():
                self._ended = True
                return
            taken.append(self._block[self._next])
            self._next += 1
            left -= len(taken[-1])
            yield taken[-1]
        raise csv.Error(_TOO_LONG)

    def _fill(self) -> bool:
        """Get the next block of lines once the last one is used up; return whether there are lines."""
        if self._next == len(self._block):
            self._block, self._next = next(self._blocks, []), 0
        return bool(self._block)

    def _parse(self, taken: list[str], column: int) -> Records:
        """Return the records that start in some lines; where the last one goes on, its lines are taken too."""
        n_lines, texts, widths, ends = len(taken), list[str](), list[int](), list[int]()
        csv.field_size_limit(LARGEST_CELL)
        reader = csv.reader(chain(taken[:], self._one_by_one(taken)), delimiter=self._delimiter)
        try:
            for record in reader:
                widths.append(len(record))
                texts.append(record[column] if column < len(record) else "")
                ends.append(reader.line_num)
                if reader.line_num >= n_lines:
                    break
        except csv.Error as error:
            line = self._line + (ends[-1] if ends else 0)
            most = f"more than {LARGEST_ROW:,}" if str(error) == _TOO_LONG else f"a cell of more than {LARGEST_CELL:,}"
            message = f"{self._name}:{line}: the row has {most} characters."
            raise TableError(message, "Is a closing quote missing?") from error
        # the reader asks for more after the last line only when a quoted cell is still open
        unclosed = self._ended
        starts = [0, *ends[:-1]]
        lines = [self._line + start for start in starts]
        self._line += len(taken)
        raws = taken if len(ends) == len(taken) else ["".join(taken[a:b]) for a, b in zip(starts, ends, strict=True)]
        return Records(texts, widths, raws, lines, unclosed)


def cut_records(raws: list[str], delimiter: str) -> Iterator[list[str]]:
    """Yield the cells of records; none of a blank line."""
    return csv.reader(raws, delimiter=delimiter)


def column_of(raws: list[str], delimiter: str, place: int) -> list[str]:
    """Return the cells of records in a column, blank where a record is too short."""
    return [cells[place] if place < len(cells) else "" for cells in cut_records(raws, delimiter)]
