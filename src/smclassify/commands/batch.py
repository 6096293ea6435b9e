"""`smclassify batch`: a table with answers."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from smclassify import plain, plain_report, render
from smclassify.columns import NEW_COLUMNS
from smclassify.commands.opening import calculate_in_one_thread, collect_garbage_seldom, open_model, settings_in_use
from smclassify.commands.options import (
    EXIT_ROWS_WITH_ERRORS,
    ByOption,
    ColumnOption,
    DateFormatOption,
    DelimiterOption,
    EncodingOption,
    FormatOption,
    GlossaryOption,
    ModelOption,
    NoHeaderOption,
    SheetOption,
    complete_columns,
)
from smclassify.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from smclassify.many import Part, PartReport, Plan
    from smclassify.model import Model
    from smclassify.parallel import Helpers
    from smclassify.report_gather import GroupOptions
    from smclassify.runs import RunOptions, Watch


def batch(
    context: typer.Context,
    files: Annotated[
        list[str], typer.Argument(metavar="FILE...", help="The files, or a quoted pattern; - reads from a pipe.")
    ],
    column: ColumnOption = None,
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="FILE", help="Where to write: a file, a FOLDER/, - for the pipe.")
    ] = "-",
    columns: Annotated[
        str | None,
        typer.Option(
            metavar="NAME,...",
            help=f"New columns to add, in this order: {', '.join(NEW_COLUMNS)}; with a glossary also source.",
            autocompletion=complete_columns,
        ),
    ] = None,
    prefix: Annotated[str, typer.Option(metavar="TEXT", help="Put this before the names of the new columns.")] = "",
    delimiter: DelimiterOption = None,
    encoding: EncodingOption = None,
    file_format: FormatOption = None,
    sheet: SheetOption = None,
    no_header: NoHeaderOption = False,
    jobs: Annotated[
        int,
        typer.Option(
            "--jobs", "-j", metavar="N", min=1, max=256, help="Number of processes that label; of use from 2 MB on."
        ),
    ] = 1,
    engine: Annotated[
        Literal["dask"] | None,
        typer.Option(metavar="dask", help="Label each file as a task of a Dask cluster of --jobs processes."),
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Use the Dask cluster with this scheduler.")
    ] = None,
    report: Annotated[
        str | None, typer.Option(metavar="FILE", help="Also write an HTML page about the rows, as `report` does.")
    ] = None,
    by: ByOption = None,
    date_format: DateFormatOption = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the output file if it exists.")] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where the same command was cut short; from the start if it was not.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No notes and no summary.")] = False,
    model_path: ModelOption = None,
    glossary: GlossaryOption = None,
) -> None:
    """Label every row of a file: the same rows, with new columns after their own.

    Reads CSV and its relatives, JSON Lines, plain lines, Excel and Parquet, by the name of the file or --format; text
    may be packed with gzip. Rows are never dropped, moved or rewritten; delimiter, encoding and line ends stay as they
    are, unless the output's name stands for another format. The file appears whole or not at all. Exit status 3: done,
    but a quoted cell never ends.

    Several files are written into a folder under the names they have. One that fails does not keep the others from
    being done; the exit status is 1 then.

    \b
    Examples:
      smclassify batch tasks.csv -o labelled.csv
      smclassify batch tasks.csv -c "Task title" \\
          --columns label,confidence > labelled.csv
      smclassify batch export.csv -c 3 --prefix sm_ -o out.csv
      smclassify batch tasks.csv -o labelled.csv --resume
      smclassify batch tasks.csv -o labelled.csv \\
          --report report.html --by owner
      smclassify batch board.jsonl -c card.title -o board.xlsx
      tail -f log.txt | smclassify batch - --format lines
      smclassify batch 'in/*.parquet' -o labelled/
      smclassify batch 'in/*.parquet' -o labelled/ \\
          --engine dask --jobs 4
    """
    calculate_in_one_thread()
    collect_garbage_seldom()
    if report is None and (by or date_format):
        raise UsageError("--by and --date-format are about a report.", "Name its file: --report report.html")
    if engine is None and scheduler is not None:
        raise UsageError("--scheduler is the address of a Dask cluster.", "Ask for one: --engine dask")
    from smclassify.parallel import Helpers, n_helpers

    # they start while this process reads the model and imports numpy
    helpers = context.with_resource(Helpers(0 if engine else n_helpers(files, jobs)))
    settings = settings_in_use(model_path, glossary)
    model = open_model(settings)
    helpers.load(model)
    from smclassify.many import label_parts, parts_to_do, plan_parts
    from smclassify.resume import check_resume
    from smclassify.runs import RunOptions
    from smclassify.tables.values import STANDARD_STREAM, ReadOptions

    set_columns = settings.columns.value if settings.columns else None
    options = RunOptions(
        read=ReadOptions(file_format, encoding, delimiter, not no_header, sheet),
        column=column,
        preferred_column=settings.column,
        columns=tuple(name.strip() for name in columns.split(",")) if columns is not None else set_columns,
        prefix=prefix,
        force=force,
        resume=resume,
    )
    plan = plan_parts(files, output)
    if resume and plan.folder is None:
        check_resume(plan.parts[0].source, output, options.read)
    page = None
    if report is not None:
        page = report, _groups(by, date_format)
        _check_report(report, plan, options, engine)
    watch = render.batch_watcher(quiet=quiet, to_stdout=output == STANDARD_STREAM)
    if engine is None and plan.folder is None:
        _label_one(plan.parts[0], options, model, watch, helpers, page, quiet=quiet)
        return
    on_report = _reporter(quiet=quiet)
    if engine == "dask":
        from smclassify.cluster import check_cluster, label_on_cluster

        check_cluster(plan.parts)
        parts = parts_to_do(plan, options)
        reports = label_on_cluster(parts, options, model, scheduler, jobs, on_report, _teller(quiet=quiet))
    else:
        parts = parts_to_do(plan, options)
        with _told_when_stopped():
            reports = label_parts(parts, options, model, watch, on_report, helpers)
    if not quiet:
        render.note(plain.plain_reports(reports, len(plan.parts) - len(parts)))
    if any(report.error for report in reports):
        raise typer.Exit(1)
    if any(report.summary and report.summary.unclosed_line is not None for report in reports):
        raise typer.Exit(EXIT_ROWS_WITH_ERRORS)


@contextmanager
def _told_when_stopped() -> Iterator[None]:
    """Say what is kept of a run that is stopped with Ctrl-C."""
    try:
        yield
    except KeyboardInterrupt as stop:
        render.note(getattr(stop, "__notes__", ()))
        raise


def _label_one(
    part: Part,
    options: RunOptions,
    model: Model,
    watch: Watch,
    helpers: Helpers,
    page: tuple[str, GroupOptions] | None,
    *,
    quiet: bool,
) -> None:
    """Label one file, with a page about it if the name of one is given."""
    from smclassify.runs import label_file

    if page is None:
        with _told_when_stopped():
            summary = label_file(part.source, part.target, options, model, watch, helpers=helpers)
        notes = plain.plain_summary(summary)
    else:
        from smclassify.html_report import write_report
        from smclassify.report_gather import Gatherer

        target, groups = page
        gatherer = Gatherer(model, groups)
        with _told_when_stopped():
            summary = label_file(part.source, part.target, options, model, watch, gatherer.watched, helpers)
        data = gatherer.data()
        write_report(data, model.catalogue, target)
        notes = [*plain.plain_summary(summary), *plain_report.plain_written(data, target)]
    if not quiet:
        render.note(notes)
    if summary.unclosed_line is not None:
        raise typer.Exit(EXIT_ROWS_WITH_ERRORS)


def _groups(by: list[str] | None, date_format: str | None) -> GroupOptions:
    from smclassify.report_gather import GroupOptions

    return GroupOptions(tuple(by or ()), date_format)


def _check_report(target: str, plan: Plan, options: RunOptions, engine: str | None) -> None:
    """Raise unless a report can be made and may be written."""
    from smclassify.html_report import check_jinja
    from smclassify.tables.target import check_target

    if plan.folder is not None or engine is not None or options.resume:
        message = "--report is for one file, without --engine and --resume."
        raise UsageError(message, "Make it from the labelled file: smclassify report labelled.csv -o report.html")
    check_jinja()
    [part] = plan.parts
    check_target(part.target, part.source, force=True)
    check_target(target, part.source, force=options.force)
    if Path(target).resolve() == Path(part.target).resolve():
        raise UsageError(f"{target}: the labelled rows and the report need a file each.", "Name two.")


def _teller(*, quiet: bool) -> Callable[[str], None]:
    """Return what tells a line to whoever wants to hear it."""
    return lambda line: None if quiet else render.note([line])


def _reporter(*, quiet: bool) -> Callable[[PartReport], None]:
    """Return what tells of each part once it is done; the same sentence is said once."""
    said: set[str] = set()

    def on_report(report: PartReport) -> None:
        if report.note and not quiet:
            render.note([report.note])
        if report.error is not None and (line := plain.plain_error(report.error)) not in said:
            said.add(line)
            render.note([line])

    return on_report
