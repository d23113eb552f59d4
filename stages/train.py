"""Train and measure one recipe: the four steps that `flows.train_recipe` runs as Prefect tasks.

Arrives: data/records, `train.*`, `probe.*`, `evaluate.*` and the recipe's overrides.
Leaves, in the folder that becomes models/<recipe>/: preview.jpg; probes.json; model.keras, history.csv,
training.json and dvclive/; predictions.csv, evaluation.json, seeds.json and the worst errors as
pictures, with what the model looked at; provenance.json.
"""

import csv
import json
import shutil
import time
from pathlib import Path
from typing import Any

import keras
import numpy as np

from pawtrace.base.files import fingerprint, sha256_of, write_json
from pawtrace.config import paths
from pawtrace.config.params import ResolvedRecipe
from pawtrace.config.train_params import TrainParams
from pawtrace.dataset.examples.pixels import square
from pawtrace.dataset.examples.shards import Records, open_records, read_manifest
from pawtrace.evaluation.evaluation import WorstError, evaluate_predictions, worst_errors
from pawtrace.evaluation.metrics import measure
from pawtrace.evaluation.pictures import write_attention, write_example, write_preview
from pawtrace.evaluation.predictions import Predictions, write_predictions
from pawtrace.learning.device import Compute, choose_compute, device_name, prepare_compute
from pawtrace.learning.failures import out_of_memory_named
from pawtrace.learning.fit import FINISHED, train_classifier
from pawtrace.learning.inputs.augmentation import augmented_view, check_policy
from pawtrace.learning.networks.imagenet import PUBLISHED
from pawtrace.learning.predict import load_classifier, predict
from pawtrace.learning.probes.grad_cam import attention_maps
from pawtrace.learning.probes.probe import probe as run_probes
from pawtrace.learning.xla import choose_xla
from pawtrace.lineage.record.code import code_fingerprint, library_versions, modules_reached
from pawtrace.lineage.record.provenance import PROVENANCE, Circumstances, Work, machine, provenance_of

_CODE = Path(__file__).parent.parent
_TRAINING = paths.WORK / "training"
_RUNS = "runs.json"


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


def probe(recipe: ResolvedRecipe, folder: Path) -> None:
    """Measure the untrained network and the data, for the diagnosis.

    Raises:
      DeviceError, TrainingError, DataError, ParamsError: see pawtrace.learning.probes.probe.
    """
    compute = prepare_compute(recipe.train)
    with out_of_memory_named(recipe.train.batch_size, compute.device):
        found = run_probes(recipe.train, recipe.probe, open_records(paths.RECORDS))
    write_json(folder / "probes.json", found)


def train(recipe: ResolvedRecipe, folder: Path, now: Circumstances) -> None:
    """Train the recipe with each of its seeds, or find that done; copy what the first one gave.

    `now` is noted as that of the training, where anything is left to train.

    Training works in folders of its own, named by a digest of everything that decides the result:
    DVC deletes models/<recipe> before every run. A run that was broken off goes on there, and a
    change of `evaluate.*` alone, or a recipe that differs in nothing else, finds it finished.

    Raises:
      DeviceError, TrainingError, DataError: see pawtrace.learning.
    """
    prepare_compute(recipe.train)  # before a trial of XLA
    works = [working_folder(of_seed) for of_seed in seeds_of(recipe.train)]
    drop_unused_runs(recipe.name, works)
    for of_seed, work in zip(seeds_of(recipe.train), works, strict=True):
        if (work / FINISHED).exists():
            print(f"{recipe.name}: training is finished already ({work}); nothing to repeat", flush=True)
            continue
        work.mkdir(parents=True, exist_ok=True)
        _note_run(work / _RUNS, now)
        prepare_compute(of_seed)
        train_classifier(of_seed, open_records(paths.RECORDS), work, settled_compute(of_seed))
    # Checkpoints are there only if a kill came between a run's end and their removal.
    shutil.copytree(works[0], folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("checkpoints"))


def _note_run(path: Path, now: Circumstances) -> None:
    """Add who trains now to those whose training was broken off, and goes on here."""
    write_json(path, [*_runs_of(path), now.model_dump()])


def _runs_of(path: Path) -> list[dict[str, Any]]:
    runs: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    return runs


def seeds_of(train: TrainParams) -> list[TrainParams]:
    """The same params once for each of the recipe's seeds."""
    return [
        train.model_copy(update={"seed": seed, "num_seeds": 1})
        for seed in range(train.seed, train.seed + train.num_seeds)
    ]


def warn_of_unwatched(recipe: ResolvedRecipe) -> None:
    """Say so when DVC cannot see that a backbone or weights file changes."""
    for name in (recipe.train.backbone, recipe.train.weights or ""):
        if Path(name).is_file() and not Path(name).resolve().is_relative_to(paths.WEIGHTS.resolve()):
            print(
                f"warning: {name} lies outside {paths.WEIGHTS}, so DVC cannot see when it changes", flush=True
            )


def settled_compute(train: TrainParams) -> Compute:
    """Device, precision and XLA, as they are for these params on this machine."""
    compute = choose_compute(train)
    same_for_all_seeds = train.model_dump(exclude={"seed", "num_seeds", "num_views", "early_stopping"})
    digest = fingerprint(
        {"train": same_for_all_seeds, "compute": compute._asdict(), "libraries": library_versions()}
    )
    return choose_xla(train, compute, paths.WORK / "xla" / f"{digest[:16]}.json")


