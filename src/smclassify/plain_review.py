"""What a review says beside its questions, as plain text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smclassify.plain import visible

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from smclassify.corrections import Correction
    from smclassify.corrections_file import CorrectionsFile
    from smclassify.review_export import ExportSummary

_LONGEST = 60


def n_corrected(corrections: Sequence[Correction]) -> int:
    """Return how many answers contradict the model."""
    return sum(correction.label != correction.was for correction in corrections)


def plain_torn(answers: CorrectionsFile) -> list[str]:
    """Return a line about a row half written, if one was dropped."""
    if not answers.torn:
        return []
    return [visible(f"note: {answers.path}: the last row was half written and is dropped: {answers.torn[:_LONGEST]}")]


def plain_answers(path: Path, answers: Sequence[Correction]) -> str:
    """Return a line on the answers of a review."""
    if not answers:
        return "0 answered"
    return visible(f"{len(answers)} answered, {n_corrected(answers)} corrected; saved in {path}")


def plain_export(summary: ExportSummary) -> list[str]:
    """Return lines that say what an export did."""
    lines = [f"{summary.n_reviewed} of {summary.n_rows} rows by a person"]
    if summary.unclosed_line is not None:
        what = f"a quoted cell that starts on line {summary.unclosed_line} never ends"
        lines.append(f"problem: {what}; all below it became one cell")
    return lines
