"""A survey of photos in words: what was found, what the problems are, and how precise results can be."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from pawtrace.config import paths
from pawtrace.config.params import Params
from pawtrace.config.sections import DataParams
from pawtrace.dataset.sources.layout import labels_in
from pawtrace.evaluation.intervals import wilson
from pawtrace.results.number_words import percent, plural
from pawtrace.setup.survey import Survey
from pawtrace.setup.time_needed import time_needed_s

if TYPE_CHECKING:
    from pawtrace.setup.backbone_speed import BackboneSpeed  # with Keras

_ACCURACY = 0.95  # of which the interval is told


def survey_lines(survey: Survey, data: DataParams, params: Params) -> Iterator[str]:
    """Lines for a reader.

    Args:
      survey: of the photos.
      data: how paths become labels.
      params: the split and the limits that will apply.
    """
    counts = ", ".join(f"{count:,} {label}" for label, count in survey.num_photos.items())
    yield f"photos      {sum(survey.num_photos.values()):,} usable: {counts}"
    yield f"labels      {_labels(survey, data)}"
    yield from _doubtful_labels(data)
    if survey.rejected:
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in survey.rejected.items())
        num_rejected = plural(sum(survey.rejected.values()), "file")
        yield f"rejected    {num_rejected}: {reasons}; data/raw/rejected.csv will list them"
    if survey.num_copies:
        yield (
            f"duplicates  {plural(survey.num_copies, 'duplicate')} of other photos; duplicates always stay "
            "in the same split"
        )
    if survey.num_under_both_labels:
        yield (
            f"two labels  {survey.num_under_both_labels:,} photos appear as cat and as dog; they are left "
            "out; after make repro, decide with: pawtrace review"
        )
    for folder, split in data.given_splits.items():
        yield (
            f"{split:<11} folder {folder}, as it came; to divide all photos anew, set data.given_splits: {{}}"
        )
    yield from _limits(survey, params)


def _doubtful_labels(data: DataParams) -> Iterator[str]:
    """Folders that the user gave the label that their name denies."""
    for folder, label in data.classes.items():
        said = labels_in(folder)
        if said and label not in said:
            yield f"warning     the name of folder {folder} says {min(said)}, and --{label} makes it {label}"


def _labels(survey: Survey, data: DataParams) -> str:
    if data.label_pattern is not None:
        return "by the names of the files (data.label_pattern)"
    by_folder = (
        f"folder {folder} ({survey.num_in_group.get(folder, 0):,}) is {label}"
        for folder, label in data.classes.items()
    )
    return ", ".join(by_folder)


def _limits(survey: Survey, params: Params) -> Iterator[str]:
    """What so many photos can show, and what stands in the way."""
    num_photos, fractions = sum(survey.num_photos.values()), params.split.fractions
    came_as_test = (
        sum(survey.divided.get("test", {}).values()) if "test" in params.data.given_splits.values() else 0
    )
    num_test = max(1, came_as_test or round(fractions.test * survey.num_pictures))
    low, high = wilson(_ACCURACY * num_test, num_test)
    yield (
        f"precision   about {num_test:,} test photos: an accuracy of {percent(_ACCURACY)} will have a 95 % "
        f"interval of {100 * low:.1f} to {percent(high)}"
    )
    label = max(survey.num_photos, key=lambda label: survey.num_photos[label])
    share = survey.num_photos[label] / num_photos
    if share > params.diagnose.imbalance_share:
        yield (
            f"imbalance   {percent(share)} of the photos are {label}: always answering {label} would be "
            "right as often; training weighs both labels the same (train.class_weights: balanced)"
        )
    num_train = round(fractions.train * num_photos)
    if num_train < params.diagnose.too_few_examples:
        yield (
            f"too few     about {num_train:,} training photos; with fewer than "
            f"{params.diagnose.too_few_examples}, expect a poor model"
        )


def next_lines(
    params: Params, survey: Survey, speed: "BackboneSpeed | None", saved: Path | None
) -> Iterator[str]:
    """What was written, how long it will take, and what to do next.

    Args:
      params: that were written.
      survey: of the photos.
      speed: of the backbone; None without one.
      saved: the copy of the former params.yaml.
    """
    num_photos = sum(survey.num_photos.values())
    if speed is None:
        yield f"backbone    none: with random weights, {num_photos:,} photos are too few for a good model"
    else:
        yield f"backbone    {params.train.backbone}, images of {speed.size_px} px"
    yield f"recipes     {', '.join(params.recipes)}"
    if speed is not None:
        minutes = time_needed_s(params, num_photos, speed.seconds_per_image) / 60
        yield f"time        about {plural(max(1, round(minutes)), 'minute')} on this machine"
    yield f"{paths.PARAMS} is written; nothing is trained yet"
    if saved is not None:
        yield f"your former {paths.PARAMS} had uncommitted edits; it is saved as {saved}"
    yield "next: make repro; then open reports/report.html, and pawtrace review for doubtful photos"
