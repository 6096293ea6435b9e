"""JSON Lines: one object a line. A line keeps its characters; new keys go in before its closing brace."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from sys import get_int_max_str_digits
from typing import IO, TYPE_CHECKING, Any, Self

from smclassify.errors import TableError
from smclassify.tables.delimited import encoded
from smclassify.tables.dialect import Dialect, detect_dialect
from smclassify.tables.values import CHUNK_ROWS, LARGEST_ROW, Chunk
from smclassify.tables.written_json import as_json, read_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from smclassify.tables.source import Source
    from smclassify.tables.values import NewColumn, ReadOptions

    Line = tuple[int, str, dict[str, Any] | None]  # number, characters, object; None for a blank line

_SEEN_FIRST = 1000
_DEEPEST = 4
_PER_LINE = 64  # what a line takes besides its characters


@dataclass(frozen=True, slots=True)
class JsonChunk(Chunk):
    """A chunk that knows the characters of its lines.

    Attributes:
        raws: The characters of each line with its end.
        objects: What each line holds; None for a blank one.
        table: What the lines are from.
    """

    raws: list[str] = field(default_factory=list)
    objects: list[dict[str, Any] | None] = field(default_factory=list)
    table: JsonTable | None = None

    def cut(self, start: int, stop: int) -> Self:
        """Return some of the records, by their places."""
        return replace(Chunk.cut(self, start, stop), raws=self.raws[start:stop], objects=self.objects[start:stop])

    def rows(self) -> Iterator[list[object]]:
        """Yield the values of the topmost keys of each object.

        Raises:
            TableError: An object has a key that the first objects do not have.
        """
        assert self.table is not None  # noqa: S101 - tells the type
        keys, known = self.table.names, set(self.table.names)
        for line, of_line in zip(self.lines, self.objects, strict=True):
            if of_line is None:
                continue
            if surplus := [key for key in of_line if key not in known]:
                message = (
                    f"{self.table.name}:{line}: the first objects have no key {surplus[0]!r}, so it has no column."
                )
                raise TableError(message, "Write JSON Lines instead: -o out.jsonl")
            yield [of_line.get(key) for key in keys]

    def column(self, place: int) -> list[str]:
        """Return what stands at the path of a column."""
        assert self.table is not None  # noqa: S101 - tells the type
        path = self.table.headers[place]
        return ["" if of_line is None else _text(_value(of_line, path)) for of_line in self.objects]


class JsonTable:
    """An open file of JSON Lines. Its columns are the paths in its first objects: `task.title` for nested values.

    A file is asked for a thousand objects, a pipe only for those that have arrived, so that it need not fill up.

    Attributes:
        dialect: How it is written; the delimiter means nothing.
        names: The topmost keys of the first objects.
    """

    format = "jsonl"

    def __init__(self, source: Source, options: ReadOptions) -> None:
        """Read the first objects of a file.

        Raises:
            TableError: A line is not a JSON object, or there is none.
        """
        self._source = source
        self.name = source.name
        self.dialect: Dialect = detect_dialect(source, options.encoding, "comma")
        source.skip(len(self.dialect.bom))
        self.size = source.size
        self._blocks = self._iter_blocks()
        self._first: list[Line] = []
        objects: list[dict[str, Any]] = []
        seen = 0
        for block in self._blocks:
            self._first += block
            seen += sum(len(raw) + _PER_LINE for _, raw, _ in block)
            objects += [of_line for _, _, of_line in block if of_line is not None]
            if len(objects) >= _SEEN_FIRST or seen > LARGEST_ROW or (objects and not source.seekable()):
                break
        del objects[_SEEN_FIRST:]
        if not objects:
            raise TableError(f"{self.name}: the file has no objects.", "Give a file with one JSON object a line.")
        self.names = tuple(dict.fromkeys(key for of_line in objects for key in of_line))
        self.headers = tuple(dict.fromkeys(path for of_line in objects for path in _paths(of_line)))
        self.width = len(self.headers)

    def position(self) -> int:
        """Return how many bytes have been read."""
        return self._source.position()

    def describe(self) -> str:
        """Return how the file is written."""
        return f"JSON Lines, {str(self.dialect).partition(', ')[2]}"

    def chunks(self, column: int) -> Iterator[JsonChunk]:
        """Yield the lines; a value that is no text is labelled as it is written in JSON, and null as blank."""
        path = self.headers[column]
        for block in chain((self._first,), self._blocks):
            numbers = [number for number, _, _ in block]
            raws = [raw for _, raw, _ in block]
            objects = [of_line for _, _, of_line in block]
            blanks = frozenset(place for place, of_line in enumerate(objects) if of_line is None)
            texts = ["" if of_line is None else _text(_value(of_line, path)) for of_line in objects]
            yield JsonChunk(texts, numbers, blanks, raws=raws, objects=objects, table=self)

    def _iter_blocks(self) -> Iterator[list[Line]]:
        number = 1
        for block in self._source.lines(self.dialect.encoding):
            lines = iter(block)
            while taken := list(islice(lines, CHUNK_ROWS)):
                yield [(place, raw, self._parsed(raw, place)) for place, raw in enumerate(taken, number)]
                number += len(taken)

    def _parsed(self, raw: str, number: int) -> dict[str, Any] | None:
        if raw.isspace():
            return None
        try:
            value = read_json(raw)
        except (ValueError, RecursionError) as error:
            message, tip = _refused(error)
            raise TableError(f"{self.name}:{number}: {message}", tip) from error
        if not isinstance(value, dict):
            raise TableError(f"{self.name}:{number}: not a JSON object.", "Each line must hold one: {...}")
        return value


@dataclass(frozen=True, slots=True)
class JsonWriter:
    """Writes the lines of a file of JSON Lines with new keys, and nothing else changed.

    Attributes:
        table: The table whose lines are written.
        handle: Where the bytes go.
        new: The new keys; filled by `start`.
    """

    table: JsonTable
    handle: IO[bytes]
    new: list[str] = field(default_factory=list)

    def start(self, new_headers: Sequence[str]) -> None:
        """Write the byte order mark, if there was one."""
        self.new[:] = new_headers
        self.handle.write(self.table.dialect.bom)

    def write(self, chunk: Chunk, columns: Sequence[NewColumn]) -> None:
        """Write lines with their new keys; blank lines stay.

        Raises:
            TableError: An object has one of the new keys already.
        """
        assert isinstance(chunk, JsonChunk)  # noqa: S101 - tells the type
        written = []
        for raw, of_line, line, cells in zip(
            chunk.raws, chunk.objects, chunk.lines, zip(*columns, strict=True), strict=True
        ):
            if of_line is None:
                written.append(raw)
                continue
            if clash := next((key for key in self.new if key in of_line), None):
                message = f"{self.table.name}:{line}: the object has a key {clash!r} already."
                raise TableError(message, "Put something before the new names, for instance --prefix sm_")
            head, brace, tail = raw.rpartition("}")
            body = head.rstrip()
            added = json.dumps(new_values(self.new, cells), ensure_ascii=raw.isascii())[1:-1]
            written.append(f"{body}{', ' if of_line else ''}{added}{head[len(body) :]}{brace}{tail}")
        self.handle.write(encoded("".join(written), self.table.dialect.encoding, self.table.name))

    def finish(self) -> None:
        """Write nothing: the last line is the end."""


def new_values(headers: Sequence[str], cells: Sequence[str | float | None]) -> dict[str, str | float | None]:
    """Return new cells by header as JSON has them: null for none."""
    return {header: None if cell == "" else cell for header, cell in zip(headers, cells, strict=True)}


def _refused(error: ValueError | RecursionError) -> tuple[str, str]:
    """Return what is wrong with a line that could not be read, and what to do about it."""
    if isinstance(error, RecursionError):
        return "the values are nested too deeply.", "Some hundred levels can be read, no more."
    if isinstance(error, json.JSONDecodeError):
        return "the line is not JSON.", "Each line must hold one JSON object; for a CSV file say --format csv."
    return f"a whole number has more than {get_int_max_str_digits():,} digits.", "Put it in quotes, as a text."


def _paths(of_line: dict[str, Any], depth: int = _DEEPEST) -> Iterator[str]:
    for key, value in of_line.items():
        yield key
        if isinstance(value, dict) and depth > 1:
            yield from (f"{key}.{path}" for path in _paths(value, depth - 1))


def _value(of_line: dict[str, Any], path: str) -> Any:  # noqa: ANN401 - whatever JSON can hold
    """Return what stands at a path; a key with dots in it goes before a nested value."""
    if path in of_line:
        return of_line[path]
    for place in (place for place, sign in enumerate(path) if sign == "."):
        inner = of_line.get(path[:place])
        if isinstance(inner, dict) and (value := _value(inner, path[place + 1 :])) is not None:
            return value
    return None


def _text(value: object) -> str:
    return value if isinstance(value, str) else "" if value is None else as_json(value)
