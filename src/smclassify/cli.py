"""The command line: options, wiring, the error boundary and exit codes. It computes nothing itself."""

from __future__ import annotations

import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from smclassify import plain, render
from smclassify.errors import SmclassifyError, UsageError

if TYPE_CHECKING:
    from smclassify.model import Model

EXIT_ROWS_WITH_ERRORS = 3

app = typer.Typer(
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

ModelOption = Annotated[
    Path | None,
    typer.Option("--model", metavar="FILE", help="Use this model instead of the one that is shipped."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, one object per line.")]


def main() -> None:
    """Run the command line; every problem a user can act on ends in one line and an exit code."""
    try:
        code = app(prog_name="smclassify", standalone_mode=False)
        sys.stdout.flush()
    except SmclassifyError as error:
        code = _complain(error)
    except typer.TyperException as error:
        code = _complain(_as_usage_error(error))
    except typer.Abort:
        code = 130
    except BrokenPipeError:
        # nobody reads on: leave nothing for the interpreter to flush at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    sys.exit(code)


def _complain(error: SmclassifyError) -> int:
    _note([plain.plain_error(error)])
    return error.exit_code


def _as_usage_error(error: typer.TyperException) -> UsageError:
    context: typer.Context | None = getattr(error, "ctx", None)
    command = context.command_path if context else "smclassify"
    tip = f"See `{command} --help`."
    if type(error).__name__ == "NoSuchOption":
        tip = f"A text that starts with a hyphen goes after --, as in: {command} -- '-50% campaign'. {tip}"
    return UsageError(error.format_message().strip().rstrip(".") + ".", tip)


def _say(text: str) -> None:
    """Write a line of data."""
    sys.stdout.write(text + "\n")


def _note(lines: list[str]) -> None:
    """Write lines beside the data."""
    sys.stderr.writelines(line + "\n" for line in lines)


def _show_version(asked: bool) -> None:
    if asked:
        from smclassify import __version__

        _say(f"smclassify {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def root(
    context: typer.Context,
    version: Annotated[  # noqa: ARG001 - typer calls its callback
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit."),
    ] = False,
) -> None:
    """Tell sales activities from marketing activities, and show the definition that fits.

    \b
    Examples:
      smclassify classify "cold call" "SEO audit"
      smclassify batch tasks.csv -o labelled.csv
      smclassify define negotiation
    """
    if context.invoked_subcommand is None:
        _note([context.get_help()])
        raise typer.Exit(2)


@app.command()
def classify(
    texts: Annotated[
        list[str] | None, typer.Argument(metavar="TEXT...", help="Activities; - reads lines from a pipe.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="One plain line per text, also on a terminal.")] = False,
    as_json: JsonOption = False,
    model_path: ModelOption = None,
) -> None:
    """Say whether activities are sales, marketing or other, how surely, and by which definition.

    Plain lines hold text, label, confidence, status, activity and definition, with tabs between them.

    \b
    Examples:
      smclassify classify "cold call" "SEO audit"
      cat todo.txt | smclassify classify
      smclassify classify --json "ring back the lady about the corner sofa"
      smclassify classify -- "-50% campaign"
    """
    from smclassify.artifact import load_model
    from smclassify.lines import iter_lines

    given = texts or ["-"]
    if not texts and render.is_terminal(sys.stdin):
        raise UsageError("There is no text to classify.", 'Give one, as in: smclassify classify "cold call".')
    for place, text in enumerate(given, 1):
        if not text.strip():
            raise UsageError(f"Text {place} is blank.", "Give at least one word.")
    model = load_model(model_path)
    for text in given:
        for chunk in iter_lines() if text == "-" else [[text]]:
            _answer(model, chunk, quiet=quiet, as_json=as_json)


def _answer(model: Model, texts: list[str], *, quiet: bool, as_json: bool) -> None:
    for prediction in model.predict(texts):
        if as_json:
            _say(plain.json_prediction(prediction))
        elif quiet or not render.is_terminal(sys.stdout):
            _say(plain.plain_prediction(prediction))
        else:
            render.draw(render.drawn_prediction(prediction, model.labels), sys.stdout)
    sys.stdout.flush()


@app.command()
def batch(
    file: Annotated[str, typer.Argument(metavar="FILE", help="CSV file; - reads from a pipe.")],
    column: Annotated[
        str | None,
        typer.Option("--column", "-c", help="Header or number (from 1) of the column with the activities."),
    ] = None,
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="FILE", help="Where to write; - is standard output.")
    ] = "-",
    columns: Annotated[
        str, typer.Option(help="New columns to add, in this order.")
    ] = "label,confidence,status,activity,definition",
    prefix: Annotated[str, typer.Option(help="Put this before the names of the new columns.")] = "",
    delimiter: Annotated[
        str | None, typer.Option("--delimiter", "-d", help="One character, or comma, semicolon, tab, pipe.")
    ] = None,
    encoding: Annotated[str | None, typer.Option("--encoding", "-e", help="For instance utf-8 or cp1252.")] = None,
    no_header: Annotated[bool, typer.Option("--no-header", help="The first row holds data, not headers.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace the output file if it exists.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No notes and no summary.")] = False,
    model_path: ModelOption = None,
) -> None:
    """Label every row of a CSV file: the same rows, with new columns after their own.

    Rows are never dropped, moved or rewritten; delimiter, encoding and line ends stay as they are. The file
    appears whole or not at all. Exit status 3: done, but a quoted cell never ends.

    \b
    Examples:
      smclassify batch tasks.csv -o labelled.csv
      smclassify batch tasks.csv -c "Task title" --columns label,confidence > labelled.csv
      smclassify batch export.csv -c 3 --prefix sm_ -o labelled.csv
    """
    from smclassify.artifact import load_model
    from smclassify.batch import find_column, label_table, new_headers
    from smclassify.tables import ReadOptions, TableWriter, open_table, open_target

    with open_table(file, ReadOptions(encoding, delimiter, not no_header)) as table:
        place = find_column(table, column)
        chosen = [name.strip() for name in columns.split(",")]
        headers = new_headers(table, chosen, prefix)
        model = load_model(model_path)
        if not quiet:
            _note([plain.plain_source(table, place)])
        with open_target(output, file, force=force) as handle, render.batch_progress(table) as on_chunk:
            writer = TableWriter(table, handle)
            writer.start(headers)
            summary = label_table(writer, place, chosen, model, on_chunk)
    if not quiet:
        _note(plain.plain_summary(summary))
    if summary.unclosed_line is not None:
        raise typer.Exit(EXIT_ROWS_WITH_ERRORS)


@app.command()
def define(
    name: Annotated[str | None, typer.Argument(help="A label or activity, by slug, name or synonym.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Show the written definitions: all of them, or one.

    \b
    Examples:
      smclassify define
      smclassify define sales
      smclassify define "cold call"
    """
    from smclassify.definitions import load_definitions

    catalogue = load_definitions()
    drawn = not as_json and render.is_terminal(sys.stdout)
    if name is None:
        every = [*catalogue.labels.values(), *catalogue.activities.values()]
        if drawn:
            render.draw(render.drawn_definitions(catalogue), sys.stdout)
            return
    else:
        every = [catalogue.find(name)]
        if drawn:
            render.draw(render.drawn_definition(every[0], catalogue), sys.stdout)
            return
    for definition in every:
        _say(plain.as_json(asdict(definition)) if as_json else plain.plain_definition(definition))


@app.command()
def info(as_json: JsonOption = False, model_path: ModelOption = None) -> None:
    """Show the version, the model in use, what it was trained on, and what was measured.

    \b
    Examples:
      smclassify info
      smclassify info --json
    """
    from smclassify import __version__
    from smclassify.artifact import default_model_path, load_model

    path = model_path or default_model_path()
    model = load_model(path)
    size = path.stat().st_size
    if as_json:
        _say(plain.as_json(plain.model_facts(model, str(path), size, __version__)))
    else:
        for line in plain.plain_model(model, str(path), size, __version__):
            _say(line)


@app.command()
def train(
    data: Annotated[
        Path | None, typer.Argument(metavar="DATA", help="CSV of examples; the shipped ones if left out.")
    ] = None,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="Where to write the model.")] = Path(
        "models/smclassify.safetensors"
    ),
    force: Annotated[bool, typer.Option("--force", help="Replace the model file if it exists.")] = False,
    save_pipeline: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also save the scikit-learn pipeline with joblib.")
    ] = None,
) -> None:
    """Train a model on labelled examples (columns text, label, activity, style, origin).

    \b
    Examples:
      smclassify train --force
      smclassify train my_examples.csv -o my_model.safetensors
    """
    from smclassify.artifact import save_model
    from smclassify.definitions import load_definitions
    from smclassify.paths import shipped
    from smclassify.tables import check_target
    from smclassify.training.dataset import check_examples, read_examples
    from smclassify.training.fit import FitConfig
    from smclassify.training.train import parity
    from smclassify.training.train import save_pipeline as save
    from smclassify.training.train import train as run

    source = data or shipped("data/labeled_activities.csv")
    for target in (output, save_pipeline):
        if target is not None:
            check_target(target, str(source), force=force)
    catalogue = load_definitions()
    examples = read_examples(source)
    check_examples(examples, catalogue, source)
    with render.training_progress() as on_step:
        result = run(examples, catalogue, FitConfig(), on_step)
    for line in plain.plain_report(result.report, parity(result, [example.text for example in examples])):
        _say(line)
    save_model(result.model, output)
    _say(f"model written to {output}")
    if save_pipeline is not None:
        save(result.pipeline, save_pipeline)
        _say(f"pipeline written to {save_pipeline}")
