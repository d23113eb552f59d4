"""The review page as people use it: mouse, keyboard, a phone, a photo dropped on it. Needs Chromium."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from pawtrace.dataset.splitting.review import read_review
from pawtrace.review.server import ReviewServer
from tests.dataset.photos import photo
from tests.review.conftest import COPY, ERROR, RAW, SUSPECT, TRUNCATED

playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on the PATH; CHROMIUM can name it"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # of Playwright's own event loop
]
DROP_A_FILE = """async ([name, bytes]) => {
  const files = new DataTransfer();
  files.items.add(new File([new Uint8Array(bytes)], name));
  const event = new DragEvent("drop", { dataTransfer: files, cancelable: true });
  document.getElementById("drop").dispatchEvent(event);
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    """Debian's Chromium, for all tests here."""
    with playwright.sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture
def page(browser, server: ReviewServer, request: pytest.FixtureRequest) -> Iterator[object]:
    """The page, opened; nothing on it may fail, or be asked of another machine."""
    context = browser.new_context(**getattr(request, "param", {}))
    opened = context.new_page()
    problems: list[str] = []
    opened.on("pageerror", lambda error: problems.append(str(error)))
    opened.on("console", lambda said: problems.append(said.text) if "Content Security" in said.text else None)
    opened.on("request", lambda sent: problems.append(sent.url) if not is_own(sent.url, server) else None)
    opened.goto(server.url)
    yield opened
    context.close()
    assert problems == []


def is_own(url: str, server: ReviewServer) -> bool:
    return url.startswith((server.url, "data:"))


def card(page, file: str):
    return page.locator(f'article[aria-label="{file}"]')


def wait_for(page, words: str) -> None:
    playwright.expect(page.locator("#status")).to_contain_text(words)


def test_a_click_decides_and_a_second_one_takes_it_back(page) -> None:
    relabel = card(page, SUSPECT).get_by_role("button", name="Relabel: cat")
    relabel.click()
    wait_for(page, "1 decisions in data/review.csv")
    assert read_review() == {SUSPECT: "cat"}
    assert relabel.get_attribute("aria-pressed") == "true"
    page.reload()
    assert relabel.get_attribute("aria-pressed") == "true"
    relabel.click()
    wait_for(page, "decision taken back")
    assert read_review() == {}


def test_all_photos_are_shown_as_pictures_and_copies_beside_each_other(page) -> None:
    page.wait_for_load_state("networkidle")
    for file in (RAW[0].id, SUSPECT, ERROR, TRUNCATED):
        picture = card(page, file).locator("img").first
        picture.scroll_into_view_if_needed()
        playwright.expect(picture).to_have_js_property("complete", True)
        assert picture.evaluate("image => image.naturalWidth") > 0
    files = page.locator("article").evaluate_all("cards => cards.map(c => c.getAttribute('aria-label'))")
    assert {files[0], files[1]} == {RAW[0].id, COPY.id}


def test_the_keyboard_alone_is_enough(page) -> None:
    card(page, SUSPECT).focus()
    page.keyboard.press("r")
    wait_for(page, "1 decisions")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("d")
    wait_for(page, "2 decisions")
    assert read_review() == {SUSPECT: "cat", ERROR: "drop"}
    page.keyboard.press("u")
    wait_for(page, "decision taken back")
    page.keyboard.press("Tab")  # to the first button of the same card
    page.keyboard.press("Enter")
    wait_for(page, f"{ERROR}: keep")
    assert read_review() == {SUSPECT: "cat", ERROR: "keep"}


@pytest.mark.parametrize(
    "page", [{"viewport": {"width": 360, "height": 640}, "has_touch": True}], indirect=True
)
def test_on_a_phone_nothing_is_cut_off_and_buttons_are_large_enough(page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    for button in page.locator("button").all():
        assert button.bounding_box()["height"] >= 44  # pixels, as Apple and W3C advise
    card(page, SUSPECT).get_by_role("button", name="Drop").tap()
    wait_for(page, "1 decisions")
    assert read_review() == {SUSPECT: "drop"}


@pytest.mark.parametrize("way", ["chosen", "dropped"])
def test_a_photo_gets_an_answer_with_pictures_and_the_models_name(page, way: str) -> None:
    Path("mine.jpg").write_bytes(photo(5))
    if way == "chosen":
        page.locator("#photo").set_input_files("mine.jpg")
    else:
        page.evaluate(DROP_A_FILE, ["mine.jpg", list(photo(5))])
    said = page.locator("#said")
    playwright.expect(said).to_contain_text("mine.jpg: ", timeout=60_000)
    assert "probability 0." in said.text_content()
    assert page.locator("#model").text_content() == "answered by models/from_scratch/model.keras"
    for picture in ("#seen", "#attention"):
        assert page.locator(picture).evaluate("image => image.naturalWidth") > 0


def test_what_is_no_photo_is_said_and_the_page_goes_on(page) -> None:
    page.evaluate(DROP_A_FILE, ["notes.txt", list(b"<html>hello</html>")])
    playwright.expect(page.locator("#status")).to_contain_text("HTML page", timeout=60_000)
    assert page.locator("#answer").is_hidden()
    card(page, SUSPECT).get_by_role("button", name="Keep").click()
    wait_for(page, "1 decisions")
