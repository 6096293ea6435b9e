"""A comparison of two models as plain text and JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from smclassify.plain import as_json, counted, visible

if TYPE_CHECKING:
    from collections.abc import Iterable

    from smclassify.comparison import Answer, Change, Comparison, Move


def plain_change(change: Change) -> str:
    """Return one line: line, text, label, confidence, status before and the same after, with tabs between them."""
    return "\t".join((str(change.line), visible(change.text), *_cells(change.before), *_cells(change.after)))


def _cells(answer: Answer) -> tuple[str, ...]:
    return answer.label or "", f"{answer.confidence:.4f}", answer.status


def plain_counts(comparison: Comparison) -> list[str]:
    """Return lines that say how much changed, and from what to what."""
    lines = [plain_total(comparison)]
    for what, moves in (("label", comparison.labels), ("status", comparison.statuses)):
        lines += [f"  {what} {move.before} -> {move.after}: {move.n_rows}" for move in changing(moves)]
    return lines


def plain_total(comparison: Comparison) -> str:
    """Return a line with the number of rows and of changes."""
    labels, statuses = counted(comparison.n_labels, "label"), counted(comparison.n_statuses, "status", "statuses")
    return f"{counted(comparison.n_rows, 'row')}: {comparison.n_changed} changed ({labels}, {statuses})"


def plain_notes(comparison: Comparison) -> list[str]:
    """Return lines on what else there is to know."""
    lines = [
        f"note: only the {which} model has {'the label' if len(labels) == 1 else 'the labels'} {', '.join(labels)}"
        for which, labels in (("first", comparison.only_before), ("second", comparison.only_after))
        if labels
    ]
    if (n_shown := len(comparison.changes)) < comparison.n_changed:
        lines.append(f"note: {n_shown} of {comparison.n_changed} changed rows shown; --limit 0 shows all")
    if (line := comparison.unclosed_line) is not None:
        lines.append(f"problem: a quoted cell that starts on line {line} never ends; all below it became one cell")
    return lines


def plain_failure(comparison: Comparison) -> str:
    """Return a line that says how many rows changed where none should."""
    return f"changed: {comparison.n_changed} of {counted(comparison.n_rows, 'row')}"


def changing(moves: Iterable[Move]) -> list[Move]:
    """Return the moves from one to another."""
    return [move for move in moves if move.before != move.after]


def json_change(change: Change) -> str:
    """Return one line of JSON about a row."""
    changed = [what for what, is_so in (("label", change.of_label), ("status", change.of_status)) if is_so]
    return as_json(
        {
            "line": change.line,
            "text": change.text,
            "changed": changed,
            "before": asdict(change.before),
            "after": asdict(change.after),
        }
    )


def json_summary(comparison: Comparison, before: str, after: str, source: str) -> str:
    """Return one line of JSON with the counts, the paths of the models and the name of the table."""
    summary = {
        "before": before,
        "after": after,
        "file": source,
        "rows": comparison.n_rows,
        "changed": comparison.n_changed,
        "changed_labels": comparison.n_labels,
        "changed_statuses": comparison.n_statuses,
        "labels": [_fields(move) for move in comparison.labels],
        "statuses": [_fields(move) for move in comparison.statuses],
        "only_before": comparison.only_before,
        "only_after": comparison.only_after,
        "unclosed_line": comparison.unclosed_line,
    }
    return as_json({"summary": summary})


def _fields(move: Move) -> dict[str, str | int]:
    return {"before": move.before, "after": move.after, "rows": move.n_rows}
