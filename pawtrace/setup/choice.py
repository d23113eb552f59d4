"""Which backbone, which recipes and which split fit the photos that there are.

Arrives: a survey and what the user asked for. Leaves: a `Choice`, which becomes params.yaml.
"""

import math
import shutil
from pathlib import Path
from typing import Any, NamedTuple

from pawtrace.base.errors import TrainingError
from pawtrace.base.files import new_file, sha256_of
from pawtrace.config import paths
from pawtrace.config.imagenet import PUBLISHED
from pawtrace.setup.survey import Survey

NO_BACKBONE = "none"
USUAL_BACKBONE = "mobilenet_v2"  # of those that Keras publishes, the smallest
# A fine-tuned backbone needs photos by the thousand: with fewer it memorises them (docs/log.md).
_MIN_PHOTOS_TO_FINE_TUNE = 2000
# With fewer photos, a fifth of them measures too little, and a head on frozen features can spare more.
_FEW_PHOTOS = 1000
_TEST_OF_FEW = 0.25
_SPLIT_OF_FEW = {"fractions": {"train": 0.6, "validation": 0.15, "test": _TEST_OF_FEW}}
# Two models that agree on all of n test photos may still differ by 2 / n (Agresti & Min 2005, 95 %): with a
# smaller promote.margin, no model would ever take the place of another.
_MARGIN_TIMES_TEST, _LARGEST_MARGIN = 3, 0.1
_FROZEN, _FINE_TUNED = ["frozen", "frozen_views"], ["gradual_unfreeze", "best"]
_FROM_NOTHING = ["from_scratch", "from_scratch_normalized"]


class Choice(NamedTuple):
    """What params.yaml is made of, besides the section `data`."""

    profile: str
    recipes: list[str]  # of the profile
    changes: dict[str, dict[str, Any]]  # of the profile, by section


def choose(survey: Survey, backbone: Path | None, size_px: int | None, imbalance_share: float) -> Choice:
    """The recipes that fit.

    Args:
      survey: of the photos.
      backbone: a `.keras` file; None: train from random weights.
      size_px: side of the images that the backbone wants, pixels; None without one.
      imbalance_share: of the commoner label, from which on both labels shall weigh the same.
    """
    num_photos = sum(survey.num_photos.values())
    changes: dict[str, dict[str, Any]] = {"train": {}}
    if num_photos < _FEW_PHOTOS:
        changes["split"] = _SPLIT_OF_FEW
        margin = math.ceil(100 * _MARGIN_TIMES_TEST / (_TEST_OF_FEW * num_photos)) / 100
        changes["promote"] = {"margin": min(_LARGEST_MARGIN, margin)}
    if max(survey.num_photos.values()) > imbalance_share * num_photos:
        changes["train"]["class_weights"] = "balanced"
    if backbone is None:
        return Choice("sample", _FROM_NOTHING, changes)
    changes["train"] |= {"backbone": str(backbone), "image_size_px": size_px}
    changes["preprocess"] = {"image_size_px": size_px}
    fine_tuned = _FINE_TUNED if num_photos >= _MIN_PHOTOS_TO_FINE_TUNE else []
    return Choice("own_photos", _FROZEN + fine_tuned, changes)


def find_backbone(asked: str | None) -> Path | str | None:
    """Find the backbone that the user asked for.

    Args:
      asked: a `.keras` file, which is copied to data/weights if it lies elsewhere; the name of a file there;
        a network that Keras publishes; `none`; None: whatever lies in data/weights.
    Returns:
      Its file in data/weights; the name of a published network whose file is still to be made; None for
      training without one.
    Raises:
      TrainingError: there is no such backbone, or several could be meant.
    """
    if asked == NO_BACKBONE:
        return None
    if asked is None:
        there = sorted(paths.WEIGHTS.glob("*.keras"))
        if len(there) > 1:
            listed = ", ".join(str(path) for path in there)
            raise TrainingError(
                f"{paths.WEIGHTS}: expected one backbone, found {listed}; add --backbone FILE"
            )
        return there[0] if there else USUAL_BACKBONE
    named = paths.WEIGHTS / f"{asked}.keras"
    if named.is_file():
        return named
    if asked in PUBLISHED:
        return asked
    file = Path(asked)
    if file.suffix != ".keras" or not file.is_file():
        raise TrainingError(
            f"--backbone {asked}: expected a .keras file or one of {', '.join(PUBLISHED)}, found "
            f"{'something else' if file.exists() else 'none'}; for a file of weights, run: "
            f"pawtrace backbone NAME --from FILE"
        )
    return _in_weights(file)


def _in_weights(file: Path) -> Path:
    """The file in data/weights; copied there, so that the project holds what it needs."""
    copy = paths.WEIGHTS / file.name
    if copy.exists() and sha256_of(copy) != sha256_of(file):
        raise TrainingError(
            f"--backbone {file}: {copy} is another file of the same name; delete it, or rename one of them"
        )
    if not copy.exists():
        with new_file(copy) as partial:
            shutil.copyfile(file, partial)
    return copy
