"""The sections of params.yaml that describe data and evaluation. A field's comment is its manual."""

import math
import re
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from pawtrace.base.names import comparable
from pawtrace.config.urls import how_to_fetch

LABELS = ("cat", "dog")  # the label of an example is its index here, as in TFDS's cats_vs_dogs
SPLITS = ("train", "validation", "test")
# The names that a recipe's `cures` may hold; all else about a verdict is in pawtrace.diagnosis.verdicts.
VerdictName = Literal[
    "leaking",
    "unstable",
    "blank_inputs",
    "input_scaling",
    "dead",
    "stalled",
    "normalization_lag",
    "too_few",
    "imbalance",
    "label_noise",
    "forgetting",
    "overfitting",
    "undertrained",
    "underfitting",
    "healthy",
]

Seed = Annotated[int, Field(ge=0, lt=2**32)]
Fraction = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=1, le=1_000_000_000)]
Size = Annotated[int, Field(ge=1, lt=2**63)]  # of files and images: bytes, pixels


def _can_be_a_path(path: str) -> str:
    """Refuse what no file system takes as a path, and of which Python's own functions say so variously."""
    if not path.isprintable() or max(len(part.encode()) for part in path.split("/")) > 255:
        raise ValueError(
            f"expected a path (printable, at most 255 bytes between two slashes), found {path!r:.80}"
        )
    return path


FilePath = Annotated[str, Field(min_length=1, max_length=1000), AfterValidator(_can_be_a_path)]


