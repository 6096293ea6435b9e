"""What a run of `train` starts from: examples and corrections, read and checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from smclassify.artifact import default_examples_path, has_own_model, load_model
from smclassify.definitions import load_definitions
from smclassify.errors import DatasetError
from smclassify.paths import shipped
from smclassify.training.audit import audit
from smclassify.training.dataset import data_digest, read_examples, read_texts, text_key
from smclassify.training.revision import read_corrections, revise, with_activity
from smclassify.training.teacher import load_soft_labels
from smclassify.training.train import Material
from smclassify.training.vectors import load_vectors

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from smclassify.model import Model
    from smclassify.training.dataset import Example


@dataclass(frozen=True, slots=True)
class Request:
    """What the user asks for.

    Attributes:
        data: File of examples. Without one they are those of the model in use if there are corrections, else the
            shipped ones.
        corrections: Files of corrections.
        definitions: File of definitions; None for those of the model whose examples are taken.
    """

    data: Path | None = None
    corrections: tuple[Path, ...] = ()
    definitions: Path | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What a model will be made from.

    Attributes:
        material: The examples, with the corrections among them, and what else it takes.
        before: For each example what stood there before the corrections; None for a new text.
        corrections: The corrections.
        data: The user's file of examples, if there is one.
        in_use: The model in use; None if the new one is not to be compared with anything.
        notes: Lines about what was read.
    """

    material: Material
    before: Sequence[Example | None]
    corrections: Sequence[Example]
    data: Path | None
    in_use: Model | None
    notes: Sequence[str]


def prepare(request: Request) -> Plan:
    """Read and check all that a model is to be made from.

    Raises:
        SmclassifyError: A file cannot be read, or breaks a rule.
    """
    in_use = load_model() if request.data or request.corrections else None
    goes_on = in_use if request.data is None else None
    catalogue = goes_on.catalogue if goes_on and not request.definitions else load_definitions(request.definitions)
    corrections, contradicted = read_corrections(request.corrections, catalogue)
    source = request.data or (default_examples_path() if goes_on else shipped("data/labeled_activities.csv"))
    base, repeated = audit(_examples_of(goes_on, source), catalogue, source)
    named = {example.activity: example.label for example in base if example.activity}
    corrections = [with_activity(correction, named, in_use) for correction in corrections]
    examples, before = revise(base, corrections)
    as_shipped = goes_on.facts.get("ambiguous_unsure") is not None if goes_on else request.data is None
    corrected = {text_key(correction.text) for correction in corrections}
    undecided = read_texts(shipped("data/ambiguous_activities.csv")) if as_shipped else []
    material = Material(
        examples=examples,
        catalogue=catalogue,
        vectors=load_vectors(shipped("data/word_vectors.npz")),
        ambiguous=[text for text in undecided if text_key(text) not in corrected],
        teacher=load_soft_labels(shipped("data/soft_labels.npz")) if as_shipped else None,
    )
    counted = [_counted(base, before, corrections, source)] if corrections else []
    return Plan(material, before, corrections, request.data, in_use, [*counted, *contradicted, *repeated])


def _examples_of(model: Model | None, source: Path) -> list[Example]:
    """Return the examples in a file; if it is that of the user's own model, they must be those it was trained on."""
    if model is None or not has_own_model():
        return read_examples(source)
    tip = "Name your examples as DATA, or go back to the shipped ones with `smclassify train --reset`."
    if not source.exists():
        raise DatasetError(f"{source}: the examples of your own model are missing.", tip)
    examples = read_examples(source)
    if data_digest(examples) != model.facts["data"]["sha256"]:
        raise DatasetError(f"{source}: these are not the examples that your own model was trained on.", tip)
    return examples


def _counted(
    base: Sequence[Example], before: Sequence[Example | None], corrections: Sequence[Example], source: Path
) -> str:
    n_new, n = sum(example is None for example in before), len(corrections)
    what = f"{len(base)} examples of {source} and {n} {'correction' if n == 1 else 'corrections'}"
    return f"{what}: {n_new} of new texts, {n - n_new} in the place of an example"
