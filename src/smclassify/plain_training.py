"""What a run of `train` did, as plain text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smclassify.plain import plain_report, visible

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from smclassify.settings import Setting
    from smclassify.training.audit import Suspect
    from smclassify.training.renew import CorrectionFigures, Renewal, Verdict
    from smclassify.training.verdict import Compared

_MOST_LINES = 20


def plain_notes(notes: Sequence[str]) -> list[str]:
    """Return the lines about what was read, the first of them if there are many."""
    shown = [visible(line) for line in notes[:_MOST_LINES]]
    return [*shown, f"... and {len(notes) - len(shown)} more like these"] if len(notes) > len(shown) else shown


def plain_reset(*, had_own: bool) -> str:
    """Return a line that says what `--reset` did."""
    return (
        "your own model is deleted; the shipped one is in use"
        if had_own
        else "you have no model of your own; the shipped one is in use"
    )


def plain_other_model(setting: Setting[Path]) -> str:
    """Return a line that says that the settings name a model, so that the user's own is not in use."""
    return visible(f"{setting.origin} names another model, which stays in use here: {setting.value}")


def plain_suspects(suspects: Sequence[Suspect], path: Path | None) -> list[str]:
    """Return lines about the examples that probably have the wrong label, the worst of them if there are many."""
    if not suspects:
        return []
    worst = suspects[:_MOST_LINES]
    lines = [
        f"  {path}:{suspect.example.line}: {suspect.example.text!r} is {suspect.example.label}, "
        f"looks like {suspect.suggested} ({suspect.probability:.2f})"
        for suspect in worst
    ]
    which = f", the worst {len(worst)} of {len(suspects)}" if len(suspects) > len(worst) else ""
    return [f"labels to look at, since the other examples say otherwise{which}:", *map(visible, lines)]


def plain_renewal(renewal: Renewal) -> list[str]:
    """Return lines about a new model: what was measured, and how it compares with what was there before."""
    return [
        *plain_report(renewal.result.report),
        *(_verdict(renewal.verdict) if renewal.verdict else []),
        *(_corrections(renewal.corrections) if renewal.corrections else []),
    ]


def _verdict(verdict: Verdict) -> list[str]:
    comparison = verdict.comparison
    if comparison is None:
        return [f"not compared: {verdict.about}"]
    judgement = "not worse" if comparison.passed else "worse"
    limit = 100 * comparison.most_lost
    return [
        f"compared on {comparison.n} texts; {verdict.about}",
        _compared("accuracy", comparison.accuracy),
        _compared("macro F1", comparison.macro_f1),
        f"{judgement}: the rule is to lose less than {limit:g} points of accuracy, with 0 or a gain in the interval",
    ]


def _compared(name: str, figure: Compared) -> str:
    return (
        f"{name}: old {figure.old:.4f}, new {figure.new:.4f}, difference {figure.new - figure.old:+.4f} "
        f"(95 % interval {figure.low:+.4f} to {figure.high:+.4f})"
    )


def _corrections(figures: CorrectionFigures) -> list[str]:
    right = f"in use {figures.before} right, new {figures.after}, new without having learnt them {figures.unseen}"
    wrong = (f"line {of.line}: {of.text!r} is still not {of.label}" for of in figures.wrong[:_MOST_LINES])
    return [f"corrected texts: {figures.n}; {right}", *map(visible, wrong)]
