"""Where a model comes from, judged by its file alone: from pawtrace, or a SavedModel."""

import json
import zipfile
from pathlib import Path

PROGRAM = "saved_model.pb"  # of a SavedModel: its graph


def is_ours(path: Path) -> bool:
    """Whether a `.keras` file holds a classifier as `build_classifier` makes it: uint8 in, P(dog) out."""
    try:
        with zipfile.ZipFile(path) as archive:
            config = json.loads(archive.read("config.json"))["config"]
        names = {layer.get("name") for layer in config["layers"]}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, zipfile.BadZipFile):
        return False
    return {"image", "input_scaling", "head"} <= names


def is_saved_model(path: Path) -> bool:
    """Whether a path is a SavedModel's folder."""
    return (path / PROGRAM).is_file()
