"""A model as one file of data, never code.

The file follows the safetensors layout (eight bytes with the length of a JSON header, the header, the arrays), so
that other tools can open it. The header carries a JSON manifest and a SHA-256 digest of the whole file, taken with
the digest's own digits set to zero. Nothing in it depends on the clock: equal models are equal files.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from contextlib import contextmanager
from dataclasses import asdict
from itertools import chain, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from smclassify.atomic import whole_file
from smclassify.definitions import Catalogue, definitions_content, load_definitions, parse_definitions
from smclassify.errors import ArtifactError, DefinitionError, UsageError
from smclassify.model import Model, Temperatures, Thresholds
from smclassify.paths import own_examples, own_model, read_whole, shipped
from smclassify.weights import Weights

if TYPE_CHECKING:
    from collections.abc import Iterator

FORMAT = 1
_KIND = "smclassify-model"
_NO_DIGEST = "0" * 64
_LONGEST_HEADER = 1 << 20
_LARGEST_NUMBER = 1e30
_SIZES = {"F64": 8, "U32": 4, "I8": 1}
_CODES: dict[str, Literal["d", "I", "b"]] = {"F64": "d", "U32": "I", "I8": "b"}
_ARRAYS = {  # by size of the items, so that each array starts at a multiple of it
    "term_factors": "F64",
    "vector_factors": "F64",
    "hidden_bias": "F64",
    "output": "F64",
    "output_bias": "F64",
    "terms": "U32",
    "vocabulary": "U32",
    "term_rows": "I8",
    "vector_rows": "I8",
}
_HELP = "Train a model with `smclassify train`, or install smclassify again to get the shipped one."
_OWN_HELP = "It is your own model; `smclassify train --reset` deletes it and goes back to the shipped one."


def default_model_path() -> Path:
    """Return the path of the model that is used when none is named: the user's own, else the shipped one."""
    return own_model() if has_own_model() else shipped("models/smclassify.safetensors")


def default_examples_path() -> Path:
    """Return the path of the examples that the model at `default_model_path` was trained on."""
    return own_examples() if has_own_model() else shipped("data/labeled_activities.csv")


def has_own_model() -> bool:
    """Return whether the user has a model of their own, be it a damaged one."""
    return os.path.lexists(own_model())


def named_model_path(name: str) -> Path | None:
    """Return the path of a model as a user names it: `shipped`, or a path; None for `default`, the one in use."""
    match name:
        case "shipped":
            return shipped("models/smclassify.safetensors")
        case "default":
            return None
    return Path(name)


