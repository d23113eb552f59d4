"""Where things lie, relative to the project's root, which is the current folder of every stage."""

from pathlib import Path

PARAMS = Path("params.yaml")
PROFILES = Path("profiles")
ARCHIVES = Path("data/archives")
WEIGHTS = Path("data/weights")
RAW = Path("data/raw")
SPLITS = Path("data/splits")
RECORDS = Path("data/records")
RECIPES = Path("data/recipes")
MODELS = Path("models")
# A link to the folder that DVC tracks: were the folder itself below models/, on which the stage
# `report` depends as a whole, every promotion would make the report stale.
PROMOTED = Path("models/promoted")
PROMOTED_FOLDER = Path("promoted")
REPORTS = Path("reports")
# Training's working state: DVC deletes a stage's outputs before running it, so this lies outside.
WORK = Path(".pawtrace")
