"""The page as a real browser shows it: nothing cut, legible, by keyboard, dark, on paper, accessible.

PAWTRACE_AXE names axe-core's axe.min.js (from npm), which is not part of the project.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browsing import AXE, CUT, NEEDS_CHROMIUM, brightness, chromium, opened, violations

WIDTHS = (1280, 400)
MIN_TEXT_PX = 11
MAX_PAGES = 8

pytestmark = [pytest.mark.slow, *NEEDS_CHROMIUM]

# The height of each text of a chart, in pixels of the screen.
TEXT_SIZES = """() => [...document.querySelectorAll('svg.chart text')].filter(
    text => text.getBoundingClientRect().width > 0
).map(text => {
    const matrix = text.getScreenCTM();
    return parseFloat(getComputedStyle(text).fontSize) * Math.hypot(matrix.c, matrix.d);
})"""


@pytest.fixture(scope="module")
def address(page: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    file: Path = tmp_path_factory.mktemp("page") / "report.html"
    file.write_text(page, encoding="utf-8")
    return file.as_uri()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as started:
        yield started


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_cut_and_no_chart_has_small_text(browser: Any, address: str, width: int) -> None:
    page = opened(browser, address, width, unfold=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(CUT) == []
    sizes = page.evaluate(TEXT_SIZES)
    assert len(sizes) > 100
    assert min(sizes) >= MIN_TEXT_PX


def test_everything_is_reached_and_opened_by_keyboard(browser: Any, address: str) -> None:
    page = opened(browser, address)
    wanted = page.evaluate(
        "[...document.querySelectorAll('a, summary')].filter(e => e.checkVisibility()).length"
    )
    reached = set()
    for _ in range(wanted + 1):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate("[...document.querySelectorAll('a, summary')].indexOf(document.activeElement)")
        )
    assert len(reached - {-1}) == wanted
    closed = page.locator("details:not([open]) > summary").first
    closed.focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.parentElement.open")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline != "none"


def test_a_link_to_a_closed_recipe_opens_it(browser: Any, address: str) -> None:
    page = opened(browser, address)
    body = page.locator("#recipe-mobilenet")
    assert not body.is_visible()
    page.locator('.ladder a[href="#recipe-mobilenet"]').press("Enter")
    body.wait_for(state="visible")
    assert page.evaluate("document.querySelector('#recipe-mobilenet').getBoundingClientRect().top") < 900


def test_dark_mode_is_of_the_screen_and_paper_stays_white(browser: Any, address: str) -> None:
    page = opened(browser, address, color_scheme="dark")
    shown = "[document.body, document.querySelector('svg.chart text')].map(e => getComputedStyle(e))"
    colours = f"{shown}.flatMap(s => [s.backgroundColor, s.fill])"
    background, _, _, text = page.evaluate(colours)
    assert brightness(background) < 50
    assert brightness(text) > 150
    page.emulate_media(media="print", color_scheme="dark")
    background, _, _, text = page.evaluate(colours)
    assert brightness(background) > 200
    assert brightness(text) < 150


def test_it_is_printed_on_few_pages(browser: Any, address: str) -> None:
    printed = opened(browser, address).pdf(format="A4", print_background=True)
    num_pages = len(re.findall(rb"/Type\s*/Page\b", printed))
    assert 2 <= num_pages <= MAX_PAGES


@pytest.mark.skipif(AXE is None, reason="PAWTRACE_AXE does not name axe.min.js")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_axe_finds_nothing(browser: Any, address: str, width: int, scheme: str) -> None:
    page = opened(browser, address, width, unfold=True, color_scheme=scheme, bypass_csp=True)
    assert violations(page) == []
