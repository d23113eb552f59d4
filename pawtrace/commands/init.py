"""Set the project up for your photos: find cats and dogs, list problems, write params.yaml.

PHOTOS is a zip, a tar or a folder, with a folder for each class or with the class in the names of the files.
The command writes recipes that suit the number of photos; the first one has a frozen pretrained backbone.
It trains nothing.
"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from pawtrace.config import paths
from pawtrace.config.params import load_params, parse_params
from pawtrace.running.lock import project_held_by_us
from pawtrace.setup.saved_params import replace_params

if TYPE_CHECKING:
    from pawtrace.setup.backbone_speed import BackboneSpeed


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The photos, their classes, the backbone."""
    parser.add_argument("photos", type=Path, metavar="PHOTOS", help="a zip, a tar or a folder")
    for label in ("cat", "dog"):
        parser.add_argument(
            f"--{label}",
            nargs="+",
            action="extend",
            default=[],
            metavar="FOLDER",
            help=f"folders that hold {label}s; default: the folders with {label} in their names",
        )
    parser.add_argument(
        "--backbone",
        metavar="FILE|NAME",
        help="a pretrained network: a .keras file, a name as for `pawtrace backbone`, or none (train from "
        "random weights; needs many thousand photos); default: the only file in data/weights, or else "
        "mobilenet_v2",
    )


def run(arguments: argparse.Namespace) -> int:
    """Look at the photos, write params.yaml, say what comes next."""
    from pawtrace.dataset.sources.archive import Archive  # OpenCV and SciPy take a second
    from pawtrace.setup.choice import choose, find_backbone
    from pawtrace.setup.found_data import found_data, with_given_splits
    from pawtrace.setup.own_params import own_params_text
    from pawtrace.setup.profiles import profile_params
    from pawtrace.setup.published_weights import other_weights
    from pawtrace.setup.summary import next_lines, survey_lines
    from pawtrace.setup.survey import survey

    photos, defaults = arguments.photos, profile_params("own_photos")
    archive = Archive(photos, defaults.data.limits)
    named = {"cat": arguments.cat, "dog": arguments.dog}
    data = found_data(photos, archive.layout, named, defaults.data)
    backbone = find_backbone(arguments.backbone)
    if isinstance(backbone, str):
        other_weights(backbone, None)  # whether they can be had, before the photos are read
    found = survey(photos, archive, data, defaults.split.near_duplicate_distance)
    data = with_given_splits(data, found.divided)
    backbone, speed = _ready(backbone)
    choice = choose(found, backbone, speed and speed.size_px, defaults.diagnose.imbalance_share)
    text = own_params_text(choice, data, photos)
    params = parse_params(text.encode(), str(paths.PARAMS))
    with project_held_by_us():
        saved = replace_params(text)
    print(*survey_lines(found, data, params), sep="\n")
    print(*next_lines(params, found, speed, saved), sep="\n")
    return 0


def _ready(backbone: "Path | str | None") -> "tuple[Path | None, BackboneSpeed | None]":
    """Make the file of a published network where it is still missing, and measure the backbone."""
    if backbone is None:
        return None, None
    baseline = load_params().train
    if isinstance(backbone, str):
        from pawtrace.setup.backbone_file import write_backbone  # Keras takes many seconds

        backbone = write_backbone(backbone, None, baseline)
    from pawtrace.setup.backbone_speed import measure_backbone

    print(f"measuring the speed of {backbone} on this machine ...", flush=True)
    return backbone, measure_backbone(backbone, baseline)
