"""What the page says and shows, read as text; how a browser shows it: test_page_in_browser.py."""

import datetime
import html
import re

import numpy as np
import pytest
from PIL import Image

from pawtrace.base.yaml_files import parse_yaml
from pawtrace.config.params import merged
from pawtrace.report import reason
from pawtrace.report.chart_style import PALETTE
from pawtrace.report.ladder import Rung
from pawtrace.results.origins import Origin
from pawtrace.results.results import Temperature
from tests.report.conftest import CLAIM, Finished

NIGHT = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
MAX_MB = 10
NUM_RECIPES = 23  # of the profile cats_vs_dogs


def words_of(markup: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", markup)).split())


def part(page: str, id: str) -> str:
    """A section of the page."""
    return page.partition(f'<section id="{id}">')[2].partition("</section>")[0]


def test_the_reason_comes_first_then_the_ladder_then_the_claims(page: str) -> None:
    places = [page.index(f'<section id="{id}">') for id in ("reason", "ladder", "claims", "recipes", "data")]
    assert places == sorted(places)
    rows = re.findall(r"<dt>(\w+)</dt>", part(page, "reason"))
    assert rows[:4] == ["Symptom", "Cause", "Cure", "Proof"]
    assert words_of(re.findall(r"<h1>.*?</h1>", page)[0]).startswith("Why frozen_random reaches only 47.5 %:")


def test_contents_lead_to_every_part(page: str) -> None:
    contents = page.partition("<nav")[2].partition("</nav>")[0]
    targets = re.findall(r'href="#(\w+)"', contents)
    assert targets == ["reason", "ladder", "claims", "recipes", "data"]
    assert page.index("</nav>") < page.index('<section id="reason">')


def test_claims_that_nothing_was_measured_of_have_no_part(finished: Finished) -> None:
    unmeasured = finished.page(judgements=[CLAIM._replace(ruling="not measured here")])
    assert "claims" not in re.findall(r'(?:id="|href="#)(\w+)"', unmeasured)


def test_the_cure_is_an_edit_of_params_and_lines_of_keras_and_its_proof_is_measured(
    page: str, finished: Finished
) -> None:
    shown = part(page, "reason").partition("<details>")[0]
    edit, keras = (html.unescape(re.findall(rf"{title}</figcaption><pre>(.*?)</pre>", shown, re.DOTALL)[0])
                   for title in ("Edit of params.yaml", "The same in a Keras script"))  # fmt: skip
    assert "keras" in keras
    overrides = parse_yaml(edit.encode())["recipes"]["frozen_random"]["overrides"]
    proved = finished.params.recipe("gradual_unfreeze").train.model_dump(mode="json")
    assert overrides["train"]
    assert merged(proved, overrides["train"]) == proved
    proof = words_of(part(page, "reason").partition("<dt>Proof</dt>")[2])
    assert proof.startswith("Recipe gradual_unfreeze makes this change (and train.learning_rate: 0.001, ")
    assert "better accuracy +48.8 points (95" in proof
    assert "McNemar" in proof


def test_what_to_try_is_a_link_to_its_section(page: str) -> None:
    assert 'Try <a class="name" href="#recipe-gradual_unfreeze">gradual_unfreeze</a>' in page


def test_a_recipe_may_have_the_name_of_a_part_of_the_page(finished: Finished) -> None:
    rung = finished.rungs[0]
    named = rung._replace(result=rung.result._replace(name="data"))
    page = finished.page([named], origins={"data": finished.origins[rung.recipe]})
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert {"data", "recipe-data"} <= set(ids)


def test_details_are_closed_but_for_the_first_recipe_and_the_best(page: str, finished: Finished) -> None:
    recipes = page.partition('<section id="recipes">')[2].partition('<section id="data">')[0]
    sections = re.findall(r"<details( open)?>\n<summary><h3>.*?</h3>", recipes)
    assert len(sections) == len(finished.rungs)
    are_open = {
        name
        for name, opened in zip((rung.recipe for rung in finished.rungs), sections, strict=True)
        if opened
    }
    assert are_open == {"frozen_random", "own_preprocessing"}


def test_drawn_pictures_are_called_drawn_on_the_first_screen_and_photos_are_not(
    page: str, finished: Finished
) -> None:
    drawn = finished.data._replace(source=finished.data.source.model_copy(update={"source": "sample"}))
    said = finished.page(finished.rungs[:1], data=drawn)
    assert "say nothing about real photos" in said.partition("<h1>")[0]
    assert "drawn" in words_of(part(said, "reason"))
    assert "say nothing about real photos" not in page
    assert "photos (pets.zip)" in words_of(part(page, "reason"))


def test_the_first_screen_says_when_and_on_which_commit(page: str) -> None:
    said = words_of(part(page, "reason"))
    assert "2 January 2026" in said
    assert ("0f" * 20)[:9] in said


@pytest.mark.parametrize(
    ("origins", "said"),
    [
        ([Origin(NIGHT, "a" * 40, 0)], "Trained on 2 January 2026, from commit aaaaaaaaa."),
        ([Origin(NIGHT, "a" * 40, 2)], "with uncommitted edits"),
        ([Origin(NIGHT, None, 0)], "outside of a git repository"),
        (
            [Origin(NIGHT + datetime.timedelta(days=n), letter * 40, 0) for n, letter in enumerate("edcba")],
            "Trained on 2 January 2026 to 6 January 2026, from commits "
            "eeeeeeeee, ddddddddd, ccccccccc and 2 more.",
        ),
    ],
)
def test_dates_and_commits_are_told_as_they_are(origins: list[Origin], said: str) -> None:
    assert said in reason.origin_words(origins)


def test_the_first_screen_says_how_wide_intervals_are_and_why(page: str, finished: Finished) -> None:
    said = words_of(part(page, "reason"))
    widths = [100 * (rung.test_interval[1] - rung.test_interval[0]) for rung in finished.rungs]
    assert f"{min(widths):.1f} to {max(widths):.1f} points wide" in said
    num_test = sum(finished.data.split.splits["test"].values())
    assert f"only {num_test} test pictures" in said
    assert f"{4 * num_test:,}" in said


@pytest.mark.parametrize(
    ("verdict", "said"),
    [
        ("overfitting", "Why finetune_all reaches only "),
        ("leaking", " cannot be trusted: "),
        ("healthy", "finetune_all is healthy: "),
    ],
)
def test_the_headline_fits_the_verdict(finished: Finished, verdict: str, said: str) -> None:
    rung = finished.rung("finetune_all")
    assert said in reason.headline(rung._replace(diagnosis=rung.diagnosis._replace(verdict=verdict)))


def test_a_healthy_recipe_needs_no_cure(finished: Finished) -> None:
    said = words_of(part(finished.page([finished.rung("own_preprocessing")]), "reason"))
    assert "Nothing to cure." in said
    assert "params.yaml" not in said


def test_no_recipe_is_called_the_best_where_none_is_better_than_guessing(finished: Finished) -> None:
    guessing = finished.rung("frozen_random")
    page = finished.page([guessing])
    assert 'class="best"' not in page
    assert "frozen_random is not measurably better than guessing" in words_of(page)
    assert 'class="best"' in finished.page([guessing, finished.rung("own_preprocessing")])


def test_a_temperature_shows_what_it_does_to_the_log_loss(page: str, finished: Finished) -> None:
    assert "With a temperature of" not in page
    rung = finished.rungs[0]
    scaled = Temperature(value=1.75, test={"log_loss": 0.6, "calibration_error": 0.04})
    evaluation = rung.result.evaluation.model_copy(update={"temperature": scaled})
    shown = finished.page([rung._replace(result=rung.result._replace(evaluation=evaluation))])
    before = rung.result.metric("test", "log_loss")
    words = words_of(shown)
    assert "With a temperature of 1.75, fitted on validation" in words
    assert f"log loss on test goes from {before:.3f} to 0.600" in words


def test_no_line_breaks_between_a_number_and_its_percent_sign(page: str) -> None:
    assert not re.search(r"\d %", page)
    assert "\N{NO-BREAK SPACE}%" in page


def test_charts_take_their_colours_from_the_page_and_have_ids_of_their_own(page: str) -> None:
    charts = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert len(charts) == 6 * 7 + 2
    assert not re.search(r"#[0-9a-f]{6}\b", "".join(charts))
    variables = set(re.findall(r"var\(--([\w-]+)\)", page))
    assert variables <= {name for name, _ in re.findall(r"--([\w-]+): (#\w+)", page)}
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    used = re.findall(r'(?:href="|url\()#([^")]+)', page)
    assert set(used) <= set(ids)


def test_the_palette_is_legible_on_light_and_on_dark_pages() -> None:
    legible = [name for name in PALETTE if name in ("ink", "muted") or name.startswith("recipe-")]
    assert len(legible) == 10
    for name in legible:
        assert contrast(PALETTE[name].light, "#ffffff") >= 4.5, name
        assert contrast(PALETTE[name].light, "#f5f6f8") >= 4.5, name  # the shaded rows
        assert contrast(PALETTE[name].dark, "#14171a") >= 4.5, name
    assert len({shade.light for shade in PALETTE.values()}) == len(PALETTE)  # each is found in a chart


def contrast(colour: str, page: str) -> float:
    """WCAG 2's contrast ratio."""
    low, high = sorted(map(luminance, (colour, page)))
    return (high + 0.05) / (low + 0.05)


def luminance(colour: str) -> float:
    shares = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
    return sum(weight * share for weight, share in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.slow
def test_a_page_of_23_recipes_of_real_photos_can_be_sent_by_mail(finished: Finished) -> None:
    """Pictures as detailed as photos and as large as the profile cats_vs_dogs keeps them."""
    photo, sheet = finished.root / "photo.jpg", finished.root / "sheet.jpg"
    like_a_photo(256, 340).save(photo, quality=92)
    like_a_photo(12 * 224, 6 * 224).save(sheet, quality=90)
    rung = finished.rung("finetune_all")
    errors = [error._replace(picture=photo, attention=photo) for error in rung.result.worst_errors]
    twelve = (errors * 12)[:12]
    full = rung._replace(result=rung.result._replace(worst_errors=twelve, preview=sheet))

    def size(rungs: list[Rung]) -> int:
        return len(finished.page(rungs).encode())

    alone = size([full])
    of_a_section = size([full, rung_called(full, "frozen_random")]) - alone
    assert of_a_section > 50_000  # it has its pictures
    assert (alone + (NUM_RECIPES - 1) * of_a_section) / 1e6 < MAX_MB


def rung_called(rung: Rung, name: str) -> Rung:
    return rung._replace(result=rung.result._replace(name=name))


def like_a_photo(width: int, height: int) -> Image.Image:
    """Noise with a photo's spectrum: amplitude falls with frequency."""
    rng = np.random.default_rng(0)
    down, across = np.meshgrid(np.fft.fftfreq(height), np.fft.fftfreq(width), indexing="ij")
    amplitude = 1 / np.maximum(np.hypot(down, across), 1 / max(width, height))
    channels = [
        np.fft.ifft2(amplitude * np.exp(2j * np.pi * rng.random((height, width)))).real for _ in range(3)
    ]
    pixels = np.stack([128 + 50 * channel / channel.std() for channel in channels], axis=-1)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
