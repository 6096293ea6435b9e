"""`smclassify review`: a person corrects what the model is least sure of."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from smclassify import plain_review, render, render_review
from smclassify.commands.opening import calculate_in_one_thread, open_model, settings_in_use
from smclassify.commands.options import (
    EXIT_ROWS_WITH_ERRORS,
    ColumnOption,
    DelimiterOption,
    EncodingOption,
    FormatOption,
    GlossaryOption,
    ModelOption,
    NoHeaderOption,
    SheetOption,
)
from smclassify.errors import UsageError

if TYPE_CHECKING:
    from smclassify.corrections_file import CorrectionsFile
    from smclassify.model import Model
    from smclassify.runs import RunOptions
    from smclassify.settings import Settings


def review(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A labelled file, or one to be labelled.")],
    column: ColumnOption = None,
    corrections: Annotated[
        Path | None,
        typer.Option(
            "--corrections", "-o", metavar="FILE", help="Where the answers go; for tasks.csv, tasks.corrections.csv."
        ),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Ask about so many at most; never more than 2000.")
    ] = None,
    export: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Ask nothing; write the rows with the answers given so far: a file, or -."),
    ] = None,
    delimiter: DelimiterOption = None,
    encoding: EncodingOption = None,
    file_format: FormatOption = None,
    sheet: SheetOption = None,
    no_header: NoHeaderOption = False,
    force: Annotated[bool, typer.Option("--force", help="Replace the exported file if it exists.")] = False,
    model_path: ModelOption = None,
    glossary: GlossaryOption = None,
) -> None:
    """Ask a person about the rows of a file, the least sure first, and keep the answers.

    One key answers: the first letter of a label, or Enter if the model is right; Space skips, u takes back, q quits.
    Every answer is saved at once; the same command goes on later, and asks nothing twice. The file itself stays as it
    is. --export writes its rows with the columns reviewed_label, reviewed_status, reviewed_activity, reviewed_source.

    \b
    Examples:
      smclassify review labelled.csv
      smclassify review tasks.csv -c "Task title" --limit 50
      smclassify review board.xlsx -o answers.csv
      smclassify review labelled.csv --export reviewed.csv
    """
    calculate_in_one_thread()
    from smclassify.corrections_file import corrections_path, open_corrections
    from smclassify.runs import RunOptions
    from smclassify.tables.target import check_target
    from smclassify.tables.values import STANDARD_STREAM, ReadOptions

    if file == STANDARD_STREAM:
        raise UsageError("A review reads a file, not a pipe.", "Save the table as a file first.")
    path = corrections or corrections_path(file)
    check_target(str(path), file, force=True)
    settings = settings_in_use(model_path, glossary)
    read = ReadOptions(file_format, encoding, delimiter, not no_header, sheet)
    options = RunOptions(read, column=column, preferred_column=settings.column, force=force)
    if export is not None:
        _export(file, export, options, path, settings)
        return
    if not (render.is_terminal(sys.stdin) and render.is_terminal(sys.stdout)):
        tip = "Run it in a terminal, without < and | and >; --export needs none."
        raise UsageError("A review asks a person: standard input and standard output must be a terminal.", tip)
    model = open_model(settings)
    mode = Path(file).stat().st_mode & 0o666 if Path(file).exists() else 0o666
    with open_corrections(path, mode) as answers:
        render.note(plain_review.plain_torn(answers))
        if waiting := _least_sure(file, options, model, answers)[:limit]:
            _ask(model, waiting, answers)
        else:
            render.note(["Nothing to review: every row is empty or answered."])


def _least_sure(file: str, options: RunOptions, model: Model, answers: CorrectionsFile) -> list[str]:
    """Return the texts to ask about, in order."""
    from smclassify.columns import find_column
    from smclassify.parallel import predict_chunks
    from smclassify.review_order import ask_order, least_sure
    from smclassify.tables.formats import open_table

    answered = {correction.text for correction in answers.corrections}
    with open_table(file, options.read) as table:
        column = find_column(table, options.column, options.preferred_column)
        with render.batch_watcher(quiet=False, to_stdout=False)(table, column) as on_chunk:
            counted = ((chunk, on_chunk(len(chunk.texts))) for chunk in table.chunks(column))
            predicted = predict_chunks((chunk for chunk, _ in counted), model)
            return [candidate.text for candidate in ask_order(least_sure(predicted, answered))]


def _ask(model: Model, waiting: list[str], answers: CorrectionsFile) -> None:
    """Ask until the person has finished; each answer is on the disk before the next question."""
    from smclassify.digest import model_digest
    from smclassify.review import asked_of, begin, correction_of, press

    digest = model_digest(model)
    review = begin(model.labels, waiting, answers.corrections)
    try:
        while not review.is_over:
            given = answers.corrections[review.n_earlier :]
            explanation = asked_of(model, review.waiting[0]) if review.waiting else None
            question = render_review.Question(explanation, model.labels, plain_review.n_corrected(given))
            render.draw(render_review.drawn_question(review, question), sys.stdout)
            while (after := press(review, _read_key())) is review:
                pass
            if after.n_answers > review.n_answers and explanation is not None:
                correction = correction_of(model, explanation.prediction, after.steps[-1].label or "", digest)
                answers.append(correction)
                render.draw(render_review.drawn_saved(correction), sys.stdout)
            elif after.n_answers < review.n_answers:
                render.draw(render_review.drawn_undone(answers.undo()), sys.stdout)
            review = after
    finally:
        render.note([plain_review.plain_answers(answers.path, answers.corrections[review.n_earlier :])])


def _read_key() -> str:
    """Wait for a key; what is pasted counts as one key that means nothing, a key held down as itself."""
    from smclassify.review import END

    try:
        keys = typer.getchar()
    except (EOFError, OSError):
        return END
    if "\x03" in keys:
        raise KeyboardInterrupt
    return keys[0] if len(set(keys)) == 1 else keys or END


def _export(file: str, target: str, options: RunOptions, path: Path, settings: Settings) -> None:
    from smclassify.corrections import read_corrections
    from smclassify.review_export import Answers, export_file
    from smclassify.tables.target import check_target
    from smclassify.tables.values import STANDARD_STREAM

    check_target(target, str(path), force=True)
    check_target(target, file, force=options.force)
    answers = Answers.of(open_model(settings), read_corrections(path))
    watch = render.batch_watcher(quiet=False, to_stdout=target == STANDARD_STREAM)
    summary = export_file(file, target, options, answers, watch)
    render.note(plain_review.plain_export(summary))
    if summary.unclosed_line is not None:
        raise typer.Exit(EXIT_ROWS_WITH_ERRORS)
