"""`smclassify train`: a model from examples."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from smclassify import plain, plain_training, render
from smclassify.commands.opening import settings_in_use
from smclassify.errors import GateError, UsageError

if TYPE_CHECKING:
    from smclassify.training.plan import Plan
    from smclassify.training.renew import Renewal


def train(
    data: Annotated[
        Path | None, typer.Argument(metavar="DATA", help="Table of examples; else those of the model in use.")
    ] = None,
    corrections: Annotated[
        list[Path] | None,
        typer.Option("--with", metavar="FILE", help="Corrections to learn as well, as `review` writes them."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Write the model there; it is not put to use."),
    ] = None,
    definitions: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="TOML file that defines the labels; the shipped one if left out."),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Use the new model even if it is worse; replace files that exist.")
    ] = False,
    reset: Annotated[bool, typer.Option("--reset", help="Delete your own model; use the shipped one again.")] = False,
    save_pipeline: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also save the scikit-learn pipeline with joblib.")
    ] = None,
) -> None:
    """Train a model on labelled examples or corrections, and use it from then on unless it is worse.

    DATA needs the columns text and label, and may have activity, style and origin; corrections need text and label,
    and may have activity. Without either, the shipped model is made again, for -o FILE.

    \b
    Examples:
      smclassify train --with tasks.corrections.csv
      smclassify train my_examples.csv
      smclassify train my_examples.csv -o my_model.safetensors
      smclassify train tickets.csv --definitions tickets.toml
      smclassify train --reset
    """
    from smclassify.paths import shipped
    from smclassify.tables.target import check_target
    from smclassify.training.fit import FitConfig
    from smclassify.training.install import check_folder
    from smclassify.training.plan import Request, prepare
    from smclassify.training.renew import renew

    sources = [path for path in (data, definitions, *(corrections or ())) if path]
    targets = [path for path in (output, save_pipeline) if path]
    if reset:
        _reset(alone=not (sources or targets))
        return
    if not (data or corrections or output):
        tip = "Name a table of examples, or corrections with --with; -o FILE alone makes the shipped model again."
        raise UsageError("There is nothing to train on.", tip)
    for target, kept in product(targets, (*sources, shipped("data/labeled_activities.csv"))):
        check_target(str(target), str(kept), force=force)
    if output and save_pipeline and output.resolve() == save_pipeline.resolve():
        raise UsageError(f"{output}: model and pipeline cannot be one file.", "Name another with --save-pipeline.")
    other = settings_in_use().model if output is None else None
    if output is None:
        check_folder()
    plan = prepare(Request(data, tuple(corrections or ()), definitions))
    render.note(plain_training.plain_notes(plan.notes))
    with render.training_progress() as on_step:
        renewal = renew(plan, FitConfig(), on_step)
    for line in plain_training.plain_renewal(renewal):
        render.say(line)
    render.note(plain_training.plain_suspects(renewal.suspects, data))
    _deliver(renewal, plan, output, save_pipeline, force=force)
    if other is not None:
        render.note([plain_training.plain_other_model(other)])


def _reset(*, alone: bool) -> None:
    from smclassify.training.install import reset

    if not alone:
        raise UsageError("--reset goes alone.", "Train in a command of its own.")
    render.say(plain_training.plain_reset(had_own=reset()))


def _deliver(renewal: Renewal, plan: Plan, output: Path | None, pipeline: Path | None, *, force: bool) -> None:
    """Write the model where the user wants it, or put it to use if it may be."""
    from smclassify.artifact import save_model
    from smclassify.training.install import install
    from smclassify.training.train import save_pipeline

    if output is not None:
        save_model(renewal.result.model, output)
        render.say(f"model written to {plain.visible(str(output))}")
    elif force or renewal.passed:
        path = install(renewal.result.model, plan.material.examples)
        render.say(f"in use from now on: your own model, {plain.visible(str(path))}")
    else:
        tip = "--force uses the new one all the same; -o FILE writes it elsewhere."
        raise GateError("The new model is worse, so the one in use stays.", tip)
    if pipeline is not None:
        save_pipeline(renewal.result.pipeline, pipeline)
        render.say(f"pipeline written to {plain.visible(str(pipeline))}")
