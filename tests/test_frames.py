from __future__ import annotations

import doctest
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from conftest import ROOT
from hypothesis import given
from hypothesis import strategies as st

from smclassify import label_frame, load_model
from smclassify.columns import NEW_COLUMNS
from smclassify.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from smclassify.model import Model

    MakeFrame = Callable[[dict[str, list[Any]]], Any]

LIBRARIES = [pytest.param(pd.DataFrame, id="pandas"), pytest.param(pl.DataFrame, id="polars")]
CELLS: dict[str, list[Any]] = {"id": ["007", "008", "009", "010"], "task": ["call", "rank", None, "  "]}
ANSWERS: dict[str, list[Any]] = {
    "label": ["sales", "marketing", None, None],
    "confidence": [0.7881, 0.5761, None, None],
    "status": ["ok", "ok", "empty", "empty"],
    "activity": ["cold-outreach", "seo", None, None],
    "definition": ["First contact.", "Being found.", None, None],
}


def cells(frame: Any) -> dict[str, list[Any]]:  # noqa: ANN401 - of either library
    """Return the columns of a frame as lists, with None for null."""
    if isinstance(frame, pl.DataFrame):
        return frame.to_dict(as_series=False)
    return {str(name): [None if pd.isna(cell) else cell for cell in frame[name].tolist()] for name in frame.columns}


@pytest.mark.parametrize("make", LIBRARIES)
def test_a_frame_gets_the_answers_after_its_own_columns(make: MakeFrame, model: Model) -> None:
    frame = make(CELLS)
    labelled = label_frame(frame, "task", model)
    assert type(labelled) is type(frame)
    assert cells(labelled) == CELLS | ANSWERS
    assert list(labelled.columns) == [*CELLS, *NEW_COLUMNS]
    assert cells(frame) == CELLS


@pytest.mark.parametrize("make", LIBRARIES)
def test_columns_and_prefix(make: MakeFrame, model: Model) -> None:
    labelled = label_frame(make({"label": ["call"]}), "label", model, ["confidence", "label"], "sm_")
    assert cells(labelled) == {"label": ["call"], "sm_confidence": [0.7881], "sm_label": ["sales"]}


def test_types_of_pandas(model: Model) -> None:
    labelled = label_frame(pd.DataFrame(CELLS), "task", model)
    assert [str(labelled[name].dtype) for name in NEW_COLUMNS] == ["string", "float64", *["string"] * 3]
    assert labelled["label"].isna().tolist() == [False, False, True, True]


def test_types_of_polars(model: Model) -> None:
    labelled = label_frame(pl.DataFrame(CELLS), "task", model)
    assert labelled.dtypes[2:] == [pl.String, pl.Float64, *[pl.String] * 3]
    assert labelled["label"].null_count() == 2


@pytest.mark.parametrize("make", LIBRARIES)
@pytest.mark.parametrize("texts", [[], [None], ["", ""]], ids=["no rows", "nulls", "blanks"])
def test_types_do_not_depend_on_the_rows(make: MakeFrame, texts: list[str | None], model: Model) -> None:
    frame = make({"task": texts})
    labelled, usual = label_frame(frame, "task", model), label_frame(make(CELLS), "task", model)
    assert [str(labelled[name].dtype) for name in NEW_COLUMNS] == [str(usual[name].dtype) for name in NEW_COLUMNS]
    assert cells(labelled)["label"] == [None] * len(texts)


@pytest.mark.parametrize(
    "index",
    [
        pytest.param(pd.Index(["x", "y", "z", "u"], name="key"), id="named"),
        pytest.param(pd.Index([5, 5, 3, 5]), id="repeated"),
        pytest.param(pd.MultiIndex.from_tuples([(1, "a"), (1, "b"), (2, "a"), (2, "b")]), id="two levels"),
    ],
)
def test_the_index_is_kept(index: pd.Index, model: Model) -> None:
    frame = pd.DataFrame(CELLS, index=index)
    labelled = label_frame(frame, "task", model)
    pd.testing.assert_index_equal(labelled.index, index)
    assert cells(labelled) == CELLS | ANSWERS


