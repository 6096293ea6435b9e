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
    r"""Return the text with control and invisible characters written as escapes, so that none reaches a terminal.

    >>> print(visible("red\x1b[31m, a\ttab"))
    red\x1b[31m, a\ttab
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
    return f"{definition.slug}\t{definition.label}\t{definition.name}\t{definition.text}"


def plain_source(table: Table, column: int) -> str:
    """Return a line that says how the input was understood."""
    header = f" {table.header.cells[column].strip()!r}" if table.header else ""
    sure = " (a guess: not UTF-8; say otherwise with -e)" if table.dialect.guessed else ""
    return visible(f"{table.name}: {table.dialect}{sure}; activities in column {column + 1}{header}")


def plain_summary(summary: BatchSummary) -> list[str]:
    """Return lines that say what a batch did."""
    labels = ", ".join(f"{count} {label}" for label, count in summary.labels.items())
    statuses = ", ".join(f"{count} {status}" for status, count in summary.statuses.items())
    lines = [f"{_counted(summary.n_rows, 'row')}: {labels or 'no label'}; {statuses or 'nothing to label'}"]
    if summary.least_sure:
        lines.append("least sure:")
    lines += [
        f"  line {row.line}: {visible(_cut(row.text))} -> {row.label} {row.confidence:.2f}"
        for row in summary.least_sure
    ]
    if summary.n_ragged:
        more = ", ..." if summary.n_ragged > len(summary.ragged_lines) else ""
        where = f"line {', '.join(map(str, summary.ragged_lines))}{more}"
        lines.append(f"note: {_counted(summary.n_ragged, 'row')} with too few or too many cells, kept ({where})")
    if summary.n_blank_lines:
        lines.append(f"note: {_counted(summary.n_blank_lines, 'blank line')}, kept")
    if (line := summary.unclosed_line) is not None:
        lines.append(f"problem: a quoted cell that starts on line {line} never ends; all below it became one cell")
    return lines


def model_facts(model: Model, path: str, size: int, version: str) -> dict[str, Any]:
    """Return what there is to know about a model, for JSON."""
    return {
        "version": version,
        "model": path,
        "size": size,
        "labels": model.labels,
        "activities": model.activities,
        "thresholds": asdict(model.thresholds),
        **model.facts,
    }


def plain_model(model: Model, path: str, size: int, version: str) -> list[str]:
    """Return lines about a model: `name: value`."""
    data, training, heldout = (model.facts[part] for part in ("data", "training", "heldout"))
    counts = ", ".join(f"{count} {label}" for label, count in data["labels"].items())
    versions = ", ".join(f"{name} {number}" for name, number in model.facts["versions"].items())
    activities = f"{heldout['activity_top1']:.4f} right, {heldout['activity_top3']:.4f} among the first three"
    limits = model.thresholds
    return [
        f"version: {version}",
        f"model: {path} ({size / 1e6:.1f} MB)",
        f"labels: {', '.join(model.labels)}",
        f"activities: {len(model.activities)}",
        f"terms: {model.facts['terms']}",
        f"examples: {data['rows']} ({counts})",
        f"examples' SHA-256: {data['sha256']}",
        f"held-out accuracy: {heldout['accuracy']:.4f} ({training['folds']}-fold cross-validation)",
        *(
            f"held-out {label}: precision {of['precision']:.4f}, recall {of['recall']:.4f}, F1 {of['f1']:.4f}"
            for label, of in heldout["labels"].items()
        ),
        f"held-out calibration error: {heldout['ece']:.4f}",
        f"held-out activity: {activities}",
        f"ok from: confidence {limits.confidence:.4f}, margin {limits.margin:.2f}, known words {limits.known:.2f}",
        f"held-out ok: {heldout['coverage']:.4f} of texts, {heldout['accuracy_ok']:.4f} of them right",
        f"made with: {versions}",
    ]


def plain_report(report: TrainingReport) -> list[str]:
    """Return lines that say what training did."""
    counts = ", ".join(f"{count} {label}" for label, count in report.n_examples.items())
    figures, limits = report.labels, report.thresholds
    return [
        f"{figures.n} examples ({counts})",
        f"held-out accuracy {figures.accuracy:.4f}, macro F1 {figures.macro_f1:.4f}",
        f"held-out log loss {figures.log_loss:.4f}, calibration error {figures.ece:.4f}",
        *(
            f"  {of.label:10s} precision {of.precision:.4f}  recall {of.recall:.4f}  F1 {of.f1:.4f}  of {of.support}"
            for of in figures.labels
        ),
        f"held-out activity {report.activity_top1:.4f} right, {report.activity_top3:.4f} among the first three",
        f"ok from confidence {limits.confidence:.4f}, margin {limits.margin:.2f}, known words {limits.known:.2f}",
        f"held-out ok: {report.coverage:.4f} of texts, {report.accuracy_ok:.4f} of them right",
        f"largest difference from scikit-learn's probabilities: {report.parity:.1e}",
    ]


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _cut(text: str, longest: int = 60) -> str:
    text = " ".join(text.split())
    return text if len(text) <= longest else text[: longest - 3] + "..."
