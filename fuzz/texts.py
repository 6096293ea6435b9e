"""Fuzz what takes texts apart and scores them, one by one and many at once: both must give the same answer."""

from __future__ import annotations

import sys
from math import isclose
from pathlib import Path
from unicodedata import category

import atheris

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

with atheris.instrument_imports(include=["smclassify"]):
    from conftest import make_model

    from smclassify.explanation import explain
    from smclassify.glossary import Entry, Glossary
    from smclassify.model import STATUSES
    from smclassify.plain import json_prediction, plain_prediction
    from smclassify.predictions import NONE
    from smclassify.text import analyze, find_places

_MODEL = make_model()
_WITH_GLOSSARY = make_model(glossary=Glossary((Entry("rank café", "marketing"), Entry("5", "sales", "closing"))))


def fuzz(content: bytes) -> None:
    """Score one text in every way there is."""
    data = atheris.FuzzedDataProvider(content)
    model = _WITH_GLOSSARY if data.ConsumeBool() else _MODEL
    text = data.ConsumeUnicode(data.remaining_bytes())
    [alone] = model.predict([text])
    table = model.predict_table([text, "sign off"])
    label = None if table.label[0] == NONE else model.labels[table.label[0]]
    is_tie = alone.label is not None and isclose(alone.confidence, 0.5)
    if alone.status != STATUSES[table.status[0]] or (alone.label != label and not is_tie):
        raise AssertionError(f"two answers: {alone} and {table}")
    if not isclose(alone.confidence, table.confidence[0], abs_tol=1e-9) or not 0.0 <= alone.confidence <= 1.0:
        raise AssertionError(f"two confidences: {alone} and {table}")
    if alone.label is not None and not isclose(sum(alone.scores.values()), 1.0):
        raise AssertionError(f"probabilities do not sum to 1: {alone}")
    if [word for place in find_places(text) for word in place.words] != analyze(text):
        raise AssertionError(f"other words where they stand: {find_places(text)} and {analyze(text)}")
    if alone.label is not None:
        explain(model, text)
    for line in (plain_prediction(alone), json_prediction(alone)):
        line.encode()
        if any(category(sign) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for sign in line.replace("\t", "")):
            raise AssertionError(f"a line with an invisible character: {line!r}")


if __name__ == "__main__":
    atheris.Setup(sys.argv, fuzz)
    atheris.Fuzz()
