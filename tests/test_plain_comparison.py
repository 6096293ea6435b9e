from __future__ import annotations

import json
from dataclasses import replace

from comparing import CALL_X, OF_TASKS, RANK, SIGN

from smclassify.plain_comparison import (
    json_change,
    json_summary,
    plain_change,
    plain_counts,
    plain_failure,
    plain_notes,
)


def test_a_plain_line() -> None:
    assert plain_change(SIGN) == "6\tsign\tsales\t0.7881\tok\tmarketing\t0.5761\tunsure"
    assert plain_change(replace(SIGN, text="a\tb\x1b[31m\n")) == (
        "6\ta\\tb\\x1b[31m\\n\tsales\t0.7881\tok\tmarketing\t0.5761\tunsure"
    )


def test_counts() -> None:
    assert plain_counts(OF_TASKS) == [
        "7 rows: 4 changed (3 labels, 3 statuses)",
        "  label sales -> marketing: 2",
        "  label marketing -> sales: 1",
        "  status ok -> unsure: 2",
        "  status unsure -> ok: 1",
    ]
    one = replace(OF_TASKS, n_rows=1, n_changed=0, labels=(), statuses=OF_TASKS.statuses[3:4])
    assert plain_counts(one) == ["1 row: 0 changed (0 labels, 0 statuses)"]
    assert plain_failure(OF_TASKS) == "changed: 4 of 7 rows"


def test_notes() -> None:
    assert plain_notes(OF_TASKS) == []
    odd = replace(OF_TASKS, changes=(RANK,), only_before=("a",), only_after=("b", "c"), unclosed_line=9)
    assert plain_notes(odd) == [
        "note: only the first model has the label a",
        "note: only the second model has the labels b, c",
        "note: 1 of 4 changed rows shown; --limit 0 shows all",
        "problem: a quoted cell that starts on line 9 never ends; all below it became one cell",
    ]


def test_json() -> None:
    assert json.loads(json_change(SIGN)) == {
        "line": 6,
        "text": "sign",
        "changed": ["label", "status"],
        "before": {"label": "sales", "confidence": 0.788058, "status": "ok"},
        "after": {"label": "marketing", "confidence": 0.576117, "status": "unsure"},
    }
    assert [json.loads(json_change(change))["changed"] for change in (RANK, CALL_X)] == [["label"], ["status"]]
    assert json.loads(json_summary(replace(OF_TASKS, only_after=("x",)), "a", "b", "tasks.csv")) == {
        "summary": {
            "before": "a",
            "after": "b",
            "file": "tasks.csv",
            "rows": 7,
            "changed": 4,
            "changed_labels": 3,
            "changed_statuses": 3,
            "labels": [
                {"before": "sales", "after": "sales", "rows": 3},
                {"before": "sales", "after": "marketing", "rows": 2},
                {"before": "marketing", "after": "sales", "rows": 1},
            ],
            "statuses": [
                {"before": "ok", "after": "ok", "rows": 2},
                {"before": "ok", "after": "unsure", "rows": 2},
                {"before": "unsure", "after": "ok", "rows": 1},
                {"before": "unsure", "after": "unsure", "rows": 1},
                {"before": "empty", "after": "empty", "rows": 1},
            ],
            "only_before": [],
            "only_after": ["x"],
            "unclosed_line": None,
        }
    }
