"""The page of `pawtrace diagnose --html` in a browser: nothing cut, dark where the screen is, accessible."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import pawtrace
from pawtrace.foreign.page import write_page
from tests.browsing import AXE, CUT, NEEDS_CHROMIUM, brightness, chromium, opened, violations
from tests.foreign.colours import photo_folder, reader

pytestmark = [
    pytest.mark.slow,
    *NEEDS_CHROMIUM,
    pytest.mark.filterwarnings("ignore:(.|\n)*softmax over axis"),  # Keras says so while the model is built
]


def with_softmax() -> keras.Model:
    return reader(activation="softmax")


def of_numbers_that_are_not_finite() -> keras.Model:
    model = reader()
    model.set_weights([np.full_like(weights, np.nan) for weights in model.get_weights()])
    return model


@pytest.fixture(scope="module", params=[with_softmax, of_numbers_that_are_not_finite])
def address(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("page")
    photo_folder(folder / "test")
    found = pawtrace.diagnose(request.param(), folder / "test")
    write_page(folder / "page.html", found)
    return Path(folder / "page.html").as_uri()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as started:
        yield started


@pytest.mark.parametrize("width", [1280, 400])
def test_nothing_is_cut(browser: Any, address: str, width: int) -> None:
    page = opened(browser, address, width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(CUT) == []


def test_it_is_dark_where_the_screen_is(browser: Any, address: str) -> None:
    colours = "[document.body, ...document.querySelectorAll('svg.chart text')].map(e => getComputedStyle(e))"
    for scheme, is_dark in (("dark", True), ("light", False)):
        page = opened(browser, address, color_scheme=scheme)
        background, *texts = page.evaluate(f"{colours}.map((s, n) => n ? s.fill : s.backgroundColor)")
        assert (brightness(background) < 50) is is_dark
        assert all((brightness(text) > 150) is is_dark for text in texts[:1])


@pytest.mark.skipif(AXE is None, reason="PAWTRACE_AXE does not name axe.min.js")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(browser: Any, address: str, scheme: str) -> None:
    assert violations(opened(browser, address, color_scheme=scheme, bypass_csp=True)) == []
