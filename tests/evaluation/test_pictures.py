"""The preview sheet shows what the first epochs train on."""

from pathlib import Path

import numpy as np

from pawtrace.config.train_params import Transform
from pawtrace.dataset.examples.pixels import decode, square
from pawtrace.dataset.examples.shards import open_records
from pawtrace.evaluation.pictures import contact_sheet, write_preview
from pawtrace.learning.inputs.augmentation import AugmentedView
from tests.conftest import picture, write_records

SIZE_PX, STEP_PX, GAP_PX = 32, 36, 4


def cell(sheet: np.ndarray, row: int, column: int) -> np.ndarray:
    top, left = row * STEP_PX + GAP_PX, column * STEP_PX + GAP_PX
    return sheet[top : top + SIZE_PX, left : left + SIZE_PX]


def test_a_sheet_keeps_every_image_in_its_place() -> None:
    images = [[picture(10 * row + column, SIZE_PX, SIZE_PX) for column in range(3)] for row in range(2)]
    sheet = contact_sheet(images)
    assert sheet.shape == (2 * STEP_PX + GAP_PX, 3 * STEP_PX + GAP_PX, 3)
    for row in range(2):
        for column in range(3):
            np.testing.assert_array_equal(cell(sheet, row, column), images[row][column])


def test_the_preview_has_six_views_of_six_cats_and_six_dogs(tmp_path: Path) -> None:
    write_records(tmp_path / "records", {"train": 20, "validation": 2, "test": 2})
    records = open_records(tmp_path / "records")["train"]
    view = AugmentedView((Transform(name="HorizontalFlip", arguments={"p": 0.5}),), seed=0)
    write_preview(tmp_path / "preview.jpg", records, view, SIZE_PX)
    sheet = decode((tmp_path / "preview.jpg").read_bytes())
    assert sheet.shape == (6 * STEP_PX + GAP_PX, 12 * STEP_PX + GAP_PX, 3)
    cats, dogs = np.flatnonzero(records.labels == 0), np.flatnonzero(records.labels == 1)
    for row in range(6):
        for epoch in range(6):
            for column, number in ((epoch, cats[row]), (6 + epoch, dogs[row])):
                example = records[int(number)]
                shown = view(square(example, SIZE_PX), example.id, epoch).astype(int)
                assert np.abs(cell(sheet, row, column) - shown).mean() < 8  # JPEG apart
