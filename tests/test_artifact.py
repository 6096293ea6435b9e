from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from conftest import make_catalogue, make_model
from safetensors.numpy import load_file

from smclassify.artifact import load_model, save_model
from smclassify.errors import ArtifactError
from smclassify.model import Temperatures, Thresholds

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "model.safetensors"
    save_model(make_model(facts={"data": {"rows": 3}}), path)
    return path


def load(path: Path) -> object:
    return load_model(path, make_catalogue())


def test_what_is_saved_is_what_is_loaded(saved: Path) -> None:
    model, loaded = make_model(facts={"data": {"rows": 3}}), load_model(saved, make_catalogue())
    assert loaded.predict(["call", "rank it"]) == model.predict(["call", "rank it"])
    assert (loaded.labels, loaded.activities) == (model.labels, model.activities)
    assert (loaded.thresholds, loaded.facts) == (model.thresholds, model.facts)


def test_equal_models_are_equal_files(saved: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.safetensors"
    save_model(load_model(saved, make_catalogue()), again)
    assert again.read_bytes() == saved.read_bytes()


def test_other_tools_can_read_the_file(saved: Path) -> None:
    arrays = load_file(saved)
    assert {name: (array.dtype, array.shape) for name, array in arrays.items()} == {
        "term_factors": (np.dtype("float64"), (3,)),
        "vector_factors": (np.dtype("float64"), (3,)),
        "hidden_bias": (np.dtype("float64"), (3,)),
        "output": (np.dtype("float64"), (3, 3)),
        "output_bias": (np.dtype("float64"), (3,)),
        "terms": (np.dtype("uint32"), (5,)),
        "vocabulary": (np.dtype("uint32"), (2,)),
        "term_rows": (np.dtype("int8"), (5, 3)),
        "vector_rows": (np.dtype("int8"), (2, 3)),
    }
    assert list(arrays["term_factors"]) == [0.25] * 3


def test_every_flipped_byte_is_refused(saved: Path) -> None:
    content = saved.read_bytes()
    for place in range(len(content)):
        damaged = bytearray(content)
        damaged[place] ^= 0x20
        saved.write_bytes(damaged)
        with pytest.raises(ArtifactError):
            load(saved)


def test_every_truncation_is_refused(saved: Path) -> None:
    content = saved.read_bytes()
    for size in range(len(content)):
        saved.write_bytes(content[:size])
        with pytest.raises(ArtifactError):
            load(saved)


def test_a_damaged_file_is_called_damaged(saved: Path) -> None:
    content = bytearray(saved.read_bytes())
    content[-1] ^= 1
    saved.write_bytes(content)
    with pytest.raises(ArtifactError, match="the model file is damaged") as caught:
        load(saved)
    assert "smclassify train" in caught.value.tip


FOREIGN = [
    pytest.param(b"", "not a model file", id="empty"),
    pytest.param(b"text,label\ncold call,sales\n", "not a model file", id="CSV"),
    pytest.param(b"\x80\x04\x95pickle", "not a model file", id="pickle"),
    pytest.param(b"\x02\0\0\0\0\0\0\0{}", "not a model file", id="safetensors without metadata"),
    pytest.param(b"\x04\0\0\0\0\0\0\0[{}]", "not a model file", id="another JSON"),
]


@pytest.mark.parametrize(("content", "message"), FOREIGN)
def test_foreign_files(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "foreign"
    path.write_bytes(content)
    with pytest.raises(ArtifactError, match=message):
        load(path)


def test_a_safetensors_file_of_others(tmp_path: Path) -> None:
    header = json.dumps({"__metadata__": {"kind": "other", "digest": "0"}}).encode()
    path = tmp_path / "other.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header)
    with pytest.raises(ArtifactError, match="not a model of smclassify"):
        load(path)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"none\.safetensors: cannot read the model file: No such file"):
        load(tmp_path / "none.safetensors")


def test_a_folder_is_not_a_model(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="cannot read the model file: Is a directory"):
        load(tmp_path)


def test_unwritable_target(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="cannot write the model file"):
        save_model(make_model(), tmp_path / "none" / "model.safetensors")


def test_a_future_format_is_named(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("smclassify.artifact.FORMAT", 2)
    with pytest.raises(ArtifactError, match="has format 1") as caught:
        load(saved)
    assert "reads format 2" in caught.value.tip


def change(name: str, value: Any) -> Callable[[Any], None]:  # noqa: ANN401 - any field
    return lambda model: object.__setattr__(model, name, value)


def change_weights(name: str, values: Any) -> Callable[[Any], None]:  # noqa: ANN401 - any array
    return lambda model: object.__setattr__(model.weights, name, np.array(values).data)


INCONSISTENT = [
    pytest.param(change("labels", ("sales", "support")), "no definition of the label 'support'", id="label"),
    pytest.param(
        change("activities", ("cold-outreach", "closing", "x")), "no definition of the activity 'x'", id="activity"
    ),
    pytest.param(
        change("activities", ("cold-outreach", "seo", "closing")), "do not stand together by label", id="order"
    ),
    pytest.param(change("activities", ("closing", "seo")), "the arrays do not fit together", id="too few names"),
    pytest.param(change("thresholds", Thresholds(float("nan"), 0.0, 0.0)), "not finite", id="threshold"),
    pytest.param(change_weights("term_factors", [0.5, float("inf"), 1.0]), "not finite", id="factor"),
    pytest.param(change("temperatures", Temperatures(0.0, 1.0)), "not above 0", id="temperature"),
    pytest.param(
        change_weights("terms", np.array([5, 4, 3, 2, 1], "uint32")), "the terms are not in order", id="terms"
    ),
    pytest.param(change_weights("vocabulary", np.array([2, 2], "uint32")), "not in order", id="vocabulary"),
]


@pytest.mark.parametrize(("damage", "message"), INCONSISTENT)
def test_a_file_with_a_right_digest_and_wrong_content(
    tmp_path: Path, damage: Callable[[Any], None], message: str
) -> None:
    model = make_model()
    damage(model)
    path = tmp_path / "model.safetensors"
    save_model(model, path)
    with pytest.raises(ArtifactError, match=message):
        load(path)
