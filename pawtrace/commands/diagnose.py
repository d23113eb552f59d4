"""Find out why the accuracy of your own model is low. Needs no project.

The exit code is 0 if the verdict is healthy, 1 for any other verdict, 2 if the model or the photos cannot
be used.
"""

import argparse
import os
import sys
from pathlib import Path

from pawtrace.base.errors import PawtraceError
from pawtrace.running.importing import garbage_left_alone

_PHOTOS = "a zip, a tar or a folder there"
_EXPECTED = {
    "model": "a .keras or .h5 file, or a SavedModel's folder",
    "photos": _PHOTOS,
    "train": _PHOTOS,
    "history": "CSVLogger's CSV, DVCLive's folder, or a JSON of History.history",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The model, the photos, the format."""
    parser.add_argument("model", type=Path, help="a .keras or .h5 file, or a SavedModel's folder")
    parser.add_argument(
        "photos",
        type=Path,
        help="photos that the model has not seen: a folder, zip or tar with class folders; or one that has "
        "folders train and test, each with class folders",
    )
    parser.add_argument("--train", type=Path, metavar="PHOTOS", help="photos that the model was trained on")
    parser.add_argument(
        "--history",
        type=Path,
        metavar="FILE",
        help="history of the training: CSVLogger's CSV, DVCLive's folder, or a JSON of History.history",
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of a screen of text")
    parser.add_argument("--html", type=Path, metavar="FILE", help="also write a page with charts")


def run(arguments: argparse.Namespace) -> int:
    """Diagnose; 1 where something was found."""
    _check_paths(arguments)
    # oneDNN then multiplies in bfloat16 if the processor can: twice as fast; P(dog) changes by about 0.01.
    os.environ.setdefault("ONEDNN_DEFAULT_FPMATH_MODE", "BF16")
    with garbage_left_alone():
        from pawtrace.foreign.diagnosing import diagnose
    say = (lambda _: None) if arguments.quiet else None
    diagnosis = diagnose(arguments.model, arguments.photos, arguments.train, arguments.history, say=say)
    if arguments.html is not None:
        from pawtrace.foreign.page import write_page

        write_page(arguments.html, diagnosis)
        if not arguments.quiet:
            print(f"diagnose: page: {arguments.html}", file=sys.stderr)
    print(diagnosis.json if arguments.json else diagnosis.text, end="")
    return 0 if diagnosis.is_healthy else 1


def _check_paths(arguments: argparse.Namespace) -> None:
    """Name a missing path at once: TensorFlow takes seconds to start."""
    for name, expected in _EXPECTED.items():
        path = getattr(arguments, name)
        if path is not None and not path.exists():
            option = f"--{name} " if name in ("train", "history") else ""
            raise PawtraceError(f"{option}{path} is missing; expected {expected}")
