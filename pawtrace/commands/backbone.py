"""Make a pretrained backbone for your recipes: data/weights/NAME.keras.

The command downloads the weights that Keras publishes, or reads weights from a file (--from). The backbone
takes RGB 0..255 images of any size and scales them as its weights expect. To use the backbone, write its
path into params.yaml: train.backbone.
"""

import argparse
from pathlib import Path

from pawtrace.config.imagenet import PUBLISHED
from pawtrace.config.params import load_params
from pawtrace.setup.published_weights import other_weights


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which backbone, and where its weights are."""
    parser.add_argument("name", choices=list(PUBLISHED), help="a network of keras.applications")
    parser.add_argument(
        "--from",
        dest="weights_file",
        type=Path,
        metavar="FILE",
        help="weights of the network without its top layer (.h5, .weights.h5 or .keras); default: download",
    )


def run(arguments: argparse.Namespace) -> int:
    """Write the file."""
    baseline, name = load_params().train, arguments.name
    weights_file = other_weights(name, arguments.weights_file)
    from pawtrace.setup.backbone_file import write_backbone  # Keras takes many seconds

    path = write_backbone(name, weights_file, baseline)
    whose = "the ImageNet weights that Keras publishes"
    if weights_file is not None:
        whose = f"the weights of {weights_file} (not the file that Keras publishes, so they are not verified)"
    print(f"{path}: {name} with {whose}")
    print(f"next: pawtrace init PHOTOS --backbone {name}, or set train.backbone: {path} in params.yaml")
    return 0
