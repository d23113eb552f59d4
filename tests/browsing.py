"""Pages in Debian's Chromium: opened as people open them, and what axe-core finds in them.

PAWTRACE_AXE names axe-core's axe.min.js (from npm), which is not part of the project.
"""

import contextlib
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium")
AXE = os.environ.get("PAWTRACE_AXE")
NEEDS_CHROMIUM = [
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on the PATH; CHROMIUM can name it"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # of Playwright's own event loop
]
_PATIENCE_MS = 300_000  # where other work shares the processor
# Elements that reach out of the page, or whose content reaches out of them and is cut or scrolled.
CUT = """() => [...document.querySelectorAll('body *')].filter(element => {
    if (element.closest('.visually-hidden') || element.closest('svg *')) return false;
    const box = element.getBoundingClientRect();
    if (box.width == 0) return false;
    const clips = getComputedStyle(element).overflowX != 'visible';
    const isOut = box.right > innerWidth + 1 || box.left < -1;
    return isOut || clips && element.scrollWidth > element.clientWidth + 1;
}).map(element => element.outerHTML.slice(0, 120))"""


@contextlib.contextmanager
def chromium() -> Iterator[Any]:
    """A browser."""
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"], timeout=_PATIENCE_MS
        )
        yield started
        started.close()


def opened(browser: Any, address: str, width: int = 1280, *, unfold: bool = False, **options: Any) -> Any:
    """The page in a window; `unfold` opens all details."""
    context = browser.new_context(offline=True, viewport={"width": width, "height": 900}, **options)
    context.set_default_timeout(_PATIENCE_MS)
    page = context.new_page()
    page.goto(address)
    if unfold:
        page.evaluate("document.querySelectorAll('details').forEach(details => details.open = true)")
    return page


def violations(page: Any) -> list[tuple[str, list[str]]]:
    """What axe-core finds: rules and the elements that break them. The page must bypass its CSP."""
    page.evaluate(Path(AXE or "").read_text(encoding="utf-8"))
    found = page.evaluate("axe.run({resultTypes: ['violations']})")
    assert len(found["passes"]) > 10
    return [(each["id"], [node["html"][:200] for node in each["nodes"]]) for each in found["violations"]]


def brightness(colour: str) -> float:
    red, green, blue = map(float, re.findall(r"[\d.]+", colour)[:3])
    return (red + green + blue) / 3
