"""Several inputs, each to a file of the same name in one folder."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from glob import glob, has_magic
from pathlib import Path
from typing import TYPE_CHECKING

from smclassify.errors import SmclassifyError, TableError, UsageError
from smclassify.runs import label_file
from smclassify.streams import regular_file
from smclassify.tables.target import check_target
from smclassify.tables.values import STANDARD_STREAM, format_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from contextlib import AbstractContextManager

    from smclassify.batch import BatchSummary
    from smclassify.model import Model
    from smclassify.parallel import Helpers
    from smclassify.runs import RunOptions
    from smclassify.tables.values import Table


@dataclass(frozen=True, slots=True)
class Part:
    """One input and where its rows go: paths, or `-`."""

    source: str
    target: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What a command is to do.

    Attributes:
        parts: The inputs and their outputs.
        folder: Where the outputs lie; None if the command names the one output itself.
    """

    parts: tuple[Part, ...]
    folder: Path | None


@dataclass(frozen=True, slots=True)
class PartReport:
    """What became of a part.

    Attributes:
        part: The part.
        summary: What was done; None if it failed.
        error: Why it failed.
        note: How its input was understood, where nobody was told while it ran.
    """

    part: Part
    summary: BatchSummary | None = None
    error: SmclassifyError | None = None
    note: str = ""


def plan_parts(files: Sequence[str], output: str) -> Plan:
    """Return which inputs a command means and where each one goes.

    A name that no file has and that holds `*`, `?` or `[` stands for the files it fits, in the order of their names.
    The output is a folder if there are several inputs or a pattern, if it ends with a slash, or if it is one.

    Raises:
        TableError: No file fits a pattern, or the folder is a file.
        UsageError: Two outputs would have the same name, or inputs and output do not go together.
    """
    sources = [source for file in files for source in _expanded(file)]
    as_folder = output.endswith(("/", os.sep))
    if len(sources) == 1 and sources == list(files) and not as_folder and not Path(output).is_dir():
        return Plan((Part(sources[0], output),), None)
    if STANDARD_STREAM in sources:
        raise UsageError("Standard input has no file name for its output in a folder.", "Save it as a file first.")
    if output == STANDARD_STREAM:
        raise UsageError(
            "Several inputs need a folder for their outputs.", "Name it with -o, for instance -o labelled/"
        )
    folder = Path(output)
    if folder.is_file():
        raise TableError(f"{output}: this is a file, not a folder.", "Name a folder with -o.")
    if format_of(output) and not as_folder and not folder.is_dir():
        raise UsageError(
            f"{output}: several inputs go into a folder, and this is the name of a file.",
            f"If it shall be a folder, write -o {output}/",
        )
    by_name: dict[str, str] = {}
    for source in sources:
        name = os.path.normcase(Path(source).name)
        if name in by_name:
            message = f"{by_name[name]} and {source} have the same file name, and so would their outputs."
            raise UsageError(message, "Label one of them into another folder.")
        by_name[name] = source
    return Plan(tuple(Part(source, str(folder / Path(source).name)) for source in sources), folder)


def _expanded(file: str) -> list[str]:
    if file == STANDARD_STREAM or not has_magic(file) or os.path.lexists(file):
        return [file]
    found = sorted(path for path in glob(file, recursive=True) if Path(path).is_file())  # noqa: PTH207 - keeps `./`
    if not found:
        raise TableError(f"{file}: no file has such a name.", "Check the pattern; `ls` shows what is there.")
    return found


def parts_to_do(plan: Plan, options: RunOptions) -> tuple[Part, ...]:
    """Return the parts that are left to do, once it is clear that all of them may be written; makes the folder.

    Raises:
        TableError: An output exists already and may not be replaced, or the folder cannot be made.
        UsageError: An output would replace its input.
    """
    parts = plan.parts
    if plan.folder is not None:
        try:
            plan.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise TableError(f"{plan.folder}: cannot make the folder: {error.strerror}.") from error
    skips = plan.folder is not None and options.resume
    for part in parts:
        check_target(part.target, part.source, force=options.force or skips)
    if plan.folder is None:
        return parts
    inputs = {regular_file(part.source) for part in parts}
    outputs = Counter(regular_file(part.target) for part in parts)
    for part in parts:
        output = regular_file(part.target)
        if output is not None and (output in inputs or outputs[output] > 1):
            what = "an input" if output in inputs else "another one"
            raise UsageError(f"{part.target}: the output would replace {what}.", "Name another folder with -o.")
    return tuple(part for part in parts if not Path(part.target).exists()) if skips else parts


def label_parts(  # noqa: PLR0913, PLR0917 - the last has a default
    parts: Iterable[Part],
    options: RunOptions,
    model: Model,
    watch: Callable[[Table, int], AbstractContextManager[Callable[[int], None]]],
    on_report: Callable[[PartReport], None],
    helpers: Helpers | None = None,
) -> list[PartReport]:
    """Label parts one after the other; one that fails does not keep the others from being done.

    Args:
        parts: The parts.
        options: What the user says.
        model: What labels the texts.
        watch: As for `runs.label_file`.
        on_report: Called with the report of each part once it is done.
        helpers: As for `runs.label_file`.

    Returns:
        The reports, in the order of the parts.
    """
    reports = []
    for part in parts:
        report = label_part(part, options, model, watch, helpers)
        on_report(report)
        reports.append(report)
    return reports


def label_part(
    part: Part,
    options: RunOptions,
    model: Model,
    watch: Callable[[Table, int], AbstractContextManager[Callable[[int], None]]],
    helpers: Helpers | None = None,
) -> PartReport:
    """Label one part and return what became of it, also if that is an error of the user's."""
    try:
        return PartReport(part, label_file(part.source, part.target, options, model, watch, helpers=helpers))
    except SmclassifyError as error:
        return PartReport(part, error=error)
