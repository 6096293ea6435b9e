from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from conftest import make_model

from smclassify.artifact import load_model
from smclassify.examples import digest_of, examples_of

if TYPE_CHECKING:
    from pathlib import Path

    from smclassify.model import Model

ROWS = [("cold call", "sales", "cold-outreach"), ("a\nb, c", "marketing", "seo")]
CSV = 'origin,label,text,activity\nx,sales,cold call,cold-outreach\nx,marketing,"a\nb, c",seo\n'


def model_of(path: Path, digest: str = digest_of(ROWS)) -> Model:
    return make_model(path=path, facts={"data": {"sha256": digest}})


def test_the_shipped_model_learnt_from_the_shipped_examples() -> None:
    model = load_model()
    rows, why_none = examples_of(model)
    assert (len(rows), why_none) == (model.facts["data"]["rows"], "")
    assert ("cold call", "sales", "cold-outreach") in rows


def test_a_model_elsewhere_may_have_learnt_from_the_shipped_examples(tmp_path: Path) -> None:
    assert len(examples_of(model_of(tmp_path / "m", load_model().facts["data"]["sha256"])).rows) > 10_000


@pytest.mark.parametrize("content", [CSV, "\ufeff" + CSV.replace("\n", "\r\n").replace("a\r\n", "a\n")])
def test_examples_beside_the_model(tmp_path: Path, content: str) -> None:
    (tmp_path / "examples.csv").write_bytes(content.encode())
    assert examples_of(model_of(tmp_path / "m")) == (ROWS, "")


def test_examples_may_have_no_activity_and_blank_lines(tmp_path: Path) -> None:
    (tmp_path / "examples.csv").write_text("Label , TEXT\n\nsales ,a\n")
    rows = [("a", "sales", "")]
    assert examples_of(model_of(tmp_path / "m", digest_of(rows))) == (rows, "")


OTHERS = [
    pytest.param(CSV + "x,sales,another,closing\n", id="one more"),
    pytest.param(CSV.replace("cold-outreach", "closing"), id="another activity"),
    pytest.param("", id="empty"),
    pytest.param("text,activity\na,b\n", id="a column missing"),
    pytest.param("text,label,activity\na,b\n", id="a cell missing"),
    pytest.param('text,label,activity\n"a', id="an open quote"),
    pytest.param("text,label,activity\n\udcff,b,c\n", id="not UTF-8"),
]


@pytest.mark.parametrize("content", OTHERS)
def test_other_examples_beside_the_model_are_not_used(tmp_path: Path, content: str) -> None:
    path = tmp_path / "examples.csv"
    path.write_bytes(content.encode("utf-8", "surrogateescape"))
    assert examples_of(model_of(tmp_path / "m")) == (
        (),
        f"{path} holds other examples than those that the model learnt from.",
    )


@pytest.mark.parametrize("path", ["m", None])
def test_no_examples_beside_the_model(tmp_path: Path, path: str | None) -> None:
    model = make_model(path=path and tmp_path / path, facts={"data": {"sha256": digest_of(ROWS)}})
    assert examples_of(model) == (
        (),
        "The examples that the model learnt from are not beside it, in a file examples.csv.",
    )


def test_a_model_without_facts(model: Model) -> None:
    assert examples_of(model) == ((), "The model does not say which examples it learnt from.")
