"""Parquet files, row group by row group. Needs the extra `parquet`."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import IO, TYPE_CHECKING, Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

from smclassify.errors import TableError
from smclassify.tables.arrow_values import CANNOT_HOLD, value_of, values_of
from smclassify.tables.convert import as_text, first_line, labelled_rows, unique_names, with_new_cells
from smclassify.tables.values import CHUNK_ROWS, Chunk

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from io import FileIO

    from smclassify.tables.values import NewColumn, Table

_GROUP_ROWS = 6 * CHUNK_ROWS
_GROUP_BYTES = 1 << 26
_BUFFER_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class ParquetChunk(Chunk):
    """A chunk of a Parquet file.

    Attributes:
        batch: Its columns.
        name: The file's name, for messages.
    """

    batch: pa.RecordBatch | None = None
    name: str = ""

    def cut(self, start: int, stop: int) -> Self:
        """Return some of the records, by their places."""
        assert self.batch is not None  # noqa: S101 - tells the type
        return replace(Chunk.cut(self, start, stop), batch=self.batch[start:stop])

    def rows(self) -> Iterator[list[object]]:
        """Yield the values of the rows.

        Raises:
            TableError: There is a value that cannot be read.
        """
        assert self.batch is not None  # noqa: S101 - tells the type
        columns = (self._values(place) for place in range(self.batch.num_columns))
        return (list(row) for row in zip(*columns, strict=True))

    def column(self, place: int) -> list[str]:
        """Return the values of a column as texts.

        Raises:
            TableError: There is a value that cannot be read.
        """
        return list(map(as_text, self._values(place)))

    def _values(self, place: int) -> list[object]:
        assert self.batch is not None  # noqa: S101 - tells the type
        column = self.batch.column(place)
        try:
            return values_of(column)
        except CANNOT_HOLD as error:
            line = next(line for line, scalar in zip(self.lines, column, strict=True) if not _is_readable(scalar))
            header = self.batch.schema.field(place).name
            message = f"{self.name}:{line}: cannot read the value in column {header!r}: {first_line(error)}."
            raise TableError(message, "Is the file damaged? Its texts must be UTF-8.") from error


def _is_readable(scalar: pa.Scalar) -> bool:
    try:
        value_of(scalar)
    except CANNOT_HOLD:
        return False
    return True


class ParquetTable:
    """An open Parquet file."""

    format = "parquet"

    def __init__(self, name: str, handle: FileIO) -> None:
        """Read what the file says of itself.

        Args:
            name: Its name, for messages.
            handle: The open file; pyarrow would take a name with a colon for an address.

        Raises:
            TableError: It is not a Parquet file.
        """
        self.name = name
        try:
            self.file = _opened(handle)
        except (OSError, UnicodeDecodeError, pa.ArrowException) as error:
            raise TableError(f"{name}: cannot read the Parquet file: {first_line(error)}.", "Is it damaged?") from error
        self.headers = self.names = tuple(self.file.schema_arrow.names)
        if not self.headers:
            raise TableError(f"{name}: the file has no columns.", "Give a file with a column of texts.")
        self.width = len(self.headers)
        self.size = self.file.metadata.num_rows
        self._n_read = 0

    def position(self) -> int:
        """Return how many rows have been read."""
        return self._n_read

    def describe(self) -> str:
        """Return how the file is written."""
        return f"Parquet, {self.size:,} {'row' if self.size == 1 else 'rows'}"

    def chunks(self, column: int) -> Iterator[ParquetChunk]:
        """Yield the rows; a value that is no text is labelled as it is written in CSV, and null as blank."""
        try:
            for batch in self.file.iter_batches(batch_size=CHUNK_ROWS):
                first = self._n_read + 1
                self._n_read += batch.num_rows
                chunk = ParquetChunk([], range(first, self._n_read + 1), batch=batch, name=self.name)
                yield replace(chunk, texts=chunk.column(column))
        except (OSError, UnicodeDecodeError, pa.ArrowException) as error:
            raise TableError(f"{self.name}: cannot read the Parquet file: {first_line(error)}.") from error


class _Writer(pq.ParquetWriter):  # type: ignore[misc] # pyarrow has no types
    def __del__(self) -> None:
        """Leave the file as it is: after an error it is closed, and pyarrow would write its end."""


class ParquetWriter:
    """Writes a Parquet file: the columns of one, or of another format as texts, with new ones after them.

    The columns of a Parquet file keep their types, their compression and what the file says of them.
    """

    def __init__(self, table: Table, handle: IO[bytes]) -> None:
        self._table = table
        self._handle = handle
        self._schema = pa.schema([])
        self._writer: _Writer | None = None
        self._waiting: list[pa.RecordBatch] = []

    def start(self, new_headers: Sequence[str]) -> None:
        """Write the names and types of the columns; the confidence is a number, the other new ones are texts."""
        if isinstance(self._table, ParquetTable):
            self._schema = self._table.file.schema_arrow
            codecs = _codecs(self._table.file.metadata)
        else:
            self._schema = pa.schema([(name, pa.string()) for name in unique_names(self._table.names)])
            codecs = []
        for header in new_headers:
            kind = pa.float64() if header.endswith("confidence") else pa.string()
            self._schema = self._schema.append(pa.field(header, kind))
        if isinstance(self._table, ParquetTable):
            self._schema = _known_to_pandas(self._schema)
        usual = codecs[0] if codecs else "snappy"
        compression = dict(zip_longest(_leaves(self._schema), codecs, fillvalue=usual))
        self._writer = _Writer(self._handle, self._schema, compression=compression)

    def write(self, chunk: Chunk, columns: Sequence[NewColumn]) -> None:
        """Take rows; they are written in row groups of about a hundred thousand, or of fewer that are wide.

        Raises:
            TableError: A row of another format has more cells than there are columns.
        """
        if isinstance(chunk, ParquetChunk) and chunk.batch is not None:
            own, new = chunk.batch.columns, [list[Any](column) for column in columns]
        else:
            rows = [self._row(*row) for row in labelled_rows(chunk, columns)]
            cells = [list[Any](column) for column in zip(*rows, strict=True)] or [[] for _ in self._schema]
            width = len(self._table.names)
            own, new = [pa.array(column, pa.string()) for column in cells[:width]], cells[width:]
        kinds = self._schema.types[len(own) :]
        added = [
            pa.array([None if cell == "" else cell for cell in column], kind)
            for column, kind in zip(new, kinds, strict=True)
        ]
        self._waiting.append(pa.RecordBatch.from_arrays([*own, *added], schema=self._schema))
        n_rows = sum(batch.num_rows for batch in self._waiting)
        if n_rows >= _GROUP_ROWS or sum(batch.nbytes for batch in self._waiting) >= _GROUP_BYTES:
            self._flush()

    def finish(self) -> None:
        """Write the last rows and the index at the end."""
        self._flush()
        assert self._writer is not None  # noqa: S101 - `start` was called
        self._writer.close()

    def _row(self, line: int, row: list[object], cells: tuple[Any, ...]) -> list[Any]:
        width = len(self._table.names)
        if len(row) > width:
            message = f"{self._table.name}:{line}: the row has {len(row)} cells, but there are {width} columns."
            raise TableError(message, "Parquet has no place for more: write CSV or JSON Lines, for instance -o out.csv")
        return with_new_cells([None if value is None else as_text(value) for value in row], cells, width, None)

    def _flush(self) -> None:
        if self._waiting:
            assert self._writer is not None  # noqa: S101 - `start` was called
            self._writer.write_table(pa.Table.from_batches(self._waiting))
            self._waiting.clear()


def _opened(handle: FileIO) -> pq.ParquetFile:
    """Return an open file; its INT96 timestamps are nanoseconds, unless one of them is too far off for that."""
    file = _opened_with("ns", handle)
    columns = (file.metadata.schema.column(place) for place in range(file.metadata.num_columns))
    if not (paths := [column.path for column in columns if column.physical_type == "INT96"]):
        return file
    kinds, coarse = file.read_row_groups([], paths).schema, _opened_with("us", handle)
    try:
        for batch in coarse.iter_batches(CHUNK_ROWS, columns=paths):
            pa.Table.from_batches([batch]).cast(kinds)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return coarse
    return file


def _opened_with(unit: str, handle: FileIO) -> pq.ParquetFile:
    # without `pre_buffer`, what was read of the file is not kept
    return pq.ParquetFile(handle, pre_buffer=False, buffer_size=_BUFFER_BYTES, coerce_int96_timestamp_unit=unit)


def _codecs(metadata: pq.FileMetaData) -> list[str]:
    """Return how the leaves of a file are compressed, in their order; nothing for a file without rows."""
    if not metadata.num_row_groups:
        return []
    group = metadata.row_group(0)
    codecs = (group.column(place).compression for place in range(metadata.num_columns))
    return ["NONE" if codec == "UNCOMPRESSED" else codec for codec in codecs]


def _leaves(schema: pa.Schema) -> list[str]:
    """Return the paths of the leaves as they will be written; other writers call the items of lists otherwise."""
    sink = pa.BufferOutputStream()
    pq.write_table(schema.empty_table(), sink)
    written = pq.read_metadata(pa.BufferReader(sink.getvalue()))
    return [written.schema.column(place).path for place in range(written.num_columns)]


def _known_to_pandas(schema: pa.Schema) -> pa.Schema:
    """Return a schema that pandas can read: names that were numbers, dates or pairs are texts, as the new ones are."""
    metadata = dict(schema.metadata or {})
    try:
        known = json.loads(metadata[b"pandas"])
        levels = [(level["pandas_type"], level["name"]) for level in known["column_indexes"]]
    except (KeyError, TypeError, ValueError):
        return schema
    if [kind for kind, _ in levels] in ([], ["unicode"]):
        return schema
    name = levels[0][1] if len(levels) == 1 else None
    texts = {"pandas_type": "unicode", "numpy_type": "object", "metadata": {"encoding": "UTF-8"}}
    known["column_indexes"] = [{"name": name, "field_name": name} | texts]
    return schema.with_metadata(metadata | {b"pandas": json.dumps(known).encode()})
