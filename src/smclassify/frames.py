"""Labelling data frames of pandas or polars; neither is imported unless a frame of it is given."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from smclassify.artifact import load_model
from smclassify.batch import NEW_COLUMNS, new_columns
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
    columns: Sequence[str] = NEW_COLUMNS,
    prefix: str = "",
) -> Frame:
    """Return a new frame: the rows and columns of this one, with the answers after them.

    A null is an empty text, and a value that is no text is labelled as Python writes it. The new columns are texts,
    the confidence is a 64-bit float; they are null where there is no answer. May be called from several threads.

    Args:
        frame: A DataFrame of pandas or polars, which stays as it is.
        column: Name of the column with the texts.
        model: What labels the texts; the shipped model if None.
        columns: Which new columns to add, in this order.
        prefix: What to put before their names.

    Raises:
        UsageError: A column is missing, unknown, or there already.
        TypeError: It is not a DataFrame of pandas or polars.
    """
    library = _library(frame)
    names = _check_names(list(frame.columns), column, columns, prefix)  # type: ignore[attr-defined]
    texts = _pandas_texts(frame, column) if library == "pandas" else _polars_texts(frame, column)
    model = model or _shipped_model()
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


def _check_names(own: list[Hashable], column: Hashable, columns: Sequence[str], prefix: str) -> list[str]:
    """Return the names of the new columns, if they and the column of texts are clear."""
    if own.count(column) != 1:
        found = "there is no column" if column not in own else f"{own.count(column)} columns are called"
        raise UsageError(f"The frame: {found} {column!r}.", f"The columns are: {', '.join(map(repr, own))}.")
    for new in columns:
        if new not in NEW_COLUMNS:
            raise UsageError(f"There is no new column {new!r}.", f"Choose from {', '.join(NEW_COLUMNS)}.")
    names = [prefix + new for new in columns]
    for place, name in enumerate(names):
        if name in own:
            tip = "Put something before the new names, for instance prefix='sm_'."
            raise UsageError(f"The frame has a column {name!r} already.", tip)
        if name in names[:place]:
            raise UsageError(f"The new column {columns[place]!r} is asked for twice.", "Name it once.")
    return names


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
