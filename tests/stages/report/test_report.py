"""What the stage leaves: a diagnosis of each recipe, the ladder, plots, and a page that loads nothing."""

import contextlib
import csv
import json
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from pawtrace.dataset.splitting.review import write_review
from stages import report
from tests.results.finished_project import RECIPES
from tests.results.made_up_results import HOSTILE_NAME

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def reported(finished, tmp_path_factory) -> Path:
    """The project after the stage; only to be read."""
    root = tmp_path_factory.mktemp("reported") / "project"
    shutil.copytree(finished, root)
    with contextlib.chdir(root):
        report.main()
    return root


class Page(HTMLParser):
    """The page as a browser reads it: attributes, text, and the tags that stay open."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.attributes: list[tuple[str, str, str]] = []
        self.text: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_data(self, data):
        self.text.append(data)

    def values(self, *names: str) -> list[str]:
        return [value for _, name, value in self.attributes if name in names]


def test_reports_hold_exactly_the_recipes_of_params(project):
    (project / "models" / "removed_long_ago").mkdir()
    (project / "reports" / "diagnosis").mkdir(exist_ok=True)
    (project / "reports" / "diagnosis" / "removed_long_ago.json").write_text("{}")
    report.main()
    names = sorted(RECIPES)
    assert sorted(path.stem for path in (project / "reports" / "diagnosis").iterdir()) == names
    assert not list((project / "reports").rglob("removed_long_ago.json"))
    page = (project / "reports" / "report.html").read_text(encoding="utf-8")
    assert all(f'id="recipe-{name}"' in page for name in names)
    assert "removed_long_ago" not in page


def test_a_diagnosis_has_its_verdict_evidence_and_what_to_try(reported):
    folder = reported / "reports" / "diagnosis"
    dead = json.loads((folder / "frozen_random.json").read_text())
    assert set(dead) == {
        *("verdict", "cause", "numbers", "sentence", "checks", "cures", "notes", "next", "suspects"),
    }
    assert {check["state"] for check in dead["checks"]} == {"failed", "passed", "not known"}
    assert dead["cures"][0]["keras"]
    assert (dead["verdict"], dead["next"]["recipe"]) == ("dead", "gradual_unfreeze")
    assert dead["numbers"]["signal_dies_at"] == "block5"
    noisy = json.loads((folder / "mobilenet.json").read_text())
    assert noisy["verdict"] == "label_noise"
    assert 0 < len(noisy["suspects"]) <= 50
    assert set(noisy["suspects"][0]) == {"id", "split", "label", "probability"}
    assert json.loads((folder / "own_preprocessing.json").read_text())["next"] is None


def test_the_ladder_follows_the_order_of_params_and_says_what_it_sees(reported):
    text = (reported / "reports" / "ladder.md").read_text(encoding="utf-8")
    rungs = [row for row in text.splitlines() if row.startswith("| `")]
    assert [row.split("`")[1] for row in rungs] == list(RECIPES)
    verdicts = ["dead", "unstable", "overfitting", "healthy", "healthy", "healthy", "label noise"]
    assert [re.findall(r"\*\*([a-z ]+)\*\*", row)[-1] for row in rungs] == verdicts


def test_the_page_shows_each_verdict_with_its_evidence(reported):
    html = (reported / "reports" / "report.html").read_text(encoding="utf-8")
    text = " ".join(" ".join(Page(html).text).split())
    assert text.count("The signal dies at block5:") == 2  # the reason, and the recipe's section
    assert text.index("The signal dies at block5:") < text.index("A recipe is a training configuration")
    assert 1 <= text.count("Labels to look at") < len(RECIPES)  # of those with suspects
    assert text.count("Every verdict, with its number and its limit") == len(RECIPES)
    assert "contradicted" in text


def test_the_same_input_gives_the_same_bytes(project):
    report.main()
    reports = project / "reports"
    first = {path: path.read_bytes() for path in reports.rglob("*") if path.is_file()}
    report.main()
    assert first == {path: path.read_bytes() for path in reports.rglob("*") if path.is_file()}


def test_the_page_loads_nothing_from_anywhere(reported):
    html = (reported / "reports" / "report.html").read_text(encoding="utf-8")
    page = Page(html)
    assert all(value.startswith(("data:", "#")) for value in page.values("src", "href", "srcset"))
    assert not re.search(r"url\((?!#)|@import|<script|<link|<iframe", html)
    names_of_standards = re.sub(r'xmlns(:xlink)?="[^"]*"', "", html)
    assert "http://" not in names_of_standards
    assert "https://" not in names_of_standards


def test_a_hostile_file_name_is_text_and_nothing_else(reported):
    page = Page((reported / "reports" / "report.html").read_text(encoding="utf-8"))
    assert f"Dog/{HOSTILE_NAME}" in page.text
    assert not any(tag == "script" for tag, _, _ in page.attributes)
    assert not any(name.startswith("on") for _, name, _ in page.attributes)


def test_every_link_leads_to_a_section_and_every_picture_has_words(reported):
    page = Page((reported / "reports" / "report.html").read_text(encoding="utf-8"))
    assert {value.removeprefix("#") for value in page.values("href")} <= set(page.values("id"))
    assert len(page.values("alt")) == len(page.values("src"))
    charts = [tag for tag, name, value in page.attributes if (name, value) == ("role", "img")]
    assert len(charts) == len(
        [tag for tag, name, _ in page.attributes if (tag, name) == ("svg", "aria-label")]
    )
    assert all([*page.values("alt"), *page.values("aria-label")])


def test_rejected_files_are_counted_by_reason_with_what_was_found(reported):
    html = (reported / "reports" / "report.html").read_text(encoding="utf-8")
    assert "Rejected: 5" in html
    assert "2 × too small" in html
    assert "2 x 9" in html
    assert "2 × same picture under both labels" in html


def test_plots_are_long_tables_with_a_column_for_the_recipe(reported):
    tables = {}
    for path in (reported / "reports" / "plots").iterdir():
        with path.open(encoding="utf-8", newline="") as file:
            tables[path.name] = list(csv.DictReader(file))
    assert set(tables) == {"curves.csv", "confusion.csv", "roc.csv", "calibration.csv"}
    assert all({row["recipe"] for row in rows} == set(RECIPES) for rows in tables.values())
    assert len(tables["curves.csv"]) == sum(len(made.losses) for made in RECIPES.values())
    assert len(tables["confusion.csv"]) == len(RECIPES) * 4


def test_the_stage_does_not_import_tensorflow():
    heavy = ("tensorflow", "keras", "prefect")
    code = f"import sys, stages.report; sys.exit(any(name in sys.modules for name in {heavy}))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_labels_that_the_user_has_decided_on_are_not_listed(project):
    report.main()
    page = project / "reports" / "report.html"
    assert "Labels to look at" in page.read_text(encoding="utf-8")
    diagnoses = [json.loads(file.read_text()) for file in (project / "reports" / "diagnosis").iterdir()]
    write_review({suspect["id"]: "keep" for found in diagnoses for suspect in found["suspects"]})
    report.main()
    assert "Labels to look at" not in page.read_text(encoding="utf-8")
