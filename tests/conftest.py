"""A model small enough to check by hand, and a way to run the command line as users do."""

from __future__ import annotations

import os
import subprocess
import sys
from array import array
from pathlib import Path
from typing import Any, Protocol

import pytest
from hypothesis import settings

from smclassify.definitions import Catalogue, Definition, LabelDefinition
from smclassify.model import Model, Temperatures, Thresholds
from smclassify.text import EDGE, pair_number, piece_number, word_number
from smclassify.weights import Weights

ROOT = Path(__file__).resolve().parents[1]
SAMPLES = ROOT / "tests" / "samples"
settings.register_profile("unhurried", settings(), deadline=None)  # how fast a text is read is the machine's affair
settings.load_profile("unhurried")


@pytest.fixture(autouse=True)
def _no_files_of_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep a model or settings of whoever runs the tests out of them."""
    home = tmp_path_factory.getbasetemp() / "home"
    monkeypatch.setenv("XDG_DATA_HOME", str(home / "data"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "config"))


def make_catalogue() -> Catalogue:
    """Return two labels, the first with two activities."""
    return Catalogue(
        labels={
            "sales": LabelDefinition("sales", "Sales", "sales", "Selling to one customer.", ("selling",)),
            "marketing": LabelDefinition("marketing", "Marketing", "marketing", "Speaking to many."),
        },
        activities={
            "cold-outreach": Definition("cold-outreach", "Cold outreach", "sales", "First contact.", ("cold call",)),
            "closing": Definition("closing", "Closing", "sales", "Getting the signature."),
            "seo": Definition("seo", "SEO", "marketing", "Being found.", ("search engine optimisation",)),
        },
        articles={},
    )


def make_model(**changes: Any) -> Model:  # noqa: ANN401 - fields of Model
    """Return a model that knows three whole words and two pairs as terms and has the vectors of two pieces.

    Its three hidden units lead to one activity each, unchanged: cold-outreach and closing (sales), seo (marketing).
    One term weighs 4 * 0.25 = 1 in its unit, a vector 2 * 0.5 = 1, divided by the square root of the number of words.
    """
    call, sign, rank, off = map(word_number, ("call", "sign", "rank", "off"))
    known = {
        call: (4, 0, 0),
        sign: (0, 4, 0),
        rank: (0, 0, 4),
        pair_number(sign, call): (0, 0, 4),
        pair_number(off, EDGE): (0, 4, 0),
    }
    vectors = {word_number("web"): (0, 0, 2), piece_number("call"): (2, 0, 0)}
    weights = Weights(
        terms=memoryview(array("I", sorted(known))),
        term_rows=memoryview(array("b", [weight for number in sorted(known) for weight in known[number]])),
        vocabulary=memoryview(array("I", sorted(vectors))),
        vector_rows=memoryview(array("b", [weight for number in sorted(vectors) for weight in vectors[number]])),
        term_factors=memoryview(array("d", [0.25] * 3)),
        vector_factors=memoryview(array("d", [0.5] * 3)),
        hidden_bias=memoryview(array("d", [0.0] * 3)),
        output=memoryview(array("d", [1, 0, 0, 0, 1, 0, 0, 0, 1])),
        output_bias=memoryview(array("d", [0.0] * 3)),
    )
    fields: dict[str, Any] = {
        "weights": weights,
        "labels": ("sales", "marketing"),
        "activities": ("cold-outreach", "closing", "seo"),
        "catalogue": make_catalogue(),
        "temperatures": Temperatures(label=1.0, activity=1.0),
        "thresholds": Thresholds(confidence=0.55, margin=0.0, known=0.6),
    }
    return Model(**fields | changes)


@pytest.fixture
def catalogue() -> Catalogue:
    return make_catalogue()


@pytest.fixture
def model() -> Model:
    return make_model()


class Run(Protocol):
    def __call__(self, *args: object, stdin: bytes | str = b"", **env: str) -> Result: ...


class Result:
    """What a finished command left behind."""

    def __init__(self, done: subprocess.CompletedProcess[bytes]) -> None:
        self.code = done.returncode
        self.out_bytes = done.stdout
        self.out = done.stdout.decode("utf-8", "surrogateescape")
        self.err = done.stderr.decode("utf-8")


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run `smclassify` in a process of its own, in an empty folder."""

    def run(*args: object, stdin: bytes | str = b"", **env: str) -> Result:
        command = [sys.executable, "-m", "smclassify", *map(str, args)]
        content = stdin.encode() if isinstance(stdin, str) else stdin
        environment = os.environ | {"PYTHONIOENCODING": "utf-8", "PYTHONWARNINGS": "error"} | env
        done = subprocess.run(
            command, input=content, capture_output=True, cwd=tmp_path, env=environment, timeout=120, check=False
        )
        return Result(done)

    return run