def save_model(model: Model, path: Path) -> None:
    """Write a model file; it appears whole or not at all. It carries its definitions unless they are the shipped ones.

    Raises:
        ArtifactError: The file cannot be written, or the definitions are too long for it.
    """
    manifest: dict[str, Any] = {
        "format": FORMAT,
        "labels": model.labels,
        "activities": model.activities,
        "temperatures": asdict(model.temperatures),
        "thresholds": asdict(model.thresholds),
        "facts": model.facts,
    }
    if model.catalogue != load_definitions():
        manifest["definitions"] = definitions_content(model.catalogue)
    header: dict[str, Any] = {
        "__metadata__": {
            "kind": _KIND,
            "digest": _NO_DIGEST,
            "manifest": json.dumps(manifest, sort_keys=True),
        }
    }
    data, n_hidden = bytearray(), len(model.weights.hidden_bias)
    for name, dtype in _ARRAYS.items():
        view: memoryview = getattr(model.weights, name)
        shape = [len(view)]
        if name in {"term_rows", "vector_rows"}:
            shape = [len(view) // n_hidden, n_hidden]
        elif name == "output":
            shape = [n_hidden, len(view) // n_hidden]
        offsets = [len(data), len(data) + view.nbytes]
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": offsets}
        data += _little_endian(view)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    if len(text) > _LONGEST_HEADER:
        raise ArtifactError(f"{path}: the definitions are too long for a model file.", "Shorten them.")
    digest = hashlib.sha256(len(text).to_bytes(8, "little") + text + data).hexdigest()
    text = text.replace(_NO_DIGEST.encode(), digest.encode(), 1)
    try:
        with whole_file(path) as handle:
            handle.write(len(text).to_bytes(8, "little") + text + data)
    except OSError as error:
        raise ArtifactError(f"{path}: cannot write the model file: {error.strerror}.") from error


def load_model(path: str | os.PathLike[str] | None = None) -> Model:
    """Read and verify a model file; without a path, that of `default_model_path`.

    Raises:
        ArtifactError: The file is missing, damaged, or not a model file of this format.
    """
    path = Path(path) if path is not None else default_model_path()
    with _way_out(path):
        return _load(path)


def _load(path: Path) -> Model:
    manifest, header, data = _read(path)
    try:
        arrays = {name: _array(header[name], dtype, data) for name, dtype in _ARRAYS.items()}
        model = Model(
            weights=Weights(**arrays),
            labels=tuple(manifest["labels"]),
            activities=tuple(manifest["activities"]),
            catalogue=_catalogue(manifest, path),
            temperatures=Temperatures(**manifest["temperatures"]),
            thresholds=Thresholds(**manifest["thresholds"]),
            facts=dict(manifest["facts"]),
            path=path,
        )
        _check(model)
    except (KeyError, TypeError, ValueError) as error:
        raise ArtifactError(f"{path}: the model file is not well formed: {error}", _HELP) from error
    return model


def file_of(model: Model) -> Path:
    """Return the file that a model was read from, for other processes to read.

    Raises:
        UsageError: It was made otherwise.
    """
    if model.path is None:
        raise UsageError("Several processes need a model that was read from a file.", "Save it first, or use one.")
    return model.path


def load_catalogue(path: Path | None = None) -> Catalogue:
    """Return the definitions that go with a model file; without a path, with that of `default_model_path`.

    Raises:
        ArtifactError: The file is missing, damaged, or not a model file of this format.
    """
    path = path or default_model_path()
    with _way_out(path):
        return _catalogue(_read(path)[0], path)


@contextmanager
def _way_out(path: Path) -> Iterator[None]:
    """Name the command that helps if it is the user's own model that cannot be read."""
    try:
        yield
    except ArtifactError as error:
        if path == own_model():
            raise ArtifactError(error.message, _OWN_HELP) from error
        raise


def _catalogue(manifest: dict[str, Any], path: Path) -> Catalogue:
    """Return the definitions that a model file carries; the shipped ones if it carries none."""
    if "definitions" not in manifest:
        return load_definitions()
    try:
        return parse_definitions(manifest["definitions"], f"{path}: the model's definitions")
    except DefinitionError as error:
        raise ArtifactError(error.message, _HELP) from error


def _read(path: Path) -> tuple[dict[str, Any], dict[str, Any], memoryview]:
    """Return the manifest, the header and the bytes of the arrays, once digest and format agree."""
    try:
        content = read_whole(path)
    except OSError as error:
        raise ArtifactError(f"{path}: cannot read the model file: {error.strerror}.", _HELP) from error
    size = int.from_bytes(content[:8], "little")
    if len(content) < 8 or not 2 <= size <= min(_LONGEST_HEADER, len(content) - 8):
        raise ArtifactError(f"{path}: not a model file.", _HELP)
    text = content[8 : 8 + size]
    try:
        header = json.loads(text)
        metadata = header["__metadata__"]
        foreign = metadata["kind"] != _KIND
        digest = str(metadata["digest"]).encode()
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ArtifactError(f"{path}: not a model file.", _HELP) from error
    if foreign:
        raise ArtifactError(f"{path}: a safetensors file, but not a model of smclassify.", _HELP)
    data = memoryview(content)[8 + size :]
    expected = hashlib.sha256(content[:8] + text.replace(digest, _NO_DIGEST.encode(), 1))
    expected.update(data)
    if expected.hexdigest().encode() != digest:
        raise ArtifactError(f"{path}: the model file is damaged (its digest does not match).", _HELP)
    try:
        manifest = json.loads(metadata["manifest"])
        number = manifest["format"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ArtifactError(f"{path}: the model file is not well formed: {error}", _HELP) from error
    if number != FORMAT:
        tip = f"This version reads format {FORMAT}. Install the matching smclassify, or train the model again."
        raise ArtifactError(f"{path}: the model file has format {number!r}.", tip)
    return manifest, header, data


def _array(entry: dict[str, Any], dtype: str, data: memoryview) -> memoryview[Any]:
    """Return one array of the file, without copying it."""
    size = _SIZES[dtype]
    start, end = entry["data_offsets"]
    n_items = 1
    for length in entry["shape"]:
        n_items *= length
    if entry["dtype"] != dtype or not 0 <= start <= end <= len(data) or end - start != n_items * size:
        raise ValueError("an array does not fit its description")
    view = data[start:end]
    return (view if sys.byteorder == "little" else _swapped(view, size)).cast(_CODES[dtype])


def _check(model: Model) -> None:
    """Raise ValueError unless the arrays, the names and the definitions fit together."""
    weights = model.weights
    n_hidden, n_activities = len(weights.hidden_bias), len(model.activities)
    lengths = {
        "term_rows": len(weights.terms) * n_hidden,
        "vector_rows": len(weights.vocabulary) * n_hidden,
        "term_factors": n_hidden,
        "vector_factors": n_hidden,
        "output": n_hidden * n_activities,
        "output_bias": n_activities,
    }
    if not (weights.terms and weights.vocabulary) or any(len(getattr(weights, k)) != n for k, n in lengths.items()):
        raise ValueError("the arrays do not fit together")
    _check_numbers(model)
    for table in (weights.terms, weights.vocabulary):
        if any(a >= b for a, b in pairwise(table[:: max(1, len(table) // 1024)])):
            raise ValueError("the terms are not in order")
    catalogue = model.catalogue
    if len(model.labels) < 2:
        raise ValueError("there are fewer than two labels")
    if missing := [name for name in model.labels if name not in catalogue.labels]:
        raise ValueError(f"no definition of the label {missing[0]!r}")
    if missing := [name for name in model.activities if name not in catalogue.activities]:
        raise ValueError(f"no definition of the activity {missing[0]!r}")
    owners = [catalogue.activities[name].label for name in model.activities]
    if list(dict.fromkeys(owners)) != list(model.labels) or owners != sorted(owners, key=model.labels.index):
        raise ValueError("the activities do not stand together by label")


def _check_numbers(model: Model) -> None:
    """Raise ValueError unless all numbers are so small that no sum of their products is infinite."""
    arrays = [getattr(model.weights, name) for name, dtype in _ARRAYS.items() if dtype == "F64"]
    temperatures = asdict(model.temperatures).values()
    numbers = chain(asdict(model.thresholds).values(), temperatures, *arrays)
    if not all(-_LARGEST_NUMBER <= number <= _LARGEST_NUMBER for number in numbers):
        raise ValueError("a number is not finite, or too large")
    if min(temperatures) < 1 / _LARGEST_NUMBER:
        raise ValueError("a temperature is not above 0")


def _little_endian(view: memoryview) -> bytes:
    return view.tobytes() if sys.byteorder == "little" else _swapped(view.cast("B"), view.itemsize).tobytes()


def _swapped(view: memoryview, size: int) -> memoryview:
    """Return a copy with the bytes of every item reversed."""
    content = bytearray(len(view))
    for place in range(size):
        content[place::size] = view[size - 1 - place :: size]
    return memoryview(bytes(content))
