"""One run of a batch: from a file to a file, for whoever starts it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from smclassify.batch import Tally, label_table
from smclassify.columns import default_columns, find_column, new_headers
from smclassify.parallel import predict_chunks
from smclassify.resume import identity, is_resumable, open_resumable
from smclassify.tables.formats import open_table, open_writer, text_encoding
from smclassify.tables.source import is_waiting
from smclassify.tables.target import check_target, is_packed, open_target
from smclassify.tables.values import ReadOptions, format_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from contextlib import AbstractContextManager

    from smclassify.batch import BatchSummary
    from smclassify.model import Model
    from smclassify.parallel import Helpers
    from smclassify.predictions import PredictionTable
    from smclassify.settings import Setting
    from smclassify.tables.values import Chunk, Table

    Watch = Callable[[Table, int], AbstractContextManager[Callable[[int], None]]]
    Predicted = Iterable[tuple[Chunk, PredictionTable]]


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What the user says of a run.

    Attributes:
        read: How to read the input.
        column: Header or number of the column with the texts; None to find it.
        preferred_column: Header to look for first, if `column` does not say.
        columns: Which new columns to write; None for those that fit the model.
        prefix: What to put before their names.
        force: Whether the output may replace a file.
        resume: Whether to go on with a run that was cut short, where the output is of a kind that can.
    """

    read: ReadOptions = field(default_factory=ReadOptions)
    column: str | None = None
    preferred_column: Setting[str] | None = None
    columns: tuple[str, ...] | None = None
    prefix: str = ""
    force: bool = False
    resume: bool = False


def _unobserved(_: Table, predicted: Predicted) -> Predicted:
    return predicted


def label_file(  # noqa: PLR0913, PLR0917 - the last two have defaults
    source: str,
    target: str,
    options: RunOptions,
    model: Model,
    watch: Watch,
    observe: Callable[[Table, Predicted], Predicted] | None = None,
    helpers: Helpers | None = None,
) -> BatchSummary:
    """Label the rows of a file; the target appears whole or not at all.

    Args:
        source: Path of the input, or `-`.
        target: Path of the output, or `-`.
        options: What the user says.
        model: What labels the texts.
        watch: Called with the open table and the place of the column of texts; what it gives, on entry, is called with
            the number of rows of each chunk once it is written.
        observe: If given, called with the open table and its chunks with their predictions; returns them as they are.
        helpers: Processes that have been told to load the same model, and predict beside this one.

    Raises:
        SmclassifyError: The input cannot be read, the options do not fit it, or the output cannot be written.
    """
    with open_table(source, options.read) as table:
        column = find_column(table, options.column, options.preferred_column)
        columns = options.columns or default_columns(model)
        headers = new_headers(table, columns, options.prefix)
        check_target(target, source, force=options.force)
        kind = format_of(target) or table.format
        observe = observe or _unobserved
        waits = partial(is_waiting, source)
        if is_resumable(target, kind):
            settings = {
                "how the input is read": asdict(options.read),
                "the column of the texts": column,
                "the new columns": headers,
                "the format of the output": [kind, is_packed(target)],
            }
            tally = Tally(model)
            run, resume, force = identity(source, model, settings), options.resume, options.force
            with open_resumable(target, tally, run, resume=resume, force=force) as output:
                rest = output.rest(table)
                with watch(rest, column) as on_chunk:
                    predicted = observe(table, predict_chunks(rest.chunks(column), model, helpers, waits))
                    writer = open_writer(table, target, output.handle)
                    output.start(writer, headers)
                    return label_table(predicted, writer, columns, model, output.counted(on_chunk), tally)
        with open_target(target, text_encoding(table)) as handle, watch(table, column) as on_chunk:
            predicted = observe(table, predict_chunks(table.chunks(column), model, helpers, waits))
            writer = open_writer(table, target, handle)
            writer.start(headers)
            return label_table(predicted, writer, columns, model, on_chunk)
