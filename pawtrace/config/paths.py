"""Where things lie, relative to the project's root, which is the current folder of every stage."""

from pathlib import Path

PIPELINE = Path("dvc.yaml")
# The words of an error.
OUTSIDE = f"expected a project here ({PIPELINE}), found none; run the command in the project's folder"
PARAMS = Path("params.yaml")
PROFILES = Path("profiles")
ARCHIVES = Path("data/archives")
WEIGHTS = Path("data/weights")
RAW = Path("data/raw")
SPLITS = Path("data/splits")
RECORDS = Path("data/records")
RECIPES = Path("data/recipes")  # a file a recipe: all that decides its training
MEASURES = Path("data/measures")  # a file a recipe: how its predictions are measured
IN_USE = Path("data/in_use")  # links to the archive and the weights that params name, for DVC to watch
MODELS = Path("models")
PROVENANCE = "provenance.json"  # in models/<recipe>/: what the model was made from
# A link to the folder that DVC tracks: were the folder itself below models/, on which the stage
# `report` depends as a whole, every promotion would make the report stale.
PROMOTED = Path("models/promoted")
PROMOTED_FOLDER = Path("promoted")
PROMOTED_POINTER = Path("promoted.dvc")
LOCK = Path("dvc.lock")
REPORTS = Path("reports")
METRICS = REPORTS / "metrics"
EVALUATIONS = REPORTS / "evaluations"  # intervals and curves behind the metrics
PROVENANCES = REPORTS / "provenance"
# What runs and promotions write into git's tree: uncommitted, it is the last run's, and no edit.
RESULTS = (LOCK, REPORTS, MODELS, PROMOTED_POINTER)
# Training's working state: DVC deletes a stage's outputs before running it, so this lies outside.
WORK = Path(".pawtrace")
TRAININGS = WORK / "training"  # a working folder for each seed of each recipe
