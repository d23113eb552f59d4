"""Kinds of pictures on which a model is worse, and properties that tell the label on their own."""

import numpy as np
import pytest

from pawtrace.dataset.splitting.appearance import Appearance
from pawtrace.diagnosis.shortcuts import shortcuts_of
from pawtrace.diagnosis.slices import Slice, slices_of

NUMBER = 300
RANDOM = np.random.default_rng(1)
LABELS = np.arange(NUMBER) % 2


def appearances(brightness: np.ndarray, suffix: str = ".jpg") -> list[Appearance]:
    random = np.random.default_rng(2)
    return [
        Appearance(
            f"{number}{suffix}",
            width_px=int(random.integers(300, 500)),
            height_px=int(random.integers(300, 500)),
            num_bytes=int(random.integers(20_000, 60_000)),
            brightness=float(value),
            sharpness=float(random.uniform(100, 900)),
            colour=float(random.uniform(10, 60)),
        )
        for number, value in enumerate(brightness)
    ]


def weak(found: list[Slice]) -> set[str]:
    return {one.name for one in found if one.is_weak}


def test_errors_on_dark_pictures_are_found_and_come_first() -> None:
    brightness = RANDOM.uniform(20, 230, NUMBER)
    is_right = RANDOM.random(NUMBER) < np.where(brightness < 90, 0.6, 0.97)
    found = slices_of(appearances(brightness), LABELS, is_right)
    assert found[0].name == "the darkest third"
    assert weak(found) == {"the darkest third"}
    assert found[0].accuracy < 0.75 < found[0].accuracy_of_others


def test_errors_by_chance_name_no_kind() -> None:
    for seed in range(20):
        random = np.random.default_rng(seed)
        found = slices_of(appearances(random.uniform(20, 230, NUMBER)), LABELS, random.random(NUMBER) < 0.85)
        assert weak(found) == set(), seed


def test_one_label_can_be_the_weak_kind() -> None:
    is_right = np.where(LABELS == 1, RANDOM.random(NUMBER) < 0.7, True)
    assert weak(slices_of(appearances(RANDOM.uniform(20, 230, NUMBER)), LABELS, is_right)) == {"dogs"}


@pytest.mark.parametrize(("shift", "is_striking"), [(0, False), (60, True)])
def test_brightness_that_tells_the_label_is_a_shortcut(shift: float, is_striking: bool) -> None:
    brightness = RANDOM.normal(100, 25, NUMBER) + shift * LABELS
    best = shortcuts_of(appearances(brightness), LABELS)[0]
    assert (best.name == "brightness" and best.score.balanced_low > 0.7) == is_striking


def test_a_file_type_of_one_label_is_a_shortcut() -> None:
    mixed = [
        one._replace(id=f"{number}.{'png' if label else 'jpg'}")
        for number, (one, label) in enumerate(
            zip(appearances(RANDOM.uniform(20, 230, NUMBER)), LABELS, strict=True)
        )
    ]
    best = shortcuts_of(mixed, LABELS)[0]
    assert best.name == "file type"
    assert best.score.accuracy == 1.0
    assert "file type alone" in best.words


def test_of_few_pictures_no_shortcut_can_be_told() -> None:
    assert shortcuts_of(appearances(np.full(40, 9.0)), np.arange(40) % 2) == []
