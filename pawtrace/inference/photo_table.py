"""Predictions of photos as a table for readers, as CSV and as JSON."""

import json
from collections.abc import Sequence
from typing import NamedTuple

from pawtrace.base.files import csv_text
from pawtrace.config.sections import LABELS
from pawtrace.evaluation.predictions import THRESHOLD


class PhotoPrediction(NamedTuple):
    """What a model says of one photo."""

    file: str
    label: str  # the class
    probability: float  # of that class
    p_dog: float  # as predictions.csv has it


class Unpredicted(NamedTuple):
    """A file that could not be predicted."""

    file: str
    reason: str


COLUMNS = ("file", "class", "probability", "p_dog")


def photo_prediction(file: str, p_dog: float) -> PhotoPrediction:
    """Name the class of a probability."""
    is_dog = p_dog >= THRESHOLD
    return PhotoPrediction(file, LABELS[is_dog], p_dog if is_dog else 1 - p_dog, p_dog)


def as_table(predictions: Sequence[PhotoPrediction]) -> str:
    """Aligned columns: file, class, its probability."""
    width = max([len("file"), *(len(photo.file) for photo in predictions)])
    lines = [f"{'file':<{width}}  class  probability"]
    lines += [f"{photo.file:<{width}}  {photo.label:<5}  {photo.probability:>11.4f}" for photo in predictions]
    return "\n".join(lines) + "\n"


def as_csv(predictions: Sequence[PhotoPrediction]) -> str:
    """A line a photo, probabilities to the last digit."""
    return csv_text(COLUMNS, predictions)


def as_json(
    predictions: Sequence[PhotoPrediction],
    unpredicted: Sequence[Unpredicted],
    model: str,
    made_from: str | None = None,
) -> str:
    """An object: the model, its origin, `predictions` with the keys of CSV, `unpredicted` with reasons."""
    content = {
        "model": model,
        "made_from": made_from,
        "predictions": [dict(zip(COLUMNS, photo, strict=True)) for photo in predictions],
        "unpredicted": [failure._asdict() for failure in unpredicted],
    }
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"
