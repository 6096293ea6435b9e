"""Drawings of an assessment as files: PNG and SVG. Needs the extra `plot`; no window is ever opened."""

from __future__ import annotations

import logging
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from smclassify.errors import TableError, UsageError
from smclassify.tables.target import check_target, open_target

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from matplotlib.axes import Axes

    from smclassify.training.assessment import Assessment

_FORMATS: dict[str, dict[str, Any]] = {"png": {"Software": None}, "svg": {"Date": None, "Creator": None}}
"""The formats of the files, each with what is left out of them so that equal figures give equal files."""
_STYLE: dict[Any, Any] = {"svg.hashsalt": "smclassify", "text.parse_math": False, "figure.dpi": 100, "savefig.dpi": 150}
_BLUE, _GREY, _ORANGE = "#3366aa", "#888888", "#cc6600"


def plot_paths(folder: Path) -> list[Path]:
    """Return the files that `write_plots` writes."""
    return [folder / f"{name}.{kind}" for name in _DRAWINGS for kind in _FORMATS]


def check_plots(folder: Path, source: str, *, force: bool) -> None:
    """Raise unless plots can be drawn into a folder, which need not exist; done before any work.

    Raises:
        UsageError: matplotlib is not installed; the tip has the command that installs it.
        TableError: A file is there already and `force` is not set, or the folder is a file.
    """
    if find_spec("matplotlib") is None:
        message = "Plots need matplotlib, which is not installed."
        raise UsageError(message, "Install it: pip install 'smclassify[plot]'")
    if folder.is_dir():
        for path in plot_paths(folder):
            check_target(str(path), source, force=force)
    elif folder.exists():
        raise TableError(f"{folder}: this is a file, not a folder.", "Name a folder with --plot.")


def write_plots(assessment: Assessment, folder: Path) -> None:
    """Write a reliability diagram, a coverage curve and the confusion matrix into a folder, which is made if needed.

    Raises:
        TableError: A file cannot be written, or the folder cannot be made.
    """
    from matplotlib import rc_context, rcdefaults, rcParams  # noqa: PLC0415 - an extra
    from matplotlib.figure import Figure  # noqa: PLC0415

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TableError(f"{folder}: cannot make the folder: {error.strerror}.") from error
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # it tells of its font cache
    with rc_context():
        rcdefaults()
        rcParams.update(_STYLE)
        for name, draw in _DRAWINGS.items():
            figure = Figure(figsize=(5, 4.5), layout="constrained")
            draw(figure.subplots(), assessment)
            for kind, metadata in _FORMATS.items():
                with open_target(str(folder / f"{name}.{kind}")) as handle:
                    figure.savefig(handle, format=kind, metadata=metadata)


def _draw_reliability(axes: Axes, assessment: Assessment) -> None:
    bins, report = assessment.figures.reliability, assessment.figures.report
    axes.bar(
        [of.low for of in bins],
        [of.accuracy for of in bins],
        width=[of.high - of.low for of in bins],
        align="edge",
        color=_BLUE,
        alpha=0.3,
    )
    axes.plot([0, 1], [0, 1], color=_GREY, linestyle="--", label="perfectly calibrated")
    sizes = [20 + 300 * of.n / report.n for of in bins]
    axes.scatter([of.confidence for of in bins], [of.accuracy for of in bins], s=sizes, color=_BLUE)
    axes.set(
        title=f"Reliability: ECE {report.ece:.4f}, {report.n:,} rows",
        xlabel="confidence",
        ylabel="accuracy",
        xlim=(0, 1.02),
        ylim=(0, 1.02),
    )
    axes.legend(loc="upper left")


def _draw_coverage(axes: Axes, assessment: Assessment) -> None:
    figures = assessment.figures
    axes.plot(
        [point.coverage for point in figures.curve],
        [point.accuracy for point in figures.curve],
        marker="o",
        color=_BLUE,
        label="the surest answers",
    )
    axes.axhline(figures.majority.accuracy, color=_GREY, linestyle="--", label=f"always {figures.majority.label}")
    if figures.accuracy_ok is not None:
        axes.scatter([figures.coverage], [figures.accuracy_ok], marker="D", color=_ORANGE, zorder=3, label="status ok")
    axes.set(title="Accuracy of the surest answers", xlabel="share of rows", ylabel="accuracy", xlim=(0, 1.02))
    axes.set_ylim(0, 1.02)
    axes.legend(loc="lower left")


def _draw_confusion(axes: Axes, assessment: Assessment) -> None:
    counts = np.array(assessment.figures.confusion)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    places = range(len(assessment.labels))
    axes.set_xticks(places, assessment.labels)
    axes.set_yticks(places, assessment.labels)
    axes.set(title="Rows by label", xlabel="said", ylabel="truth")
    for truth in places:
        for said in places:
            share = shares[truth, said]
            text = f"{counts[truth, said]:,}\n{100 * share:.1f} %"
            axes.text(said, truth, text, ha="center", va="center", color="white" if share > 0.5 else "black")


_DRAWINGS: dict[str, Callable[[Axes, Assessment], None]] = {
    "reliability": _draw_reliability,
    "coverage": _draw_coverage,
    "confusion": _draw_confusion,
}
