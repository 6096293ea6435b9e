"""A report as one HTML page that needs nothing beside it. Needs the extra `report`.

The page may run and show only what it came with: its content security policy names the SHA-256 digest of each script
and style sheet, and allows no connection.
"""

from __future__ import annotations

import base64
import hashlib
from importlib.util import find_spec
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, assert_never

from smclassify import __version__
from smclassify.errors import UsageError
from smclassify.paths import shipped
from smclassify.plain import visible
from smclassify.report import N_BINS
from smclassify.report_groups import FOLDED, SHOWN_VALUES
from smclassify.tables.target import open_target

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smclassify.definitions import Catalogue
    from smclassify.report import ReportData
    from smclassify.report_groups import GroupColumn, Grouping, GroupRow

    _Part = tuple[str, int | str, list[int]]

SCRIPTS = ("vendor/chart.umd.min.js", "vendor/dataTables.min.js", "report.js")
"""The scripts of the page, in the order in which they run."""
_FOLDER = "page"
_PERIOD_NAMES = {"day": "day", "week": "week, from Monday", "month": "month"}


def check_jinja() -> None:
    """Raise unless pages can be made.

    Raises:
        UsageError: Jinja2 is not installed; the tip has the command that installs it.
    """
    if find_spec("jinja2") is None:
        message = "A report needs Jinja2, which is not installed."
        raise UsageError(message, "Install it: pip install 'smclassify[report]'")


def html_report(data: ReportData, catalogue: Catalogue) -> str:
    """Return the page.

    Args:
        data: What it says.
        catalogue: The definitions of the labels and activities in it.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415 - an extra
    from markupsafe import Markup  # noqa: PLC0415

    environment = Environment(
        loader=FileSystemLoader(shipped(_FOLDER)),
        autoescape=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: visible(value) if type(value) is str else value,
    )
    environment.filters |= {"share": _share, "count": "{:,}".format, "heading": _heading, "value": _value}
    style, *scripts = (shipped(f"{_FOLDER}/{name}").read_text(encoding="utf-8") for name in ("report.css", *SCRIPTS))
    used = {*data.labels, *(count.slug for count in data.activities)}
    return environment.get_template("report.html.jinja").render(
        data=data,
        source=PurePath(data.source).name,
        bins=[(_bin(place), counts) for place, counts in enumerate(zip(*data.confidences.values(), strict=True))],
        catalogue=catalogue,
        definitions=[definition for definition in catalogue.definitions if definition.slug in used],
        charts=_charts(data, catalogue),
        folded=FOLDED,
        version=__version__,
        style=Markup(style),  # noqa: S704 - our own
        scripts=[Markup(script) for script in scripts],  # noqa: S704 - they come with the program
        policy=_policy(style, scripts),
    )


def _policy(style: str, scripts: Sequence[str]) -> str:
    """Return the content security policy: these, and nothing else."""
    digests = " ".join(map(_digest, scripts))
    return f"default-src 'none'; script-src {digests}; style-src {_digest(style)}; base-uri 'none'; form-action 'none'"


def _digest(content: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"


def _charts(data: ReportData, catalogue: Catalogue) -> list[dict[str, Any]]:
    """Return the bar charts of the page, as its script wants them.

    Each has the `id` of its place, what the bars stand for, and the lengths of their parts, series by series; a
    `colour` is a number for a label, else a name.
    """
    names = {slug: visible(definition.name) for slug, definition in catalogue.labels.items()}
    activities = data.activities[:SHOWN_VALUES]
    owners = [catalogue.activities[count.slug].label for count in activities]
    lowest = next(
        (place for place, counts in enumerate(zip(*data.confidences.values(), strict=True)) if any(counts)), 0
    )
    by_label = [
        (names[label], colour, [n_rows if other == label else 0 for other in data.labels])
        for colour, (label, n_rows) in enumerate(data.labels.items())
    ]
    by_activity = [
        (
            names[label],
            colour,
            [count.n_rows if owner == label else 0 for count, owner in zip(activities, owners, strict=True)],
        )
        for colour, label in enumerate(data.labels)
    ]
    by_confidence = [(status, status, list(counts[lowest:])) for status, counts in data.confidences.items()]
    bins = [_bin(place) for place in range(lowest, N_BINS)]
    charts = [
        _chart("labels", list(names.values()), by_label),
        _chart("confidences", bins, by_confidence, is_upright=True),
        _chart("activities", [visible(catalogue.activities[count.slug].name) for count in activities], by_activity),
    ]
    for number, grouping in enumerate(data.groupings, 1):
        rows = [row for row in grouping.rows if row.kind not in FOLDED]
        parts: list[_Part] = [
            (names[label], colour, [row.labels[colour] for row in rows]) for colour, label in enumerate(data.labels)
        ]
        if any(row.n_rows > sum(row.labels) for row in rows):
            parts.append(("no label", "none", [row.n_rows - sum(row.labels) for row in rows]))
        values = [visible(_value(row, grouping)) for row in rows]
        charts.append(_chart(f"group{number}", values, parts, is_upright=grouping.column.period is not None))
    return charts


def _chart(place: str, bars: Sequence[str], parts: Sequence[_Part], *, is_upright: bool = False) -> dict[str, Any]:
    series = [{"name": name, "colour": colour, "lengths": lengths} for name, colour, lengths in parts]
    return {"id": place, "bars": bars, "series": series, "isUpright": is_upright}


def _bin(place: int) -> str:
    return f"{place / N_BINS:.2f}\N{EN DASH}{(place + 1) / N_BINS:.2f}"


def _value(row: GroupRow, grouping: Grouping) -> str:
    """Return what a group is called."""
    match row.kind:
        case "value":
            return row.value
        case "blank":
            return "(blank)"
        case "unreadable":
            return "(no date)"
        case "earlier":
            return f"(earlier: {row.n_values:,})"
        case "other":
            more = "more than " if grouping.has_more else ""
            return f"(other values: {more}{row.n_values:,})"
        case _ as unknown:
            assert_never(unknown)


def _heading(column: GroupColumn) -> str:
    return column.name + (f" ({_PERIOD_NAMES[column.period]})" if column.period else "")


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f}\N{NO-BREAK SPACE}%" if whole else "\N{EN DASH}"


def write_report(data: ReportData, catalogue: Catalogue, target: str) -> None:
    """Write the page to a file, which appears whole or not at all, or to standard output for `-`.

    Raises:
        TableError: The file cannot be written.
    """
    page = html_report(data, catalogue)
    with open_target(target) as handle:
        handle.write(page.encode())
