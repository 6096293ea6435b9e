from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from conftest import make_catalogue, make_model
from safetensors.numpy import load_file

from smclassify.artifact import load_catalogue, load_model, save_model
from smclassify.definitions import load_definitions
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


def test_what_is_saved_is_what_is_loaded(saved: Path) -> None:
    model, loaded = make_model(facts={"data": {"rows": 3}}), load_model(saved)
    assert loaded.predict(["call", "rank it"]) == model.predict(["call", "rank it"])
    assert (loaded.labels, loaded.activities) == (model.labels, model.activities)
    assert (loaded.thresholds, loaded.facts) == (model.thresholds, model.facts)


def test_equal_models_are_equal_files(saved: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.safetensors"
    save_model(load_model(saved), again)
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
            load_model(saved)


def test_every_truncation_is_refused(saved: Path) -> None:
    content = saved.read_bytes()
    for size in range(len(content)):
        saved.write_bytes(content[:size])
        with pytest.raises(ArtifactError):
            load_model(saved)


def test_a_damaged_file_is_called_damaged(saved: Path) -> None:
    content = bytearray(saved.read_bytes())
    content[-1] ^= 1
    saved.write_bytes(content)
    with pytest.raises(ArtifactError, match="the model file is damaged") as caught:
        load_model(saved)
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
        load_model(path)


def test_a_safetensors_file_of_others(tmp_path: Path) -> None:
    header = json.dumps({"__metadata__": {"kind": "other", "digest": "0"}}).encode()
    path = tmp_path / "other.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header)
    with pytest.raises(ArtifactError, match="not a model of smclassify"):
        load_model(path)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"none\.safetensors: cannot read the model file: No such file"):
        load_model(tmp_path / "none.safetensors")


def test_a_folder_is_not_a_model(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="cannot read the model file: Is a directory"):
        load_model(tmp_path)


def test_unwritable_target(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="cannot write the model file"):
        save_model(make_model(), tmp_path / "none" / "model.safetensors")


def test_a_future_format_is_named(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("smclassify.artifact.FORMAT", 2)
    with pytest.raises(ArtifactError, match="has format 1") as caught:
        load_model(saved)
    assert "reads format 2" in caught.value.tip


def test_a_model_carries_its_definitions(saved: Path) -> None:
    assert load_model(saved).catalogue == load_catalogue(saved) == make_catalogue() != load_definitions()


def test_a_model_with_the_shipped_definitions_carries_none(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    save_model(make_model(catalogue=load_definitions()), path)
    assert b"definitions" not in path.read_bytes()
    assert load_model(path).catalogue == load_catalogue(path) == load_definitions()


def test_definitions_as_long_as_a_book(tmp_path: Path) -> None:
    catalogue = make_catalogue()
    catalogue.labels["sales"] = replace(catalogue.labels["sales"], text="so on " * 200_000)
    with pytest.raises(ArtifactError, match="the definitions are too long"):
        save_model(make_model(catalogue=catalogue), tmp_path / "model.safetensors")


def write_manifest(path: Path, manifest: str) -> None:
    """Give a model file another manifest, and the digest that goes with it."""
    content = path.read_bytes()
    size = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + size])
    header["__metadata__"] |= {"manifest": manifest, "digest": "0" * 64}
    text = json.dumps(header).encode()
    start, data = len(text).to_bytes(8, "little"), content[8 + size :]
    digest = hashlib.sha256(start + text + data).hexdigest()
    path.write_bytes(start + text.replace(b"0" * 64, digest.encode(), 1) + data)


def manifest_of(path: Path) -> Any:  # noqa: ANN401 - whatever JSON can hold
    content = path.read_bytes()
    return json.loads(json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])["__metadata__"]["manifest"])


def entry(**changes: object) -> dict[str, object]:
    fields = {"slug": "sales", "name": "Sales", "text": "Selling."} | changes
    return {name: value for name, value in fields.items() if value is not None}


DEFINITIONS = [
    pytest.param(None, "there are no labels", id="null"),
    pytest.param([entry()], "there are no labels", id="list"),
    pytest.param({"labels": []}, "there are no labels", id="no labels"),
    pytest.param({"labels": {"slug": "sales"}}, "labels must be entries", id="one label"),
    pytest.param({"labels": [entry(text=None)]}, r"\[\[labels\]\] number 1 \('sales'\) has no text", id="no text"),
    pytest.param({"labels": [entry(text="\x1b[2J")]}, "text has an invisible character", id="terminal escape"),
    pytest.param({"labels": [entry(text="\ud800")]}, "text has an invisible character", id="half a character"),
    pytest.param({"labels": [entry(text="=cmd|' /C calc'!A0")]}, "text starts like a formula", id="formula"),
    pytest.param({"labels": [entry(slug="../x")]}, "slug is made of lowercase letters", id="slug"),
    pytest.param({"labels": [entry(text={"a": 1})]}, "text must be a text", id="table for a text"),
    pytest.param({"labels": [entry()]}, "no definition of the label 'marketing'", id="a label is missing"),
    pytest.param(
        {"labels": [entry(), entry(slug="marketing")]},
        "no definition of the activity 'cold-outreach'",
        id="an activity is missing",
    ),
]


@pytest.mark.parametrize(("definitions", "message"), DEFINITIONS)
def test_a_file_with_a_right_digest_and_wrong_definitions(saved: Path, definitions: object, message: str) -> None:
    write_manifest(saved, json.dumps(manifest_of(saved) | {"definitions": definitions}))
    with pytest.raises(ArtifactError, match=message) as caught:
        load_model(saved)
    assert caught.value.message.startswith(f"{saved}: the model")
    assert "\n" not in caught.value.message


MANIFESTS = [
    pytest.param("", id="blank"),
    pytest.param("[" * 100_000, id="a deep hole"),
    pytest.param("[]", id="a list"),
    pytest.param("{}", id="no format"),
    pytest.param('{"format": 1}', id="nothing but the format"),
]


@pytest.mark.parametrize("manifest", MANIFESTS)
def test_a_file_with_a_right_digest_and_a_wrong_manifest(saved: Path, manifest: str) -> None:
    write_manifest(saved, manifest)
    with pytest.raises(ArtifactError, match="the model file is not well formed"):
        load_model(saved)


def test_a_model_needs_two_labels(saved: Path) -> None:
    manifest = manifest_of(saved)
    for activity in manifest["definitions"]["activities"]:
        activity["label"] = "sales"
    write_manifest(saved, json.dumps(manifest | {"labels": ["sales"]}))
    with pytest.raises(ArtifactError, match="fewer than two labels"):
        load_model(saved)


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
        load_model(path)
