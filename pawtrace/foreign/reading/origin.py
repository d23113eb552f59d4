"""Whether a model file is one of ours: built by `pawtrace.learning.networks.model`."""

import json
import zipfile
from pathlib import Path


def is_ours(path: Path) -> bool:
    """Whether a `.keras` file holds a classifier as `build_classifier` makes it: uint8 in, P(dog) out."""
    try:
        with zipfile.ZipFile(path) as archive:
            config = json.loads(archive.read("config.json"))["config"]
        names = {layer.get("name") for layer in config["layers"]}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, zipfile.BadZipFile):
        return False
    return {"image", "input_scaling", "head"} <= names