class Section(BaseModel):
    """A part of params.yaml: frozen, no unknown keys, no silent conversions, no NaN."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Limits(Section):
    """What an archive may hold at most before it is taken for a decompression bomb."""

    max_unpacked_bytes: Size  # of all members together
    max_files: Count = 50_000  # and folders; each needs up to a kilobyte of memory
    max_compression_ratio: Annotated[float, Field(gt=1)]  # unpacked bytes per packed byte
    max_image_pixels: Size  # of one image; a larger one is rejected and listed


class LabelPattern(Section):
    """Regular expressions, each found in the paths of the photos of one label and in no others."""

    cat: str
    dog: str

    @field_validator("cat", "dog")
    @classmethod
    def _is_a_pattern(cls, pattern: str) -> str:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"expected a regular expression, found {pattern!r:.80} ({error})") from None
        return pattern


class DataParams(Section):
    """Where the photos come from."""

    source: Literal["sample", "cats_vs_dogs", "archive"]
    # A zip, tar or folder; for cats_vs_dogs a local copy of the published zip.
    archive: FilePath | None
    archive_sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None  # checked when given
    classes: dict[str, Literal["cat", "dog"]]  # folder name -> label; several may share a label
    label_pattern: LabelPattern | None = None  # in place of classes: the label is told by a file's path
    given_splits: dict[str, Literal["validation", "test"]] = {}  # folder name -> split of all photos in it
    follow_links: bool = False  # of a folder; those of a zip or a tar are refused in any case
    limits: Limits
    sample_size: Annotated[int, Field(ge=20, le=1_000_000)]  # drawn pictures; source `sample` only
    sample_seed: Seed

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        missing = sorted(set(LABELS) - set(self.classes.values()))
        if missing:
            raise ValueError(f"classes: expected a folder for each of cat and dog, none for {missing[0]}")
        for key, names in (("classes", self.classes), ("given_splits", self.given_splits)):
            composed = [comparable(name) for name in names]
            if len(set(composed)) < len(composed):
                twice = next(name for name in composed if composed.count(name) > 1)
                raise ValueError(f"{key}: expected each folder once, found {twice} written in two ways")
        if self.source == "archive" and self.archive is None:
            raise ValueError("archive: expected the path of a zip, tar or folder, because source is archive")
        if self.archive is not None and (what_to_do := how_to_fetch(self.archive)):
            raise ValueError(f"archive: {what_to_do}")
        return self

    @property
    def archive_in_use(self) -> Path | None:
        """The archive that is read; the sample needs none, and cats_vs_dogs can be downloaded."""
        return None if self.source == "sample" or self.archive is None else Path(self.archive)


class Fractions(Section):
    """The shares of the splits."""

    train: Fraction
    validation: Fraction
    test: Fraction

    @model_validator(mode="after")
    def _whole(self) -> Self:
        total = self.train + self.validation + self.test
        if not math.isclose(total, 1.0, abs_tol=1e-9):
            raise ValueError(f"expected train + validation + test to be 1, found {total:.6g}")
        if min(self.train, self.validation, self.test) == 0:
            raise ValueError("expected every fraction to be above 0: each split is needed")
        return self


class SplitParams(Section):
    """Which example belongs to which split."""

    seed: Seed
    fractions: Fractions
    near_duplicate_distance: Annotated[int, Field(ge=0, le=128)]  # bits of the 256-bit perceptual hash


class PreprocessParams(Section):
    """How an image becomes a record."""

    image_size_px: Annotated[int, Field(ge=16, le=2048)]  # of the shorter side
    jpeg_quality: Annotated[int, Field(ge=1, le=100)]
    examples_per_shard: Count


class PredictParams(Section):
    """How a trained model predicts every example."""

    batch_size: Annotated[int, Field(ge=1, le=1_000_000)]
    num_worst_errors: Annotated[int, Field(ge=0, le=100)]  # pictures in the report
    tta_views: Annotated[int, Field(ge=1, le=100)]  # predictions averaged: plain, then augmented views


class MeasureParams(Section):
    """How its predictions are measured."""

    calibration_bins: Annotated[int, Field(ge=2, le=100)]
    num_bootstrap: Annotated[int, Field(ge=100, le=100_000)]  # resamples behind an interval
    bootstrap_seed: Seed
    temperature_scaling: bool = False  # measure with a temperature fitted on validation, too


class EvaluateParams(PredictParams, MeasureParams):
    """How a trained model is evaluated: the stage `train` predicts, the stage `measure` measures."""

    @property
    def predict(self) -> PredictParams:
        """What the stage `train` needs of it."""
        return PredictParams(**self.model_dump(include=set(PredictParams.model_fields)))

    @property
    def measure(self) -> MeasureParams:
        """What the stage `measure` needs of it."""
        return MeasureParams(**self.model_dump(include=set(MeasureParams.model_fields)))


class PromoteParams(Section):
    """When a model may replace the promoted one."""

    margin: Annotated[float, Field(gt=0, lt=0.5)]  # by how much its accuracy may at most be worse


class NetworkProbeParams(Section):
    """What is measured of a network before it trains."""

    num_examples: Annotated[
        int, Field(ge=2, le=100_000)
    ]  # for activations, gradients, input range, first loss
    num_overfit_examples: Annotated[int, Field(ge=2, le=100_000)]  # that a network should be able to memorise
    num_overfit_steps: Count  # given to it for that
    num_rate_steps: Annotated[int, Field(ge=10)] = 24  # of the learning-rate range test, from 1e-7 to 10
    num_linear_probe_examples: Annotated[int, Field(ge=20)] = (
        1000  # of train, for the features of pretrained weights
    )
    num_convention_examples: Annotated[int, Field(ge=20)] = 400  # of those, for each input convention


class ProbeParams(NetworkProbeParams):
    """What is measured of data and networks before anything trains."""

    overlap_distance: Annotated[int, Field(ge=0, le=128)]  # bits of the hash, mirrored images included

    @property
    def network(self) -> NetworkProbeParams:
        """What the stage `train` needs of it; the stage `split` needs the rest."""
        return NetworkProbeParams(**self.model_dump(include=set(NetworkProbeParams.model_fields)))


class DiagnoseParams(Section):
    """The thresholds between one verdict and another; params.yaml gives the reason of each."""

    leaking_share: Fraction
    unstable_rise: Annotated[float, Field(gt=0)]
    dead_loss_margin: Annotated[float, Field(gt=0)]
    overfit_probe_accuracy: Fraction
    overfit_probe_loss_share: Fraction
    noise_min_examples: Count
    noise_confidence: Annotated[float, Field(ge=0.5, le=1)]
    noise_share: Fraction
    overfitting_gap: Fraction
    undertrained_improvement: Annotated[float, Field(gt=0)]
    underfitting_accuracy: Fraction
    vanishing_ratio: Annotated[float, Field(gt=1)]
    input_range_ratio: Annotated[float, Field(gt=1)]
    imbalance_share: Annotated[float, Field(ge=0.5, le=1)]
    imbalance_recall_gap: Fraction = 0.1
    blank_contrast: Fraction = 0.25
    stalled_fall: Fraction = 0.1
    stalled_rate_ratio: Annotated[float, Field(ge=1)] = 10.0
    lag_gap: Fraction = 0.05
    too_few_examples: Count = 100
    forgetting_loss: Fraction = 0.03
    penalty_share: Fraction = 0.5
    shortcut_accuracy: Fraction = 0.7


class RebuildParams(Section):
    """How a scheduled run behaves; no stage reads it, so nothing here trains anything again."""

    when_busy: Literal["wait", "skip"]  # while another run is at work here
    when_dirty: Literal["refuse", "clone"]  # with uncommitted edits; clone: run the last commit elsewhere
    num_retries: Annotated[int, Field(ge=0, le=20)]  # of what needs the network
    first_pause_s: Annotated[float, Field(ge=0, le=3600)]  # before the first retry; the next one twice that
