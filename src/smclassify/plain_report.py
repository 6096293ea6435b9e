"""What there is to say of a report beside the page itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smclassify.plain import visible

if TYPE_CHECKING:
    from smclassify.report import ReportData


def plain_written(data: ReportData, target: str) -> list[str]:
    """Return lines on where a report is, and on dates that could not be read."""
    lines = [f"report written to {target}"]
    for grouping in data.groupings:
        n_rows = sum(row.n_rows for row in grouping.rows if row.kind == "unreadable")
        if n_rows:
            cells = "1 cell is no date" if n_rows == 1 else f"{n_rows} cells are no dates"
            lines.append(f"note: {cells} in {grouping.column.name!r}; --date-format says how dates are written")
    return [visible(line) for line in lines]