def test_the_new_frame_of_pandas_is_its_own(model: Model) -> None:
    frame = pd.DataFrame(CELLS)
    labelled = label_frame(frame, "task", model)
    labelled.loc[0, "task"] = "rank"
    assert frame.loc[0, "task"] == "call"


def test_a_kind_of_pandas_frame_stays_one(model: Model) -> None:
    class Special(pd.DataFrame):  # type: ignore[misc]
        @property
        def _constructor(self) -> type[Special]:
            return Special

    assert type(label_frame(Special(CELLS), "task", model)) is Special


@pytest.mark.parametrize(
    ("values", "text"),
    [
        pytest.param([5], "5", id="int"),
        pytest.param([2.5], "2.5", id="float"),
        pytest.param([True], "True", id="bool"),
        pytest.param(pd.Series(["call"], dtype="category"), "call", id="category"),
        pytest.param(pd.Series(["call"], dtype="string"), "call", id="string"),
        pytest.param(pd.Series([pd.NA], dtype="string"), "", id="NA"),
        pytest.param([float("nan")], "", id="NaN"),
        pytest.param([pd.NaT], "", id="NaT"),
        pytest.param([["a", "b"]], "['a', 'b']", id="list"),
    ],
)
def test_values_of_pandas_as_texts(values: Any, text: str, model: Model) -> None:  # noqa: ANN401 - any column
    assert texts_labelled(pd.DataFrame({"task": values}), model) == [text]


@pytest.mark.parametrize(
    ("values", "text"),
    [
        pytest.param([5], "5", id="int"),
        pytest.param([True], "True", id="bool"),
        pytest.param(pl.Series(["call"], dtype=pl.Categorical), "call", id="category"),
        pytest.param(pl.Series([None], dtype=pl.Int64), "", id="null"),
        pytest.param([["a", "b"]], "['a', 'b']", id="list"),
    ],
)
def test_values_of_polars_as_texts(values: Any, text: str, model: Model) -> None:  # noqa: ANN401 - any column
    assert texts_labelled(pl.DataFrame({"task": values}), model) == [text]


def texts_labelled(frame: Any, model: Model) -> list[str]:  # noqa: ANN401 - of either library
    """Return the texts that a model is asked about."""
    asked: list[str] = []

    class Listening:
        labels, activities, catalogue, glossary = model.labels, model.activities, model.catalogue, None

        def predict_table(self, texts: list[str]) -> Any:  # noqa: ANN401 - passed on
            asked.extend(texts)
            return model.predict_table(texts)

    label_frame(frame, "task", Listening())  # type: ignore[arg-type]
    return asked


WRONG_NAMES: list[Any] = [
    pytest.param("Task", {}, r"The frame: there is no column 'Task'\.", id="unknown column"),
    pytest.param("task", {"columns": ["labels"]}, r"There is no new column 'labels'\.", id="unknown new column"),
    pytest.param("task", {"columns": ["label", "label"]}, r"The new column 'label' is asked for twice\.", id="twice"),
    pytest.param("task", {"prefix": "\udcff"}, r"The prefix '\\udcff' is not UTF-8\.", id="a prefix of bytes"),
    pytest.param("task", {"prefix": "my_"}, r"The frame has a column 'my_label' already\.", id="clash"),
]


@pytest.mark.parametrize("make", LIBRARIES)
@pytest.mark.parametrize(("column", "options", "message"), WRONG_NAMES)
def test_wrong_names(make: MakeFrame, column: str, options: dict[str, Any], message: str, model: Model) -> None:
    with pytest.raises(UsageError, match=f"^{message}$"):
        label_frame(make({"task": ["call"], "my_label": ["x"]}), column, model, **options)