def working_folder(train: TrainParams) -> Path:
    """Where one seed of a recipe trains: .pawtrace/training/<digest of all that decides the result>."""
    reached = modules_reached(_CODE / "pawtrace/learning/fit.py", _CODE)
    manifest = read_manifest(paths.RECORDS)
    # What pawtrace.config makes, the params, is in the digest by value.
    code = [path for path in reached if not path.is_relative_to("pawtrace/config")]
    files = [Path(train.backbone), Path(train.weights or "")]
    if train.weights == "imagenet":  # ours may be replaced; Keras checks what it downloads
        files.append(paths.WEIGHTS / PUBLISHED[train.backbone].file_name)
    digest = fingerprint(
        {
            "train": train.model_dump(),
            "compute": settled_compute(train)._asdict(),
            "records": {name: manifest[name] for name in ("image_size_px", "shards")},
            "code": code_fingerprint(code, _CODE),
            "libraries": {**library_versions(), "backend": keras.backend.backend()},
            "weights": [sha256_of(path) for path in files if path.is_file()],
        }
    )
    return _TRAINING / digest[:16]


def drop_unused_runs(recipe: str, works: list[Path]) -> None:
    """Note which runs a recipe uses now, and remove those that no recipe uses any more."""
    write_json(_TRAINING / f"{recipe}.json", [work.name for work in works])
    used = {name for list_ in _TRAINING.glob("[!.]*.json") for name in json.loads(list_.read_text("utf-8"))}
    for folder in _TRAINING.iterdir():
        if folder.is_dir() and folder.name not in used:
            shutil.rmtree(folder)


def evaluate(recipe: ResolvedRecipe, folder: Path, now: Circumstances) -> None:
    """Predict every example, unaugmented or averaged over views; measure that, and say what it was made from.

    Raises:
      TrainingError: the model is missing or predicts something that is no probability.
    """
    start = time.monotonic()
    prepare_compute(recipe.train)  # training may have been found finished
    records = open_records(paths.RECORDS)
    model = load_classifier(folder / "model.keras")
    predictions = {split: _predicted(recipe, model, of_split) for split, of_split in records.items()}
    write_predictions(folder / "predictions.csv", predictions)
    evaluation = evaluate_predictions(predictions, recipe.evaluate)
    write_json(folder / "evaluation.json", evaluation)
    of_seeds = [{"seed": recipe.train.seed, "metrics": evaluation["metrics"]["test"]}]
    for of_seed in seeds_of(recipe.train)[1:]:
        of_test = _predicted(
            recipe, load_classifier(working_folder(of_seed) / "model.keras"), records["test"]
        )
        measured = measure(of_test, recipe.evaluate.calibration_bins)
        of_seeds.append({"seed": of_seed.seed, "metrics": measured})
    write_json(folder / "seeds.json", {"seeds": of_seeds})

    errors = worst_errors(predictions["test"], recipe.evaluate.num_worst_errors)
    _write_worst_errors(folder, model, records["test"], errors)
    _record_provenance(recipe, folder, now, time.monotonic() - start)


def _predicted(recipe: ResolvedRecipe, model: keras.Model, records: Records) -> Predictions:
    view = augmented_view(recipe.train.augmentation, recipe.train.seed)
    measured = recipe.evaluate
    probabilities = predict(model, records, measured.batch_size, view=view, num_views=measured.tta_views)
    return Predictions(records.ids, records.labels, probabilities)


def _write_worst_errors(folder: Path, model: keras.Model, records: Records, errors: list[WorstError]) -> None:
    pictures = folder / "worst_errors"
    pictures.mkdir()
    number_of = {example_id: number for number, example_id in enumerate(records.ids)}
    with (folder / "worst_errors.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("file", "id", "label", "probability", "attention"))
        for rank, error in enumerate(errors):
            names = f"{rank:02d}.jpg", f"{rank:02d}_attention.jpg"
            write_example(pictures / names[0], records, number_of[error.id])
            writer.writerow((f"worst_errors/{names[0]}", *error, f"worst_errors/{names[1]}"))
    if errors:
        images = np.stack([square(records[number_of[error.id]], model.input_shape[1]) for error in errors])
        for rank, (image, attention) in enumerate(zip(images, attention_maps(model, images), strict=True)):
            write_attention(pictures / f"{rank:02d}_attention.jpg", image, attention)


def _record_provenance(recipe: ResolvedRecipe, folder: Path, now: Circumstances, duration_s: float) -> None:
    training = training_record(folder)
    provenance = provenance_of(
        recipe,
        read_manifest(paths.RECORDS),
        machine(training, device_name(training["device"]), keras.backend.backend()),
        training=Work(runs=_runs_of(folder / _RUNS), duration_s=training["duration_s"]),
        evaluation=Work(runs=[now], duration_s=round(duration_s, 3)),
    )
    write_json(folder / PROVENANCE, provenance.model_dump())
    (folder / _RUNS).unlink()


def training_record(folder: Path) -> dict[str, Any]:
    """How the training went, from training.json: device, precision, images/s, waiting share, epochs."""
    record: dict[str, Any] = json.loads((folder / FINISHED).read_text(encoding="utf-8"))
    return record


def test_metrics(folder: Path) -> dict[str, float]:
    """The metrics on the test split, from evaluation.json."""
    content = json.loads((folder / "evaluation.json").read_text(encoding="utf-8"))
    metrics: dict[str, float] = content["metrics"]["test"]
    return metrics
