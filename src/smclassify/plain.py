"""Values to plain text and JSON: what a pipe, a log or another program reads."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from smclassify.batch import BatchSummary
    from smclassify.definitions import Definition
    from smclassify.errors import SmclassifyError
    from smclassify.model import Model, Prediction
    from smclassify.tables import Table
    from smclassify.training.train import TrainingReport

_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def visible(text: str) -> str:
    """Return the text with control and invisible characters written as escapes, so that none reaches a terminal.

    >>> visible("red\\x1b[31m\\ttab")
    'red\\\\x1b[31m\\\\ttab'
    """
    if text.isprintable():
        return text
    return "".join(
        char.encode("unicode_escape").decode() if unicodedata.category(char) in _INVISIBLE else char for char in text
    )


def plain_error(error: SmclassifyError) -> str:
    """Return one line that says what is wrong and what to do."""
    return visible(f"smclassify: error: {error.message} {error.tip}".rstrip())


def plain_prediction(prediction: Prediction) -> str:
    """Return one line: text, label, confidence, status, activity and its definition, with tabs between them."""
    definition = prediction.definition
    cells = [
        visible(prediction.text),
        prediction.label or "",
        f"{prediction.confidence:.4f}" if definition else "",
        prediction.status,
        prediction.activity or "",
        definition.text if definition else "",
    ]
    return "\t".join(cells)


def json_prediction(prediction: Prediction) -> str:
    """Return one line of JSON with all fields of a prediction."""
    fields = asdict(prediction)
    for key in ("confidence", "activity_confidence"):
        fields[key] = round(fields[key], 6)
    fields["scores"] = {label: round(score, 6) for label, score in prediction.scores.items()}
    return as_json(fields)


def as_json(value: Any) -> str:  # noqa: ANN401 - whatever JSON can hold
    """Return a value as one line of JSON."""
    return json.dumps(value, ensure_ascii=False)


def plain_definition(definition: Definition) -> str:
    """Return one line: slug, label, name and text, with tabs between them."""
    return "\t".join((definition.slug, definition.label, definition.name, definition.text))


def plain_source(table: Table, column: int) -> str:
    """Return a line that says how the input was understood."""
    header = f" {table.header.cells[column].strip()!r}" if table.header else ""
    sure = " (a guess: not UTF-8; say otherwise with -e)" if table.dialect.guessed else ""
    return visible(f"{table.name}: {table.dialect}{sure}; activities in column {column + 1}{header}")


def plain_summary(summary: BatchSummary) -> list[str]:
    """Return lines that say what a batch did."""
    labels = ", ".join(f"{count} {label}" for label, count in summary.labels.items())
    statuses = ", ".join(f"{count} {status}" for status, count in summary.statuses.items())
    lines = [f"{summary.n_rows} rows: {labels or 'no label'}; {statuses or 'nothing to do'}"]
    if summary.least_sure:
        lines.append("least sure:")
        lines += [
            f"  line {row.line}: {visible(_cut(row.text))} -> {row.label} {row.confidence:.2f}"
            for row in summary.least_sure
        ]
    if summary.n_ragged:
        where = ", ".join(map(str, summary.ragged_lines)) + (", ..." if summary.n_ragged > len(summary.ragged_lines) else "")
        lines.append(f"note: {summary.n_ragged} rows have too few or too many cells and were kept (line {where})")
    if summary.n_blank_lines:
        lines.append(f"note: {summary.n_blank_lines} blank lines were kept")
    if summary.unclosed_line is not None:
        lines.append(
            f"problem: the quoted cell on line {summary.unclosed_line} never ends, so the rest of the file became one cell"
        )
    return lines


def plain_model(model: Model, path: str, size: int, version: str) -> list[str]:
    """Return lines about a model: `name: value`."""
    return [f"{name}: {value}" for name, value in model_facts(model, path, size, version).items()]


def json_model(model: Model, path: str, size: int, version: str) -> str:
    """Return one line of JSON about a model."""
    about = {"version": version, "model": path, "size": size, "labels": model.labels, "activities": model.activities}
    return as_json(about | {"thresholds": asdict(model.thresholds)} | model.facts)


def model_facts(model: Model, path: str, size: int, version: str) -> dict[str, Any]:
    """Return what `info` says of a model."""
    facts = model.facts
    heldout = facts["heldout"]
    return {
        "version": version,
        "model": path,
        "size": f"{size / 1e6:.1f} MB",
        "labels": ", ".join(model.labels),
        "activities": len(model.activities),
        "terms": facts["training"]["terms"],
        "examples": f"{facts['data']['rows']} ("
        + ", ".join(f"{count} {label}" for label, count in facts["data"]["labels"].items())
        + ")",
        "data sha256": facts["data"]["sha256"],
        "held-out accuracy": f"{heldout['accuracy']:.4f} in {facts['training']['folds']}-fold cross-validation",
        "held-out macro F1": f"{heldout['macro_f1']:.4f}",
        "held-out calibration error": f"{heldout['ece']:.4f}",
        "held-out activity": f"{heldout['activity_top1']:.4f} right, {heldout['activity_top3']:.4f} among the first three",
        "ok when": f"confidence >= {model.thresholds.confidence:.4f}, margin >= {model.thresholds.margin:.2f}, "
        f"known words >= {model.thresholds.known:.2f}",
        "held-out ok": f"{heldout['coverage']:.4f} of texts, {heldout['accuracy_ok']:.4f} of them right",
        "made with": ", ".join(f"{name} {number}" for name, number in facts["versions"].items()),
    }


def plain_report(report: TrainingReport, parity: float) -> list[str]:
    """Return lines that say what training did."""
    counts = ", ".join(f"{count} {label}" for label, count in report.n_examples.items())
    lines = [
        f"{report.labels.n} examples ({counts}) in {report.n_groups} groups; {report.n_terms} terms",
        f"held out: accuracy {report.labels.accuracy:.4f}, macro F1 {report.labels.macro_f1:.4f}, "
        f"log loss {report.labels.log_loss:.4f}, calibration error {report.labels.ece:.4f}",
    ]
    lines += [
        f"  {label.label:12s} precision {label.precision:.4f}  recall {label.recall:.4f}  F1 {label.f1:.4f}  "
        f"support {label.support}"
        for label in report.labels.labels
    ]
    return [
        *lines,
        f"held out: activity {report.activity_top1:.4f} right, {report.activity_top3:.4f} among the first three",
        f"ok from confidence {report.thresholds.confidence:.4f}, margin {report.thresholds.margin:.2f}, "
        f"known words {report.thresholds.known:.2f}: {report.coverage:.4f} of texts, {report.accuracy_ok:.4f} right",
        f"largest difference from scikit-learn's probabilities: {parity:.1e}",
    ]


def _cut(text: str, longest: int = 60) -> str:
    text = " ".join(text.split())
    return text if len(text) <= longest else text[: longest - 3] + "..."
