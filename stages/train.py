"""Train and measure one recipe: the three steps that `flows.train_recipe` runs as Prefect tasks.

Arrives: data/records, `train.*`, `evaluate.*` and the recipe's overrides.
Leaves, in the folder that becomes models/<recipe>/: preview.jpg; model.keras, history.csv,
training.json and dvclive/; predictions.csv, evaluation.json and the worst errors as pictures.
"""

import csv
import json
import shutil
from pathlib import Path

import keras

from pawtrace.config import paths
from pawtrace.config.files import sha256_of, write_json
from pawtrace.config.params import ResolvedRecipe
from pawtrace.dataset.shards import open_records, read_manifest
from pawtrace.evaluation.evaluation import evaluate_predictions, worst_errors
from pawtrace.evaluation.pictures import write_example, write_preview
from pawtrace.evaluation.predictions import Predictions, write_predictions
from pawtrace.learning.augmentation import augmented_view, check_policy
from pawtrace.learning.device import Compute, choose_compute, prepare_compute
from pawtrace.learning.fit import FINISHED, train_classifier
from pawtrace.learning.predict import load_classifier, predict
from pawtrace.lineage.fingerprints import code_fingerprint, fingerprint, library_versions, modules_reached

_CODE = Path(__file__).parent.parent


def augment(recipe: ResolvedRecipe, folder: Path) -> None:
    """Build the augmentation policy and draw a sheet of its views.

    Raises:
      ParamsError: a transform's name or argument is wrong.
      DataError: the records are not what their manifest says.
    """
    warn_of_unwatched(recipe)
    train = recipe.train
    check_policy(train.augmentation, train.image_size_px)
    view = augmented_view(train.augmentation, train.seed)
    write_preview(folder / "preview.jpg", open_records(paths.RECORDS)["train"], view, train.image_size_px)


def train(recipe: ResolvedRecipe, folder: Path) -> None:
    """Train the recipe, or find its training finished; copy what came of it.

    Training works in a folder of its own, named by a digest of everything that decides the result,
    because DVC deletes models/<recipe> before every run. A change of `evaluate.*` alone leaves that
    digest as it is.

    Raises:
      DeviceError, TrainingError, DataError: see pawtrace.learning.
    """
    compute = choose_compute(recipe.train)
    work = working_folder(recipe, compute)
    if (work / FINISHED).exists():
        print(f"{recipe.name}: training is finished already ({work}); nothing to repeat", flush=True)
    else:
        records = open_records(paths.RECORDS)
        shutil.rmtree(work.parent, ignore_errors=True)  # of this recipe: an outdated or broken-off run
        work.mkdir(parents=True)
        train_classifier(recipe, records, work, prepare_compute(recipe.train))
    shutil.copytree(work, folder, dirs_exist_ok=True)


def warn_of_unwatched(recipe: ResolvedRecipe) -> None:
    """Say so when DVC cannot see that a backbone or weights file changes."""
    for name in (recipe.train.backbone, recipe.train.weights or ""):
        if Path(name).is_file() and not Path(name).resolve().is_relative_to(paths.WEIGHTS.resolve()):
            print(
                f"warning: {name} lies outside {paths.WEIGHTS}, so DVC cannot see when it changes", flush=True
            )


def working_folder(recipe: ResolvedRecipe, compute: Compute) -> Path:
    """Where a recipe trains: .pawtrace/training/<recipe>/<digest of all that decides the result>."""
    reached = modules_reached(_CODE / "pawtrace/learning/fit.py", _CODE)
    # What pawtrace.config makes, the params, is in the digest by value.
    code = [path for path in reached if not path.is_relative_to("pawtrace/config")]
    files = [Path(name) for name in (recipe.train.backbone, recipe.train.weights or "")]
    digest = fingerprint(
        {
            "train": recipe.train.model_dump(),
            "compute": compute._asdict(),
            "records": read_manifest(paths.RECORDS),
            "code": code_fingerprint(code, _CODE),
            "libraries": {**library_versions(), "backend": keras.backend.backend()},
            "weights": [sha256_of(path) for path in files if path.is_file()],
        }
    )
    return paths.WORK / "training" / recipe.name / digest[:16]


def evaluate(recipe: ResolvedRecipe, folder: Path) -> None:
    """Predict every example, unaugmented, and measure the predictions.

    Raises:
      TrainingError: the model is missing or predicts something that is no probability.
    """
    prepare_compute(recipe.train)  # training may have been found finished
    records = open_records(paths.RECORDS)
    model = load_classifier(folder / "model.keras")
    predictions = {}
    for split, of_split in records.items():
        probabilities = predict(model, of_split, recipe.evaluate.batch_size)
        predictions[split] = Predictions(of_split.ids, of_split.labels, probabilities)
    write_predictions(folder / "predictions.csv", predictions)
    write_json(folder / "evaluation.json", evaluate_predictions(predictions, recipe.evaluate))

    pictures = folder / "worst_errors"
    pictures.mkdir()
    number_of = {example_id: number for number, example_id in enumerate(records["test"].ids)}
    with (folder / "worst_errors.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("file", "id", "label", "probability"))
        for rank, error in enumerate(worst_errors(predictions["test"], recipe.evaluate.num_worst_errors)):
            name = f"{rank:02d}.jpg"
            write_example(pictures / name, records["test"], number_of[error[0]])
            writer.writerow((f"worst_errors/{name}", *error))


def test_metrics(folder: Path) -> dict[str, float]:
    """The metrics on the test split, from evaluation.json."""
    content = json.loads((folder / "evaluation.json").read_text(encoding="utf-8"))
    metrics: dict[str, float] = content["metrics"]["test"]
    return metrics
