"""Values to plain text and JSON: what a pipe, a log or another program reads."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from smclassify.streams import is_visible
from smclassify.streams import visible as visible  # noqa: PLC0414 - drawings take it from here

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smclassify.batch import BatchSummary
    from smclassify.definitions import Definition
    from smclassify.errors import SmclassifyError
    from smclassify.many import PartReport
    from smclassify.model import Model, Prediction, Thresholds
    from smclassify.tables.values import Table
    from smclassify.training.report import TrainingReport

_LONGEST_PART = 2000


def plain_error(error: SmclassifyError) -> str:
    """Return one line that says what is wrong and what to do; a file can hold headers as long as a book."""
    parts = (
        part if len(part) <= _LONGEST_PART else part[:_LONGEST_PART] + "..." for part in (error.message, error.tip)
    )
    return visible(f"smclassify: error: {' '.join(parts)}".rstrip())


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
    return as_json(prediction_fields(prediction))


def prediction_fields(prediction: Prediction) -> dict[str, Any]:
    """Return all fields of a prediction, for JSON; probabilities to six digits."""
    fields = asdict(prediction)
    for key in ("confidence", "activity_confidence"):
        fields[key] = round(fields[key], 6)
    fields["scores"] = {label: round(score, 6) for label, score in prediction.scores.items()}
    return fields


def as_json(value: Any) -> str:  # noqa: ANN401 - whatever JSON can hold
    """Return a value as one line of JSON, with control and invisible characters written as escapes."""
    line = json.dumps(value, ensure_ascii=False)
    if line.isprintable():
        return line
    return "".join(char if is_visible(char) else json.dumps(char)[1:-1] for char in line)


def plain_definition(definition: Definition) -> str:
    """Return one line: slug, label, name and text, with tabs between them."""
    return f"{definition.slug}\t{definition.label}\t{definition.name}\t{definition.text}"


def plain_source(table: Table, column: int) -> str:
    """Return a line that says how the input was understood."""
    header = f" {table.headers[column].strip()!r}" if table.headers else ""
    return visible(f"{table.name}: {table.describe()}; activities in column {column + 1}{header}")


def plain_summary(summary: BatchSummary) -> list[str]:
    """Return lines that say what a batch did."""
    labels = ", ".join(f"{count} {label}" for label, count in summary.labels.items())
    statuses = ", ".join(f"{count} {status}" for status, count in summary.statuses.items())
    by_glossary = "" if summary.n_by_glossary is None else f"; {summary.n_by_glossary} by the glossary"
    lines = [f"{counted(summary.n_rows, 'row')}: {labels or 'no label'}; {statuses or 'nothing to label'}{by_glossary}"]
    if summary.least_sure:
        lines.append("least sure:")
    lines += [
        f"  line {row.line}: {visible(cut(row.text))} -> {row.label} {row.confidence:.2f}" for row in summary.least_sure
    ]
    return lines + _remarks(summary)


def plain_reports(reports: Sequence[PartReport], n_skipped: int) -> list[str]:
    """Return lines that say what was done to several files."""
    done = [(report.part.source, report.summary) for report in reports if report.summary is not None]
    labels: Counter[str] = Counter()
    statuses: Counter[str] = Counter()
    for _, summary in done:
        labels.update(summary.labels)
        statuses.update(summary.statuses)
    rows, files = counted(sum(summary.n_rows for _, summary in done), "row"), counted(len(done), "file")
    decided = [summary.n_by_glossary for _, summary in done if summary.n_by_glossary is not None]
    by_glossary = f"; {sum(decided)} by the glossary" if decided else ""
    in_words = f"{_in_words(labels) or 'no label'}; {_in_words(statuses) or 'nothing to label'}{by_glossary}"
    lines = [f"{rows} in {files}: {in_words}"]
    lines += [visible(remark) for source, summary in done for remark in _remarks(summary, f"{source}: ")]
    if n_failed := len(reports) - len(done):
        lines.append(f"problem: {counted(n_failed, 'file')} failed")
    if n_skipped:
        left = "left as it is" if n_skipped == 1 else "left as they are"
        lines.append(f"note: {counted(n_skipped, 'file')} done before, {left}")
    return lines


def _remarks(summary: BatchSummary, where: str = "") -> list[str]:
    """Return lines on what is odd about a file."""
    lines = []
    if summary.n_ragged:
        more = ", ..." if summary.n_ragged > len(summary.ragged_lines) else ""
        rows = f"{'line' if summary.n_ragged == 1 else 'lines'} {', '.join(map(str, summary.ragged_lines))}{more}"
        lines.append(f"note: {where}{counted(summary.n_ragged, 'row')} with too few or too many cells, kept ({rows})")
    if summary.n_blank_lines:
        no_rows = "which is no row" if summary.n_blank_lines == 1 else "which are no rows"
        lines.append(f"note: {where}{counted(summary.n_blank_lines, 'blank line')}, {no_rows}")
    if (line := summary.unclosed_line) is not None:
        what = f"a quoted cell that starts on line {line} never ends; all below it became one cell"
        lines.append(f"problem: {where}{what}")
    return lines


def _in_words(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.most_common())


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


def plain_model(model: Model, file: str, version: str) -> list[str]:
    """Return lines about a model and what to call its file: `name: value`."""
    data, training, like = (model.facts[part] for part in ("data", "training", "heldout"))
    unlike = model.facts.get("unlike", like)
    kinds = f"held-out: {training['folds']}-fold cross-validation"
    counts = ", ".join(f"{count} {label}" for label, count in data["labels"].items())
    versions = ", ".join(f"{name} {number}" for name, number in model.facts["versions"].items())
    return [
        f"version: {version}",
        f"model: {visible(file)}",
        f"labels: {', '.join(model.labels)}",
        f"activities: {len(model.activities)}",
        f"terms: {model.facts['terms']}",
        f"examples: {data['rows']} ({counts})",
        f"examples' SHA-256: {data['sha256']}",
        _limits(model.thresholds),
        *_held_out("held-out", like),
        *([] if unlike == like else _held_out("unlike", unlike)),
        kinds if unlike == like else f"{kinds}; unlike: the same with whole origins of texts left out",
        *_undecided(model.facts.get("ambiguous_unsure")),
        f"made with: {versions}",
    ]


def plain_report(report: TrainingReport) -> list[str]:
    """Return lines that say what training did."""
    counts = ", ".join(f"{count} {label}" for label, count in report.n_examples.items())
    return [
        f"examples: {report.like.labels.n} ({counts})",
        *_held_out("held-out", report.like.figures()),
        *([] if report.unlike == report.like else _held_out("unlike", report.unlike.figures())),
        _limits(report.thresholds),
        *_undecided(report.ambiguous_unsure),
        f"largest difference from scikit-learn's probabilities: {report.parity:.1e}",
    ]


def _limits(limits: Thresholds) -> str:
    line = f"ok from: confidence {limits.confidence:.4f}, margin {limits.margin:.2f}, known words {limits.known:.2f}"
    if limits.confidence < 1:
        return line
    return f"{line}: no confidence was right often enough, so every answer is unsure; more examples help"


def _held_out(of: str, figures: dict[str, Any]) -> list[str]:
    """Return lines about figures of held-out examples, as the model file has them."""
    curve = ", ".join(f"{100 * point['coverage']:.0f} % {point['accuracy']:.4f}" for point in figures["curve"])
    return [
        f"{of} accuracy: {figures['accuracy']:.4f}, macro F1 {figures['macro_f1']:.4f}",
        *(
            f"{of} {label}: precision {scores['precision']:.4f}, recall {scores['recall']:.4f}, F1 {scores['f1']:.4f}"
            for label, scores in figures["labels"].items()
        ),
        f"{of} log loss: {figures['log_loss']:.4f}, calibration error {figures['ece']:.4f}",
        *_activity(of, figures),
        f"{of} ok: {figures['coverage']:.4f} of texts"
        + (f", {figures['accuracy_ok']:.4f} of them right" if figures["coverage"] else ""),
        f"{of} accuracy of the surest: {curve}",
    ]


def _activity(of: str, figures: dict[str, Any]) -> list[str]:
    """Return a line about the activities, if the examples say theirs."""
    first, first_three = figures["activity_top1"], figures["activity_top3"]
    return [] if first is None else [f"{of} activity: {first:.4f} right, {first_three:.4f} among the first three"]


def _undecided(share: float | None) -> list[str]:
    return [] if share is None else [f"ambiguous texts marked unsure: {share:.4f}"]


def counted(count: int, what: str, many: str = "") -> str:
    """Return a number and what is counted; `many` if its plural is not with an s."""
    return f"{count} {what}" if count == 1 else f"{count} {many or what + 's'}"


def percent(share: float) -> str:
    """Return a share in whole percent; what is only near none or all is not called so.

    >>> percent(0.004), percent(0.42), percent(0.9996), percent(1.0)
    ('<1 %', '42 %', '>99 %', '100 %')
    """
    if 0 < share < 0.01:
        return "<1 %"
    return ">99 %" if 0.99 < share < 1 else f"{100 * share:.0f} %"


def cut(text: str, longest: int = 60) -> str:
    """Return the beginning of a text in one line of at most so many characters."""
    text = " ".join(text.split())
    return text if len(text) <= longest else text[: longest - 3] + "..."
