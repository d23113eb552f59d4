"""`dvc plots show` opens without a network: DVC's page, with Vega inside."""

import os
import re
import shutil
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import pytest

from tests.conftest import ROOT

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium")


def page_template() -> str:
    """The page that DVC's config names."""
    config = ConfigParser()
    config.read(ROOT / ".dvc/config")
    return (ROOT / ".dvc" / config["plots"]["html_template"]).read_text(encoding="utf-8")


def test_the_page_asks_no_other_machine_for_anything() -> None:
    page = page_template()
    outside_of_scripts = re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL)
    assert page.count("<script>") == 3
    assert "{plot_divs}" in outside_of_scripts
    assert "{scripts}" not in page  # DVC would put its CDN there
    assert not re.search(r"\b(src|href)=|@import|https?://", outside_of_scripts)


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on the PATH; CHROMIUM can name it")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of Playwright's own event loop
def test_all_plots_are_drawn_offline(project: Path) -> None:
    playwright = pytest.importorskip("playwright.sync_api")
    subprocess.run(["git", "init", "-q"], check=True)
    shutil.copytree(ROOT / ".dvc", ".dvc", ignore=shutil.ignore_patterns("cache", "tmp", "config.local"))
    shutil.copytree(ROOT / "reports/plots", "reports/plots")
    for file in ("dvc.yaml", "params.yaml"):
        shutil.copy(ROOT / file, file)
    subprocess.run([sys.executable, "-m", "dvc", "plots", "show"], check=True, capture_output=True)
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_context(offline=True).new_page()
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto((project / "dvc_plots/index.html").as_uri())
        page.locator("canvas").nth(4).wait_for()
        assert page.locator("canvas").count() == 5
        browser.close()
    assert problems == []
