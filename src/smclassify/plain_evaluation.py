"""An assessment as plain text and JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from smclassify.plain import counted, plain_source, visible
from smclassify.tables.convert import unique_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smclassify.tables.values import Table
    from smclassify.training.assessment import Assessment, Figures, Interval
    from smclassify.training.labelled import Columns


@dataclass(frozen=True, slots=True)
class Grid:
    """A table of a report: a title, the headers, and rows of cells; numbers are already written out.

    Attributes:
        title: What it shows.
        headers: Names of the columns.
        rows: The cells.
        n_words: How many columns, the first ones, hold words; the others hold numbers.
        words_last: Whether the last column holds words, too.
    """

    title: str
    headers: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    n_words: int = 1
    words_last: bool = False

    def is_number(self, column: int) -> bool:
        """Return whether a column, given by its place from 0, holds numbers."""
        return column >= self.n_words and not (self.words_last and column == len(self.headers) - 1)


def plain_labelled(table: Table, columns: Columns) -> str:
    """Return a line that says how the input was understood."""
    others = {"labels": columns.label, "kinds of work": columns.activity, "groups": columns.by}
    said = [f"{what} in column {_column(table, place)}" for what, place in others.items() if place is not None]
    return visible("; ".join((plain_source(table, columns.text), *said)))


def _column(table: Table, place: int) -> str:
    return f"{place + 1} {table.headers[place].strip()!r}" if table.headers else str(place + 1)


def plain_assessment(assessment: Assessment) -> list[str]:
    """Return the lines of a report: tables with aligned columns, and a blank line between them."""
    lines = [line for grid in grids(assessment) for line in ("", *_aligned(grid))]
    return lines[1:]


def _aligned(grid: Grid) -> list[str]:
    columns = list(zip(grid.headers, *grid.rows, strict=True))
    widths = [max(map(len, column)) for column in columns]
    lines = [grid.title]
    for row in (grid.headers, *grid.rows):
        cells = [
            cell.rjust(width) if grid.is_number(place) else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return lines


def grids(assessment: Assessment) -> list[Grid]:
    """Return the tables of a report."""
    whole = {"": assessment.figures}
    tables = [
        _overview(assessment),
        _by_label("by label: scores, and rows by what was said", assessment.labels, whole),
        _curve(assessment.figures),
    ]
    if assessment.by is not None:
        by = visible(assessment.by)
        names = unique_names([visible(name) or "(blank)" for name in assessment.groups])
        groups = dict(zip(names, assessment.groups.values(), strict=True))
        tables += [
            _groups(by, groups),
            _groups_surely(by, groups),
            _by_label(f"by {by} and label", assessment.labels, groups, by),
            _group_curves(by, groups),
        ]
    if assessment.mistakes:
        tables.append(_mistakes(assessment))
    return tables


def _overview(assessment: Assessment) -> Grid:
    figures = assessment.figures
    report, majority = figures.report, figures.majority
    rows = [
        ("rows", str(report.n), ""),
        ("accuracy", _four(report.accuracy), _interval(figures.accuracy_interval)),
        ("macro F1", _four(report.macro_f1), _interval(figures.macro_f1_interval)),
        ("log loss", _four(report.log_loss), ""),
        ("Brier score", _four(report.brier), ""),
        ("calibration error", _four(report.ece), ""),
        ("status ok", _four(figures.coverage), ""),
        ("accuracy of ok", _four(figures.accuracy_ok), ""),
        (f"accuracy of always {majority.label}", _four(majority.accuracy), ""),
        (f"macro F1 of always {majority.label}", _four(majority.macro_f1), ""),
    ]
    if figures.n_activity:
        rows += [
            ("rows with an activity", str(figures.n_activity), ""),
            ("activity right", _four(figures.activity_top1), ""),
            ("activity in first three", _four(figures.activity_top3), ""),
        ]
    return Grid("all rows", ("figure", "value", "95 % interval"), rows)


def _by_label(title: str, labels: Sequence[str], of: dict[str, Figures], by: str | None = None) -> Grid:
    """Return the scores and the confusion matrix of each label, for all rows or for each group."""
    headers = ("label", "precision", "recall", "F1", "support", *(f"said {label}" for label in labels))
    rows = [
        (
            *(() if by is None else (name,)),
            scores.label,
            _four(scores.precision),
            _four(scores.recall),
            _four(scores.f1),
            str(scores.support),
            *map(str, said),
        )
        for name, figures in of.items()
        for scores, said in zip(figures.report.labels, figures.confusion, strict=True)
    ]
    return Grid(title, headers if by is None else (by, *headers), rows, n_words=1 if by is None else 2)


def _curve(figures: Figures) -> Grid:
    rows = [
        (f"{100 * point.coverage:.0f} %", _four(point.accuracy), _four(point.confidence)) for point in figures.curve
    ]
    return Grid("the surest answers", ("share", "accuracy", "confidence from"), rows, n_words=0)


def _groups(by: str, groups: dict[str, Figures]) -> Grid:
    headers = (by, "rows", "accuracy", "95 % interval", "macro F1", "95 % interval", "majority")
    rows = [
        (
            name,
            str(figures.report.n),
            _four(figures.report.accuracy),
            _interval(figures.accuracy_interval),
            _four(figures.report.macro_f1),
            _interval(figures.macro_f1_interval),
            _four(figures.majority.accuracy),
        )
        for name, figures in groups.items()
    ]
    return Grid(f"by {by}", headers, rows)


def _groups_surely(by: str, groups: dict[str, Figures]) -> Grid:
    headers = (by, "log loss", "Brier", "ECE", "ok", "accuracy of ok", "activity", "in three")
    rows = [
        (
            name,
            *map(_four, (figures.report.log_loss, figures.report.brier, figures.report.ece)),
            *map(_four, (figures.coverage, figures.accuracy_ok, figures.activity_top1, figures.activity_top3)),
        )
        for name, figures in groups.items()
    ]
    return Grid(f"by {by}: probabilities, status and activity", headers, rows)


def _group_curves(by: str, groups: dict[str, Figures]) -> Grid:
    headers = (by, *(f"{10 * tenth} %" for tenth in range(1, 11)))
    rows = [(name, *_tenths(figures)) for name, figures in groups.items()]
    return Grid(f"by {by}: accuracy of the surest answers", headers, rows)


def _tenths(figures: Figures) -> list[str]:
    """Return the accuracy at each tenth; a group of fewer than ten rows has no share of its own near some of them."""
    near = {round(10 * point.coverage): f"{point.accuracy:.3f}" for point in figures.curve}
    return [near.get(tenth, "-") for tenth in range(1, 11)]


def _mistakes(assessment: Assessment) -> Grid:
    rows = [
        (str(wrong.line), wrong.truth, wrong.said, _four(wrong.confidence), visible(wrong.text))
        for wrong in assessment.mistakes
    ]
    headers = ("line", "truth", "said", "confidence", "text")
    return Grid("the surest mistakes", headers, rows, n_words=3, words_last=True)


def _four(figure: float | None) -> str:
    return "-" if figure is None else f"{figure:.4f}"


def _interval(interval: Interval) -> str:
    return f"{interval.low:.3f}-{interval.high:.3f}"


def plain_remarks(assessment: Assessment) -> list[str]:
    """Return lines on rows that were left out, and on rows that the model may know by heart."""
    n = assessment.figures.report.n
    lines = [
        f"note: {counted(count, 'row')} {what}"
        for count, what in (
            (assessment.n_unlabelled, "without a label, left out"),
            (assessment.n_blank, "with a label but without a text, left out"),
            (
                assessment.n_unknown_activity,
                "with an activity that the model does not know, left out of the activity's figures",
            ),
        )
        if count
    ]
    if seen := assessment.n_seen:
        share = f"{seen} of {counted(n, 'row')} ({100 * seen / n:.1f} %)"
        lines.append(f"warning: {share} are among the examples that the model was made from; new texts may fare worse")
    return lines


def json_assessment(assessment: Assessment, source: str, model: str) -> dict[str, Any]:
    """Return all there is as JSON has it; figures to six digits."""
    return {
        "file": source,
        "model": model,
        **_json_figures(assessment.figures),
        **{name: getattr(assessment, name) for name in ("n_unlabelled", "n_blank", "n_unknown_activity", "n_seen")},
        "by": assessment.by,
        "groups": {name: _json_figures(figures) for name, figures in assessment.groups.items()},
        "mistakes": [_six(asdict(wrong)) for wrong in assessment.mistakes],
    }


def _json_figures(figures: Figures) -> dict[str, Any]:
    labels = [scores.label for scores in figures.report.labels]
    of_labels = {scores.label: asdict(scores) for scores in figures.report.labels}
    confusion = {
        truth: dict(zip(labels, said, strict=True)) for truth, said in zip(labels, figures.confusion, strict=True)
    }
    return {
        **_six(figures.scalars()),
        "majority_label": figures.majority.label,
        "labels": {label: _six(scores) for label, scores in of_labels.items()},
        "confusion": confusion,
        "curve": [_six(asdict(point)) for point in figures.curve],
        "reliability": [_six(asdict(of_bin)) for of_bin in figures.reliability],
    }


def _six(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: round(value, 6) if isinstance(value, float) else value for name, value in fields.items()}
