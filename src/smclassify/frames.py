"""Labelling data frames of pandas or polars; neither is imported unless a frame of it is given."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from smclassify.artifact import load_model
from smclassify.batch import new_columns
from smclassify.columns import default_columns, new_names
from smclassify.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from smclassify.model import Model

    Columns = dict[str, list[str | float | None]]

Frame = TypeVar("Frame")

_NUMBERS = {"confidence"}


def label_frame(
    frame: Frame,
    column: Hashable,
    model: Model | None = None,
    columns: Sequence[str] | None = None,
    prefix: str = "",
) -> Frame:
    """Return a new frame: the rows and columns of this one, with the answers after them.

    A null is an empty text, and a value that is no text is labelled as Python writes it. The new columns are texts,
    the confidence is a 64-bit float; they are null where there is no answer. May be called from several threads.

    Args:
        frame: A DataFrame of pandas or polars, which stays as it is.
        column: Name of the column with the texts.
        model: What labels the texts; that of `load_model()` if None.
        columns: Which new columns to add, in this order; if None, `label`, `confidence`, `status`, `activity` and
            `definition`, with a glossary also `source`.
        prefix: What to put before their names.

    Raises:
        UsageError: A column is missing, unknown, asked for twice, or there already.
        TypeError: It is not a DataFrame of pandas or polars.
    """
    library = _library(frame)
    model = model or _shipped_model()
    columns = default_columns(model) if columns is None else columns
    own = list(frame.columns)  # type: ignore[attr-defined]
    _check_column(own, column)
    names = new_names(columns, prefix, own, "The frame", "prefix='sm_'.")
    texts = _pandas_texts(frame, column) if library == "pandas" else _polars_texts(frame, column)
    cells = new_columns(model.predict_table(texts), columns, model)
    filled: Columns = {
        name: [cell if cell != "" else None for cell in new] for name, new in zip(names, cells, strict=True)
    }
    numbers = {name for name, new in zip(names, columns, strict=True) if new in _NUMBERS}
    add = _pandas_with if library == "pandas" else _polars_with
    labelled: Frame = add(frame, filled, numbers)
    return labelled


@cache
def _shipped_model() -> Model:
    return load_model()


def _library(frame: object) -> str:
    for kind in type(frame).__mro__:
        library = kind.__module__.partition(".")[0]
        if kind.__name__ == "DataFrame" and library in {"pandas", "polars"}:
            return library
    name = f"{type(frame).__module__}.{type(frame).__qualname__}"
    tip = "Call .collect() first." if name.endswith(".LazyFrame") else "For a list of texts, use Model.predict."
    raise TypeError(f"label_frame takes a DataFrame of pandas or polars, not {name}. {tip}")


def _check_column(own: list[Hashable], column: Hashable) -> None:
    """Raise unless it is clear which column holds the texts."""
    if own.count(column) != 1:
        found = "there is no column" if column not in own else f"{own.count(column)} columns are called"
        raise UsageError(f"The frame: {found} {column!r}.", f"The columns are: {', '.join(map(repr, own))}.")


def _pandas_texts(frame: Any, column: Hashable) -> list[str]:  # noqa: ANN401 - a library that may be missing
    cells = frame[column]
    return ["" if null else str(cell) for cell, null in zip(cells.tolist(), cells.isna().tolist(), strict=True)]


def _polars_texts(frame: Any, column: Hashable) -> list[str]:  # noqa: ANN401 - likewise
    return ["" if cell is None else str(cell) for cell in frame[column].to_list()]


def _pandas_with(frame: Any, new: Columns, numbers: set[str]) -> Any:  # noqa: ANN401 - likewise
    import pandas as pd  # noqa: PLC0415 - the frame is one of pandas

    cells = {name: pd.array(column, dtype="float64" if name in numbers else "string") for name, column in new.items()}
    return frame.assign(**cells)


def _polars_with(frame: Any, new: Columns, numbers: set[str]) -> Any:  # noqa: ANN401 - likewise
    import polars as pl  # noqa: PLC0415 - the frame is one of polars

    return frame.with_columns(
        pl.Series(name, column, dtype=pl.Float64 if name in numbers else pl.String) for name, column in new.items()
    )
