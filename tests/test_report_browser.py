"""A report in a real browser: Chromium, driven by Playwright. The browser itself is not installed by pip."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from conftest import ROOT, make_catalogue
from made_report import ESCAPED, HOSTILE, OWNERS, TEXTS, made_report
from playwright.sync_api import expect, sync_playwright

from smclassify.html_report import html_report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
if BROWSER is None and not os.environ.get("SMCLASSIFY_NEEDS_BROWSER"):
    pytest.skip("no Chromium here: apt-get install chromium", allow_module_level=True)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SIZES = [(390, 844), (820, 1180), (1440, 900)]
BAR = "charts[0].getDatasetMeta(0).data[0].options.backgroundColor"
AXE = (ROOT / "tests/vendor/axe.min.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    assert BROWSER, "SMCLASSIFY_NEEDS_BROWSER is set, and there is no Chromium: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(html_report(made_report(), make_catalogue()), encoding="utf-8")
    return path


@pytest.fixture
def show(browser: Browser, path: Path) -> Iterator[Callable[..., Page]]:
    """Show the page; at the end nothing was said on the console, and nothing was asked for but the page."""
    said, asked, contexts = list[str](), list[str](), []

    def show(width: int = 1440, height: int = 900, **options: Any) -> Page:  # noqa: ANN401 - Playwright's
        contexts.append(browser.new_context(viewport={"width": width, "height": height}, **options))
        page: Page = contexts[-1].new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(path.as_uri())
        return page

    yield show
    hacked = [context.pages[0].evaluate("typeof hacked") for context in contexts]
    for context in contexts:
        context.close()
    assert said == []
    assert set(asked) == {path.as_uri()}
    assert set(hacked) == {"undefined"}


def texts_shown(page: Page) -> list[str]:
    return page.locator("#unsure tbody td:nth-child(2)").all_inner_texts()


def test_what_users_wrote_is_seen_as_they_wrote_it(show: Callable[..., Page]) -> None:
    page = show()
    assert texts_shown(page) == [*HOSTILE, *ESCAPED.values()]
    assert page.locator("h1").inner_text() == "Activities by label <i>tasks.csv"
    assert page.locator("#group1-heading").inner_text() == "By <b>owner</b>"
    assert page.locator("canvas").count() == 5


def test_sorting_by_mouse_and_keyboard(show: Callable[..., Page]) -> None:
    page = show()
    header = page.get_by_role("columnheader", name="confidence")
    header.click()
    expect(header).to_have_attribute("aria-sort", "ascending")
    assert texts_shown(page)[0] == HOSTILE[0]
    header.get_by_role("button").focus()
    page.keyboard.press("Enter")
    expect(header).to_have_attribute("aria-sort", "descending")
    assert texts_shown(page) == [*HOSTILE, *ESCAPED.values()][::-1]
    page.get_by_label("Search").focus()
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.closest('th')?.textContent") == "line":
            break
    page.keyboard.press("Enter")
    expect(page.get_by_role("columnheader", name="line")).to_have_attribute("aria-sort", "ascending")
    assert texts_shown(page)[0] == HOSTILE[0]


def test_searching_for_what_users_wrote(show: Callable[..., Page]) -> None:
    page = show()
    page.get_by_label("Search").fill("<script>")
    assert texts_shown(page) == [HOSTILE[0], HOSTILE[1], HOSTILE[5]]
    page.get_by_label("Search").fill("&lt;b&gt;")
    assert texts_shown(page) == [HOSTILE[5]]
    page.get_by_label("Search").fill("no such text")
    assert page.locator("#unsure tbody").inner_text() == "No row fits."
    page.get_by_label("Search").fill("")
    assert len(texts_shown(page)) == len(TEXTS)


def test_filtering(show: Callable[..., Page]) -> None:
    page = show()
    filters = page.get_by_role("group", name="Filters")
    filters.get_by_label("label").select_option("Marketing")
    assert texts_shown(page) == [*HOSTILE, *ESCAPED.values()][1::2]
    filters.get_by_label("<b>owner</b>").select_option(OWNERS[1])
    assert texts_shown(page) == [HOSTILE[1], HOSTILE[7]]
    assert page.locator(".dt-info").inner_text() == "1 to 2 of 2 rows (chosen from 11)"
    filters.get_by_label("label").select_option("all")
    filters.get_by_label("<b>owner</b>").select_option("all")
    assert len(texts_shown(page)) == len(TEXTS)


@pytest.mark.parametrize("way", ["hover", "focus", "tap"])
def test_a_definition_is_shown_where_it_is_asked_for(show: Callable[..., Page], way: str) -> None:
    page = show(has_touch=True)
    term, tip = page.locator("#unsure .term").nth(1), page.locator("#tip")
    assert tip.is_hidden()
    getattr(term, way)()
    assert tip.inner_text() == "First contact."
    box, room = tip.bounding_box(), page.viewport_size
    assert box is not None
    assert room is not None
    assert 0 <= box["x"] <= room["width"] - box["width"]
    assert page.locator(f"#{term.get_attribute('aria-describedby')}").inner_text() == "First contact."
    page.keyboard.press("Escape")
    assert tip.is_hidden()


def test_the_theme_is_the_system_s_until_it_is_chosen(show: Callable[..., Page]) -> None:
    page = show(color_scheme="dark")
    dark, light = "rgb(22, 24, 29)", "rgb(255, 255, 255)"
    ground = "getComputedStyle(document.body).backgroundColor"
    assert (page.evaluate(ground), page.evaluate(BAR)) == (dark, "rgb(108, 177, 245)")
    page.get_by_label("Theme").select_option("light")
    assert (page.evaluate(ground), page.evaluate(BAR)) == (light, "rgb(27, 110, 194)")
    page.get_by_label("Theme").select_option("as the system")
    page.emulate_media(color_scheme="light")
    for _ in range(50):  # the page forbids `eval`, by which playwright's own waiting looks again
        if page.evaluate(BAR) == "rgb(27, 110, 194)":
            break
        page.wait_for_timeout(100)
    assert (page.evaluate(ground), page.evaluate(BAR)) == (light, "rgb(27, 110, 194)")


def test_it_prints_light_with_all_figures_and_is_as_before_then(show: Callable[..., Page]) -> None:
    page = show(color_scheme="dark")
    figures = page.locator("details").first
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert figures.locator("table").is_visible()
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(27, 31, 38)"
    assert page.evaluate(BAR) == "rgb(27, 110, 194)"
    assert page.locator("#filters").is_hidden()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    page.emulate_media(media="screen")
    assert figures.locator("table").is_hidden()
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(232, 234, 238)"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), SIZES, ids=str)
def test_accessibility_and_width(show: Callable[..., Page], width: int, height: int, scheme: str) -> None:
    page = show(width, height, color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    page.evaluate("document.querySelectorAll('details').forEach((details) => { details.open = true; })")
    page.locator(".term").first.focus()
    page.evaluate(AXE)
    found = page.evaluate("axe.run({resultTypes: ['violations']}).then((result) => result.violations)")
    problems = {violation["id"]: [node["target"] for node in violation["nodes"]][:3] for violation in found}
    assert problems == {}


def test_without_scripts_everything_is_there(browser: Browser, path: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(path.as_uri())
    assert texts_shown(page) == [*HOSTILE, *ESCAPED.values()]
    assert page.get_by_text("Without scripts there are no charts").is_visible()
    context.close()
