"""Fuzz what loads a model file. The digest is put right after each mutation, so that the checks behind it are reached.

A file must be refused with an error of ours, or be a model that answers with probabilities.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from pathlib import Path
from random import Random
from typing import Any

import atheris

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

with atheris.instrument_imports(include=["smclassify", "json"]):
    from conftest import make_model

    from smclassify.artifact import load_model, save_model
    from smclassify.errors import ArtifactError

_FILE = Path(os.environ.get("TMPDIR", "/tmp")) / f"fuzz-{os.getpid()}"  # noqa: S108 - a fuzzer's own file
_ODD: tuple[Any, ...] = (
    0,
    -1,
    1,
    2**31,
    2**60,
    -(2**63),
    10**400,
    0.0,
    -0.5,
    1e308,
    1e-320,
    True,
    None,
    "",
    "sales",
    "\ud800",
    [],
    {},
)


def fuzz(content: bytes) -> None:
    """Load one file, and if it is a model, use it."""
    _FILE.write_bytes(content)
    try:
        model = load_model(_FILE)
    except ArtifactError:
        return
    texts = ["sign call", "", "web rank off", "unknown"]
    table = model.predict_table(texts)
    for place, prediction in enumerate(model.predict(texts)):
        if not 0.0 <= prediction.confidence <= 1.0:
            raise AssertionError(f"no probability: {prediction}")
        if abs(prediction.confidence - float(table.confidence[place])) > 1e-6:
            raise AssertionError(f"two confidences: {prediction}, {table.confidence[place]}")


def mutate(content: bytes, most: int, seed: int) -> bytes:
    """Change bytes anywhere, or one value of the header or the manifest, and put the digest right."""
    random = Random(seed)  # noqa: S311 - libFuzzer's own seed, for the same run again
    size = int.from_bytes(content[:8], "little")
    kind = random.randrange(4)
    if kind == 0 or len(content) < 10 or size > len(content) - 8:
        return bytes(atheris.Mutate(content, most))
    text, data = content[8 : 8 + size], content[8 + size :]
    if kind == 1:
        data = atheris.Mutate(data, max(1, most - 8 - size))
    else:
        try:
            header = json.loads(text)
            if kind == 2:
                _change(header, random)
            else:
                manifest = json.loads(header["__metadata__"]["manifest"])
                _change(manifest, random)
                header["__metadata__"]["manifest"] = json.dumps(manifest)
            text = json.dumps(header).encode()
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            text = atheris.Mutate(text, max(1, most - 8 - len(data)))
    return _signed(text, data)


def _change(value: Any, random: Random) -> None:  # noqa: ANN401 - whatever JSON can hold
    """Put something odd in one place of a JSON value."""
    while isinstance(value, dict | list) and value:
        keys = list(value) if isinstance(value, dict) else list(range(len(value)))
        key = random.choice(keys)
        inner = value[key]
        if isinstance(inner, dict | list) and inner and random.random() < 0.8:
            value = inner
            continue
        if random.random() < 0.2:
            del value[key]
        elif random.random() < 0.2:
            value[key] = value[random.choice(keys)]
        else:
            value[key] = random.choice(_ODD)
        return


def _signed(text: bytes, data: bytes) -> bytes:
    try:
        digest = json.loads(text)["__metadata__"]["digest"].encode()
        text = text.replace(digest, b"0" * 64, 1)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return len(text).to_bytes(8, "little") + text + data
    size = len(text).to_bytes(8, "little")
    right = hashlib.sha256(size + text + data).hexdigest().encode()
    return size + text.replace(b"0" * 64, right, 1) + data


def main() -> None:
    """Start with one small model, in the folder of inputs that the command names."""
    folders = [Path(name) for name in sys.argv[1:] if not name.startswith("-")]
    for folder in folders:
        save_model(make_model(), folder / "small.safetensors")
    atheris.Setup(sys.argv, fuzz, custom_mutator=mutate)
    try:
        atheris.Fuzz()
    finally:
        _FILE.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
