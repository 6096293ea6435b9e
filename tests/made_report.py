"""A small report with whatever users might write."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from conftest import make_model

from smclassify.predictions import EMPTY, NONE, OK, UNSURE
from smclassify.report import ReportTally
from smclassify.report_gather import FileAnswers
from smclassify.report_groups import GroupColumn
from smclassify.tables.delimited import DelimitedChunk

if TYPE_CHECKING:
    from smclassify.report import ReportData

HOSTILE = [
    "<script>hacked = 1</script>",
    "</script><script>hacked = 2</script>",
    '"><img src=x onerror="hacked = 3">',
    "'onmouseover='hacked = 4",
    "{{ 7 * 7 }} {% raw %} ${hacked = 5}",
    "<!-- <script> & &lt;b&gt; &amp;amp;",
    "javascript:hacked = 6",
    "\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627",
]
ESCAPED = {
    "evil \u202egpj.exe": r"evil \u202egpj.exe",
    "line\u2028end\nof\x1b[31m": r"line\u2028end\nof\x1b[31m",
    "half \ud800": r"half \ud800",
}
"""Texts with signs that are not seen, and what is shown of them."""
OWNERS = ["<em>Ann", 'O\'Neil & "Co"', "Zoe"]
TEXTS = [*HOSTILE, *ESCAPED]


def made_report(n_sure: int = 20) -> ReportData:
    """Return a report by the tiny model: the texts above unsure, `n_sure` more rows ok, and one empty row."""
    texts = [*TEXTS, *[f"task {number}" for number in range(n_sure)], ""]
    n, n_unsure = len(texts), len(TEXTS)
    place = np.arange(n)
    status = np.where(place < n_unsure, UNSURE, OK)
    label, activity = place % 2, place % 2 * 2
    label[-1] = activity[-1] = NONE
    status[-1] = EMPTY
    confidence = np.where(status == UNSURE, 0.3 + place / 100, 0.95)
    confidence[-1] = 0
    cells = [[text, OWNERS[number % 3], f"2026-01-{number % 28 + 1:02}"] for number, text in enumerate(texts)]
    columns = [GroupColumn(1, "<b>owner</b>"), GroupColumn(2, "due", "week")]
    tally = ReportTally("/some/where/<i>tasks.csv", make_model(), columns)
    raws = [",".join('"' + cell.replace('"', '""') + '"' for cell in row) + "\n" for row in cells]
    tally.add(DelimitedChunk(texts, range(2, n + 2), raws=raws), FileAnswers(label, activity, status, confidence))
    return tally.data()
