"""Predictions of the chunks of a table, in their order, made by one process or by several."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from smclassify.artifact import load_model
from smclassify.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from smclassify.glossary import Glossary
    from smclassify.model import Model, Thresholds
    from smclassify.predictions import PredictionTable
    from smclassify.tables.values import Chunk


def predict_chunks(chunks: Iterable[Chunk], model: Model, jobs: int = 1) -> Iterator[tuple[Chunk, PredictionTable]]:
    """Yield chunks with the predictions of their texts.

    Args:
        chunks: The chunks; a few more than are being worked on are read ahead.
        model: What predicts; with more than one process, each reads its file anew.
        jobs: Number of processes that predict; with 1 it is this one.

    Raises:
        UsageError: There is more than one process, and the model does not come from a file.
    """
    if jobs == 1:
        yield from ((chunk, model.predict_table(chunk.texts)) for chunk in chunks)
        return
    if model.path is None:
        raise UsageError("Several processes need a model that was read from a file.", "Save it first, or use one.")
    from joblib import Parallel, delayed  # noqa: PLC0415 - takes longer to import than a small file to label

    waiting: deque[Chunk] = deque()

    def tasks() -> Iterator[object]:
        for chunk in chunks:
            waiting.append(chunk)
            yield delayed(_predict)(model.path, model.thresholds, model.glossary, chunk.texts)

    for predictions in Parallel(n_jobs=jobs, return_as="generator", pre_dispatch="3*n_jobs")(tasks()):
        yield waiting.popleft(), predictions


@lru_cache(maxsize=1)
def _model_of(path: Path, thresholds: Thresholds, glossary: Glossary | None) -> Model:
    return replace(load_model(path), thresholds=thresholds, glossary=glossary)


def _predict(path: Path, thresholds: Thresholds, glossary: Glossary | None, texts: list[str]) -> PredictionTable:
    return _model_of(path, thresholds, glossary).predict_table(texts)