def test_the_tips_of_wrong_names(model: Model) -> None:
    frame = pl.DataFrame({"task": ["call"], "label": ["x"]})
    with pytest.raises(UsageError) as unknown:
        label_frame(frame, "text", model)
    assert unknown.value.tip == "The columns are: 'task', 'label'."
    with pytest.raises(UsageError) as clash:
        label_frame(frame, "task", model)
    assert clash.value.tip == "Put something before the new names, for instance prefix='sm_'."


def test_two_columns_of_one_name(model: Model) -> None:
    frame = pd.DataFrame([["call", "rank"]], columns=["task", "task"])
    with pytest.raises(UsageError, match=r"^The frame: 2 columns are called 'task'\.$"):
        label_frame(frame, "task", model)


def test_a_column_whose_name_is_a_number(model: Model) -> None:
    labelled = label_frame(pd.DataFrame([["call"]]), 0, model, ["label"])
    assert cells(labelled) == {"0": ["call"], "label": ["sales"]}


class DataFrame:
    """Has the right name, and is of another library."""


@pytest.mark.parametrize(
    ("other", "message"),
    [
        pytest.param(["call"], r"not builtins\.list\. For a list of texts, use Model\.predict\.", id="list"),
        pytest.param(pd.Series(["call"]), r"not pandas\..*Series\. For a list", id="series"),
        pytest.param(pl.LazyFrame({"task": ["call"]}), r"LazyFrame\. Call \.collect\(\) first\.", id="lazy frame"),
        pytest.param(DataFrame(), r"not test_frames\.DataFrame\. For a list", id="other library"),
    ],
)
def test_what_is_no_frame(other: object, message: str, model: Model) -> None:
    with pytest.raises(TypeError, match=rf"^label_frame takes a DataFrame of pandas or polars, .*{message}"):
        label_frame(other, "task", model)


@given(texts=st.lists(st.none() | st.text(), max_size=8))
def test_both_libraries_say_what_the_model_says(texts: list[str | None]) -> None:
    model = load_model()
    expected = [model.predict([text or ""])[0].label for text in texts]
    for frame in (pd.DataFrame({"task": pd.array(texts, dtype=object)}), pl.DataFrame({"task": texts})):
        assert cells(label_frame(frame, "task", model))["label"] == expected


def test_without_a_model_the_shipped_one_answers() -> None:
    labelled = label_frame(pl.DataFrame({"task": ["cold call", "SEO audit"]}), "task")
    assert labelled["label"].to_list() == ["sales", "marketing"]


def test_threads_may_share_a_model() -> None:
    model = load_model()
    words = ["cold call", "SEO audit", "payroll run", "email campaign", "contract negotiation", None]
    rng = np.random.default_rng(7)
    frames = [pl.DataFrame({"task": [words[n] for n in rng.integers(0, 6, 400)]}) for _ in range(16)]
    expected = [label_frame(frame, "task", load_model()) for frame in frames]
    with ThreadPoolExecutor(8) as pool:
        for labelled, alone in zip(pool.map(lambda f: label_frame(f, "task", model), frames), expected, strict=True):
            assert labelled.equals(alone)


@pytest.mark.parametrize(("given_library", "other"), [("pandas", "polars"), ("polars", "pandas")])
def test_only_the_library_of_the_frame_is_imported(given_library: str, other: str) -> None:
    code = f"""
import sys
from smclassify import label_frame
assert not {{"pandas", "polars"}} & set(sys.modules)
import {given_library}
label_frame({given_library}.DataFrame({{"task": ["cold call"]}}), "task")
assert {other!r} not in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_examples_of_the_python_interface_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "team.csv").write_text("phrase,label\nQBR,sales\n")
    monkeypatch.chdir(tmp_path)
    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    results = doctest.testfile(str(ROOT / "docs" / "api.md"), module_relative=False, encoding="utf-8")
    assert results.attempted == page.count("\n>>> ") >= 10
    assert results.failed == 0
