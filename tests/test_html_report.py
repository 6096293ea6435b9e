from __future__ import annotations

import hashlib
import json
import re
import tomllib
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from conftest import ROOT, make_catalogue, make_model
from hypothesis import given, settings
from hypothesis import strategies as st
from made_report import ESCAPED, HOSTILE, OWNERS, made_report

from smclassify import html_report
from smclassify.errors import UsageError
from smclassify.plain import visible
from smclassify.report import ListedRow, ReportTally

PAGE = html_report.html_report(made_report(), make_catalogue())
VENDORS = [ROOT / "src/smclassify/page/vendor", ROOT / "tests/vendor"]


class Page(HTMLParser):
    """The parts of a page as a browser would take them apart."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.scripts: list[str] = []
        self._inside = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._inside = tag

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002 - as its parent has it
        self._inside = ""

    def handle_data(self, data: str) -> None:
        (self.scripts if self._inside == "script" else self.texts).append(data)


def charts(page: str) -> dict[str, dict[str, object]]:
    [content] = re.findall(r'<script type="application/json" id="charts">(.*?)</script>', page)
    return {chart["id"]: chart for chart in json.loads(content)}


def test_what_users_wrote_is_text() -> None:
    page = Page(PAGE)
    for text in [*HOSTILE, *ESCAPED.values()]:
        assert text in page.texts
    assert sum(tag == "script" for tag, _ in page.tags) == 4
    assert not {"img", "b", "i", "em"} & {tag for tag, _ in page.tags}
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on") or name == "style"]
    assert not re.search("[\u202a-\u202e\u2066-\u2069\u2028\u2029\x1b]", PAGE)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=40))
def test_any_text_is_shown_as_it_is(text: str) -> None:
    row = ListedRow(2, text, "sales", "seo", 0.5, (text, text))
    data = made_report(0)
    page = Page(html_report.html_report(replace(data, source=f"x/{text}", listed=(row,)), make_catalogue()))
    # a carriage return is shown as an escape, so that nothing is left that a parser would change
    assert page.texts.count(visible(text)) >= 3 or not visible(text)
    assert sum(tag == "script" for tag, _ in page.tags) == 4


def test_the_policy_allows_the_page_s_own_scripts_and_nothing_else() -> None:
    [policy] = [tag["content"] for name, tag in Page(PAGE).tags if tag.get("http-equiv") == "Content-Security-Policy"]
    assert policy is not None
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    scripts = re.findall(r"<script>(.*?)</script>", PAGE, re.DOTALL)
    [style] = re.findall(r"<style>(.*?)</style>", PAGE, re.DOTALL)
    assert rules == {
        "default-src": "'none'",
        "script-src": " ".join(map(html_report._digest, scripts)),
        "style-src": html_report._digest(style),
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    assert len(scripts) == 3


def test_nothing_in_the_page_points_elsewhere() -> None:
    links = [
        value
        for _, attributes in Page(PAGE).tags
        for name, value in attributes.items()
        if name in {"src", "href", "action", "srcset", "poster", "data"}
    ]
    assert links == ["#unsure-heading"]
    assert "url(" not in (ROOT / "src/smclassify/page/report.css").read_text()


def test_the_bars() -> None:
    drawn = charts(PAGE)
    assert list(drawn) == ["labels", "confidences", "activities", "group1", "group2"]
    assert drawn["labels"] == {
        "id": "labels",
        "bars": ["Sales", "Marketing"],
        "series": [
            {"name": "Sales", "colour": 0, "lengths": [16, 0]},
            {"name": "Marketing", "colour": 1, "lengths": [0, 15]},
        ],
        "isUpright": False,
    }
    assert drawn["activities"]["bars"] == ["Cold outreach", "SEO"]
    assert drawn["group1"]["bars"] == OWNERS
    assert [part["name"] for part in drawn["group2"]["series"]] == ["Sales", "Marketing", "no label"]  # type: ignore[attr-defined]
    assert drawn["group2"]["isUpright"]
    assert str(drawn["confidences"]["bars"]).startswith("['0.30\N{EN DASH}0.35', ")


def test_a_table_that_leaves_rows_out_says_so() -> None:
    data = made_report()
    assert "rows with the lowest confidence" not in PAGE
    shorter = html_report.html_report(replace(data, listed=data.listed[:2]), make_catalogue())
    assert "These are the 2 rows with the lowest confidence; 11 rows are unsure." in shorter


def test_a_report_of_no_rows() -> None:
    page = html_report.html_report(ReportTally("empty.csv", make_model(), []).data(), make_catalogue())
    assert "There are none." in page
    assert 'id="unsure"' not in page
    assert charts(page)["labels"]["bars"] == ["Sales", "Marketing"]


def test_without_jinja_one_sentence_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(html_report, "find_spec", lambda _: None)
    with pytest.raises(UsageError) as caught:
        html_report.check_jinja()
    assert caught.value.message == "A report needs Jinja2, which is not installed."
    assert caught.value.tip == "Install it: pip install 'smclassify[report]'"


@pytest.mark.parametrize("folder", VENDORS, ids=["page", "tests"])
def test_what_is_carried_of_others_is_what_they_published(folder: Path) -> None:
    carried = tomllib.loads((folder / "vendor.toml").read_text())["file"]
    assert {file["name"] for file in carried} == {path.name for path in folder.glob("*.js")}
    notice = (ROOT / "NOTICE").read_text()
    for file in carried:
        assert hashlib.sha256((folder / file["name"]).read_bytes()).hexdigest() == file["sha256"]
        assert file["licence_files"]
        assert all((folder / name).read_text().strip() for name in file["licence_files"])
        assert f"{file['package']} {file['version']}" in notice
        assert all(part in notice for part in file["bundled"])


def test_no_script_can_end_early() -> None:
    for name in html_report.SCRIPTS:
        script = (ROOT / "src/smclassify/page" / name).read_text()
        assert not re.search(r"</script|<!--|\r", script, re.IGNORECASE)
