"""A reviewed table: the rows of the input with what a person said, or else the model, in new columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from smclassify.batch import new_columns
from smclassify.columns import find_column
from smclassify.errors import UsageError
from smclassify.parallel import predict_chunks
from smclassify.tables.formats import open_table, open_writer, text_encoding
from smclassify.tables.target import open_target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from contextlib import AbstractContextManager

    from smclassify.corrections import Correction
    from smclassify.model import Model
    from smclassify.predictions import PredictionTable
    from smclassify.runs import RunOptions
    from smclassify.tables.values import NewColumn, Table

NEW_COLUMNS = ("reviewed_label", "reviewed_status", "reviewed_activity", "reviewed_source")
BY_PERSON = "person"


@dataclass(frozen=True, slots=True)
class ExportSummary:
    """What an export did.

    Attributes:
        n_rows: Number of rows written, blank lines not counted.
        n_reviewed: How many of them have a person's answer.
        unclosed_line: Line of a row whose quoted cell never ends; None if all do.
    """

    n_rows: int
    n_reviewed: int
    unclosed_line: int | None


@dataclass(frozen=True, slots=True)
class Answers:
    """Where the new cells come from.

    Attributes:
        model: What answers for texts that no person has seen.
        by_text: What a person said, by the text.
    """

    model: Model
    by_text: Mapping[str, Correction]

    @classmethod
    def of(cls, model: Model, corrections: Iterable[Correction]) -> Answers:
        """Return answers in which the last correction of a text counts."""
        return cls(model, {correction.text: correction for correction in corrections})

    def cells(self, texts: list[str], predictions: PredictionTable) -> list[NewColumn]:
        """Return the cells of the new columns."""
        found = [self.by_text.get(text) for text in texts]
        of_model = new_columns(predictions, ("label", "status", "activity", "source"), self.model)
        of_person = [(c.label, "ok", c.activity, BY_PERSON) if c else None for c in found]
        rows = zip(*of_model, strict=True)
        merged = [person or row for person, row in zip(of_person, rows, strict=True)]
        return [list(column) for column in zip(*merged, strict=True)] if merged else [[] for _ in NEW_COLUMNS]


def export_file(
    source: str,
    target: str,
    options: RunOptions,
    answers: Answers,
    watch: Callable[[Table, int], AbstractContextManager[Callable[[int], None]]],
) -> ExportSummary:
    """Write the rows of a file with the columns of a review; the target appears whole or not at all.

    Args:
        source: Path of the input.
        target: Path of the output, or `-`.
        options: How to read the input, and its column of texts.
        answers: Where the new cells come from.
        watch: As in `runs.label_file`.

    Raises:
        SmclassifyError: The input cannot be read, the options do not fit it, or the output cannot be written.
    """
    n_rows, n_reviewed, unclosed = 0, 0, None
    with open_table(source, options.read) as table:
        column = find_column(table, options.column, options.preferred_column)
        _check_headers(table)
        with open_target(target, text_encoding(table)) as handle, watch(table, column) as on_chunk:
            writer = open_writer(table, target, handle)
            writer.start(NEW_COLUMNS)
            for chunk, predictions in predict_chunks(table.chunks(column), answers.model):
                writer.write(chunk, answers.cells(chunk.texts, predictions))
                n_rows += len(chunk.texts) - len(chunk.blanks)
                n_reviewed += sum(text in answers.by_text for text in chunk.texts)
                unclosed = unclosed or chunk.unclosed
                on_chunk(len(chunk.texts))
            writer.finish()
    return ExportSummary(n_rows, n_reviewed, unclosed)


def _check_headers(table: Table) -> None:
    taken = {header.strip() for header in table.headers or ()}
    if clashes := [name for name in NEW_COLUMNS if name in taken]:
        tip = "Export from the file that was reviewed, or rename the column."
        raise UsageError(f"{table.name}: the file has a column {clashes[0]!r} already.", tip)
