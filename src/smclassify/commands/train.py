"""`smclassify train`: a model from examples."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Annotated

import typer

from smclassify import plain, render


def train(
    data: Annotated[
        Path | None, typer.Argument(metavar="DATA", help="Table of examples; the shipped ones if left out.")
    ] = None,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="Where to write the model.")] = Path(
        "models/smclassify.safetensors"
    ),
    definitions: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="TOML file that defines the labels; the shipped one if left out."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the model file if it exists.")] = False,
    save_pipeline: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also save the scikit-learn pipeline with joblib.")
    ] = None,
) -> None:
    """Train a model on labelled examples: columns text and label, and perhaps activity, style and origin.

    \b
    Examples:
      smclassify train --force
      smclassify train my_examples.csv -o my_model.safetensors
      smclassify train tickets.csv --definitions tickets.toml -o tickets.safetensors
    """
    from smclassify.artifact import save_model
    from smclassify.definitions import load_definitions
    from smclassify.paths import shipped
    from smclassify.tables.target import check_target
    from smclassify.training.dataset import check_examples, read_examples, read_texts
    from smclassify.training.fit import FitConfig
    from smclassify.training.teacher import load_soft_labels
    from smclassify.training.train import Material
    from smclassify.training.train import save_pipeline as save
    from smclassify.training.train import train as run
    from smclassify.training.vectors import load_vectors

    source = data or shipped("data/labeled_activities.csv")
    for target, kept in product((output, save_pipeline), (source, definitions)):
        if target is not None and kept is not None:
            check_target(str(target), str(kept), force=force)
    catalogue = load_definitions(definitions)
    examples = read_examples(source)
    check_examples(examples, catalogue, source)
    ambiguous = read_texts(shipped("data/ambiguous_activities.csv")) if data is None else []
    with render.training_progress() as on_step:
        vectors = load_vectors(shipped("data/word_vectors.npz"))
        teacher = load_soft_labels(shipped("data/soft_labels.npz")) if data is None else None
        result = run(Material(examples, catalogue, vectors, ambiguous, teacher), FitConfig(), on_step)
    for line in plain.plain_report(result.report):
        render.say(line)
    save_model(result.model, output)
    render.say(f"model written to {output}")
    if save_pipeline is not None:
        save(result.pipeline, save_pipeline)
        render.say(f"pipeline written to {save_pipeline}")
