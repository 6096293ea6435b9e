"""A run of `train`: a new model, and how it compares with the one before."""

from __future__ import annotations

from dataclasses import dataclass, replace
from operator import eq
from typing import TYPE_CHECKING

import numpy as np

from smclassify.training.answers import seen_keys
from smclassify.training.audit import suspects
from smclassify.training.calibrate import label_logits
from smclassify.training.dataset import text_key
from smclassify.training.fit import cross_validate
from smclassify.training.revision import CORRECTION, repeated, repeats
from smclassify.training.train import targets_of, train
from smclassify.training.verdict import compare

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from smclassify.model import Model
    from smclassify.training.audit import Suspect
    from smclassify.training.dataset import Example
    from smclassify.training.fit import FitConfig
    from smclassify.training.plan import Plan
    from smclassify.training.train import TrainingResult
    from smclassify.training.verdict import Comparison

LEAST_ROWS = 30
"""Rows that the model in use was trained on do not count in a comparison with it, unless fewer than this remain."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the new model is worse.

    Attributes:
        about: What was compared on what, or why nothing was.
        comparison: Old and new on texts that neither was fitted on; None if there is nothing to compare.
    """

    about: str
    comparison: Comparison | None = None


@dataclass(frozen=True, slots=True)
class CorrectionFigures:
    """How many of the corrected texts get the label that the person gave them.

    Attributes:
        n: Number of corrected texts.
        before: Right by the model in use.
        after: Right by the new model, which learnt them.
        unseen: Right by fits that saw neither them nor near copies.
        wrong: Those that the new model still gets wrong.
    """

    n: int
    before: int
    after: int
    unseen: int
    wrong: tuple[Example, ...]


@dataclass(frozen=True, slots=True)
class Renewal:
    """A new model, and how it compares.

    Attributes:
        result: The new model and what was measured of it.
        verdict: Old and new compared; None if they were not to be.
        corrections: How the corrected texts fare; None without any.
        suspects: Examples of the user's that probably have the wrong label, the worst first.
    """

    result: TrainingResult
    verdict: Verdict | None
    corrections: CorrectionFigures | None
    suspects: Sequence[Suspect]

    @property
    def passed(self) -> bool:
        """Whether the new model may take the place of the old one: it is not worse, as far as can be said."""
        comparison = self.verdict.comparison if self.verdict else None
        return comparison is None or comparison.passed


def renew(plan: Plan, config: FitConfig, on_step: Callable[[str], None] = lambda _: None) -> Renewal:
    """Train a model and compare it with what was there before.

    With corrections, old and new are the examples without and with them, cross-validated in the same folds and scored
    on the examples that are no corrections. Else the model in use is scored on the examples, and the new one in
    cross-validation.

    Args:
        plan: What the model is made from.
        config: Choices made before fitting.
        on_step: Called with a short sentence before each step.

    Raises:
        DatasetError: There are too few examples of an activity, or of labels.
    """
    result = train(plan.material, config, on_step)
    if plan.in_use is None:
        return Renewal(result, None, None, ())
    if plan.corrections:
        on_step("Cross-validating without the corrections")
        verdict = _against_uncorrected(plan, result, config)
    else:
        on_step("Comparing with the model in use")
        verdict = _against_model_in_use(plan.material.examples, plan.in_use, result)
    figures = _figures(plan.corrections, plan.in_use, plan.material.examples, result) if plan.corrections else None
    found = _suspects(plan.material.examples, result) if plan.data else ()
    return Renewal(result, verdict, figures, found)


def _against_uncorrected(plan: Plan, result: TrainingResult, config: FitConfig) -> Verdict:
    material, held_out = plan.material, result.held_out
    # a new text keeps its place, so that the folds fit, and is never learnt
    stood_there = [old or new for old, new in zip(plan.before, material.examples, strict=True)]
    times = np.where([old is None for old in plan.before], 0, 1)
    times[times == 1] = repeats([old for old in plan.before if old is not None])
    targets = targets_of(replace(material, examples=stood_there), replace(config, folds=1))
    if targets.labels != result.model.labels:
        return Verdict("Without the corrections there are other labels, so there is nothing to compare.")
    folds = [(repeated(seen, times), unseen) for seen, unseen in held_out.folds]
    logits = cross_validate(held_out.features, targets, folds, config)
    old = label_logits(logits, targets.owners, len(targets.labels)).argmax(axis=1)
    rows = np.flatnonzero([example.style != CORRECTION for example in material.examples])
    comparison = compare(
        held_out.targets.label[rows], old[rows], held_out.probabilities[rows].argmax(axis=1), len(targets.labels)
    )
    return Verdict("old: the examples without the corrections; new: with them; both on held-out examples", comparison)


def _against_model_in_use(examples: Sequence[Example], in_use: Model, result: TrainingResult) -> Verdict:
    labels, held_out = result.model.labels, result.held_out
    if set(in_use.labels) != set(labels):
        return Verdict(f"The model in use has other labels ({', '.join(in_use.labels)}): there is nothing to compare.")
    seen = seen_keys(in_use)
    if seen is None:
        return Verdict("Which texts the model in use was trained on is not known.")
    rows = np.flatnonzero([text_key(example.text) not in seen for example in examples])
    n_seen = len(examples) - len(rows)
    if n_seen and len(rows) < LEAST_ROWS:
        return Verdict(
            f"The model in use was trained on {n_seen} of these {len(examples)} texts, so its figures on them would be "
            "flattered, and the rest are too few to compare."
        )
    columns = np.array([labels.index(label) for label in in_use.labels])
    old = columns[in_use.predict_proba([examples[row].text for row in rows.tolist()]).argmax(axis=1)]
    new = held_out.probabilities[rows].argmax(axis=1)
    left_out = f"; {n_seen} that the model in use was trained on are left out" if n_seen else ""
    about = f"old: the model in use; new: held out in cross-validation; both on these examples{left_out}"
    return Verdict(about, compare(held_out.targets.label[rows], old, new, len(labels)))


def _figures(
    corrections: Sequence[Example], in_use: Model, examples: Sequence[Example], result: TrainingResult
) -> CorrectionFigures:
    held_out, texts = result.held_out, [correction.text for correction in corrections]
    after = [prediction.label for prediction in result.model.predict(texts)]
    before = [prediction.label for prediction in in_use.predict(texts)]
    place_of = {example: place for place, example in enumerate(examples)}
    rows = [place_of[correction] for correction in corrections]
    labels = [correction.label for correction in corrections]
    return CorrectionFigures(
        n=len(corrections),
        before=sum(map(eq, before, labels)),
        after=sum(map(eq, after, labels)),
        unseen=int((held_out.probabilities[rows].argmax(axis=1) == held_out.targets.label[rows]).sum()),
        wrong=tuple(
            correction for correction, said in zip(corrections, after, strict=True) if said != correction.label
        ),
    )


def _suspects(examples: Sequence[Example], result: TrainingResult) -> list[Suspect]:
    held_out = result.held_out
    found = suspects(examples, held_out.targets.label, held_out.probabilities, result.model.labels)
    return [suspect for suspect in found if suspect.example.style != CORRECTION]
