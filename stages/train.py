"""Train one recipe: the four steps that `flows.train_recipe` runs as Prefect tasks.

Arrives: data/recipes/<recipe>.json, data/records, and the weights that the recipe names.
Leaves, in the folder that becomes models/<recipe>/: preview.jpg; probes.json; model.keras, history.csv,
training.json and dvclive/; predictions.csv, those of further seeds, and the worst errors as pictures,
with what the model looked at; provenance.json.
"""

import json
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from pawtrace.base.errors import TrainingError
from pawtrace.base.files import csv_text, fingerprint, write_json, write_text
from pawtrace.config import paths
from pawtrace.config.odd_values import odd_values
from pawtrace.config.recipe_file import RecipeFile, weights_digests
from pawtrace.config.train_params import TrainParams
from pawtrace.dataset.examples.pixels import square
from pawtrace.dataset.examples.shards import Records, open_records, read_manifest
from pawtrace.evaluation.pictures import attention_jpeg, write_example, write_preview
from pawtrace.evaluation.predictions import (
    Predictions,
    WorstError,
    seed_file,
    worst_errors,
    write_predictions,
)
from pawtrace.learning.device import Compute, device_name, prepare_compute
from pawtrace.learning.failures import out_of_memory_named
from pawtrace.learning.hosts import leave_hosts
from pawtrace.learning.inputs.augmentation import AugmentedView, check_policy
from pawtrace.learning.predict import load_classifier, predict
from pawtrace.learning.probes.grad_cam import attention_maps
from pawtrace.learning.probes.probe import probe as run_probes
from pawtrace.learning.training import FINISHED, train_classifier
from pawtrace.learning.working_folders import RUNS, drop_unused, note_run, runs_of, seeds_of, unfinished
from pawtrace.lineage.record.circumstances import Circumstances
from pawtrace.lineage.record.code import ROOT, code_fingerprint, library_versions, modules_reached
from pawtrace.lineage.record.provenance import Work, machine, provenance_of


@dataclass(frozen=True)
class Job:
    """The training of one recipe: made once by the flow, and handed to its steps."""

    name: str  # of the recipe
    recipe: RecipeFile
    manifest: dict[str, Any]  # of the records
    records: dict[str, Records]  # by split, checked
    compute: Compute
    folder: Path  # becomes models/<recipe>
    working_folders: dict[int, Path]  # where each seed trains; the first one is kept
    now: Circumstances


def prepare(name: str, recipe: RecipeFile, folder: Path, now: Circumstances) -> Job:
    """Check what a recipe needs and settle what it computes on.

    Raises:
      TrainingError: a file of weights is not the one that `resolve` saw.
      DataError: the records are not what their manifest says.
      DeviceError: a GPU is wanted, and there is none.
    """
    _check_weights(name, recipe)
    manifest, records = read_manifest(paths.RECORDS), open_records(paths.RECORDS)
    for line in odd_values(recipe.train, len(records["train"])):
        print(f"{name}: warning: {line}", flush=True)
    compute = prepare_compute(recipe.train)
    folders = {
        seed_params.seed: paths.TRAININGS / training_digest(recipe, seed_params, manifest, compute)[:16]
        for seed_params in seeds_of(recipe.train)
    }
    return Job(name, recipe, manifest, records, compute, folder, folders, now)


def augment(job: Job) -> None:
    """Build the augmentation policy and draw a sheet of its views.

    Raises:
      ParamsError: a transform's name or argument is wrong.
    """
    train = job.recipe.train
    check_policy(train.augmentation, train.image_size_px)
    view = AugmentedView(train.augmentation, train.seed)
    write_preview(job.folder / "preview.jpg", job.records["train"], view, train.image_size_px)


def probe(job: Job) -> None:
    """Measure the untrained network, for the diagnosis.

    Raises:
      DeviceError, TrainingError, DataError, ParamsError: see pawtrace.learning.probes.probe.
    """
    with out_of_memory_named(job.recipe.train.batch_size, job.compute.device):
        probes = run_probes(job.recipe.train, job.recipe.probe, job.records)
    write_json(job.folder / "probes.json", probes)


def train(job: Job) -> None:
    """Train the recipe with each of its seeds, unless that is done already; keep the first seed's model.

    Raises:
      DeviceError, TrainingError, DataError: see pawtrace.learning.
    """
    drop_unused(job.name, list(job.working_folders.values()))
    for seed_params, work in unfinished(job.name, job.recipe.train, job.working_folders):
        work.mkdir(parents=True, exist_ok=True)
        note_run(work, job.now.model_dump())
        _train_seed(job, seed_params, work)
    leave_hosts()
    kept = job.working_folders[job.recipe.train.seed]
    # What a kill has left: checkpoints of a run that had ended, half-written files.
    left = shutil.ignore_patterns("checkpoints", ".partial-*")
    shutil.copytree(kept, job.folder, dirs_exist_ok=True, ignore=left)


def take_part(job: Job) -> None:
    """On a host that is not the chief: compute this host's share of what `train` does there; write nothing.

    Raises:
      DeviceError, TrainingError, DataError: see pawtrace.learning.
    """
    for seed_params, work in unfinished(job.name, job.recipe.train, job.working_folders):
        _train_seed(job, seed_params, work)
    leave_hosts()


def evaluate(job: Job) -> dict[str, Predictions]:
    """Predict every example, unaugmented or averaged over views, and record what that was made from.

    Returns:
      The predictions by split.
    Raises:
      TrainingError: the model is missing or predicts something that is no probability.
      DeviceError: a batch does not fit into memory.
    """
    start = time.monotonic()
    model = load_classifier(job.folder / "model.keras")
    with out_of_memory_named(job.recipe.predict.batch_size, job.compute.device, "evaluate.batch_size"):
        predictions = {split: _predicted(job, model, split) for split in job.records}
    write_predictions(job.folder / "predictions.csv", predictions)
    for seed, work in list(job.working_folders.items())[1:]:
        test_predictions = _predicted(job, load_classifier(work / "model.keras"), "test")
        write_predictions(seed_file(job.folder, seed), {"test": test_predictions})
    errors = worst_errors(predictions["test"], job.recipe.predict.num_worst_errors)
    _write_worst_errors(job.folder, model, job.records["test"], errors)
    _record_provenance(job, time.monotonic() - start)
    return predictions


def training_digest(
    recipe: RecipeFile, seed_params: TrainParams, manifest: dict[str, Any], compute: Compute
) -> str:
    """The digest of all that decides what one seed of a recipe trains."""
    # What params hold is in the digest by value; a table of backbones is code.
    code = [
        path
        for path in modules_reached(ROOT / "pawtrace/learning/training.py")
        if path.parent.name != "config" or path.name == "imagenet.py"
    ]
    return fingerprint(
        {
            "train": seed_params.model_dump(),
            "compute": compute._asdict(),
            "records": {name: manifest[name] for name in ("image_size_px", "shards")},
            "code": code_fingerprint(code, ROOT),
            "libraries": {**library_versions(keras.backend.backend()), "backend": keras.backend.backend()},
            "weights": recipe.weights,
        }
    )


def _train_seed(job: Job, seed_params: TrainParams, work: Path) -> None:
    keras.utils.set_random_seed(seed_params.seed)
    train_classifier(seed_params, job.records, work, job.compute)


def _check_weights(name: str, recipe: RecipeFile) -> None:
    """What is trained must be what DVC watches; of a file that is missing, the backbone says more."""
    digests = weights_digests(recipe.train)
    if digests == recipe.weights or len(digests) < len(recipe.weights):
        return
    shutil.rmtree(paths.IN_USE, ignore_errors=True)  # so that DVC runs `resolve` again
    changed = next(path for path in digests if digests[path] != recipe.weights.get(path))
    raise TrainingError(
        f"{changed}: expected the file that stage resolve saw for {name}, found a new one; run: dvc repro"
    )


def _predicted(job: Job, model: keras.Model, split: str) -> Predictions:
    records, params = job.records[split], job.recipe.predict
    view = AugmentedView(job.recipe.train.augmentation, job.recipe.train.seed)
    probabilities = predict(model, records, params.batch_size, view=view, num_views=params.tta_views)
    return Predictions(records.ids, records.labels, probabilities)


def _write_worst_errors(folder: Path, model: keras.Model, records: Records, errors: list[WorstError]) -> None:
    pictures = folder / "worst_errors"
    pictures.mkdir()
    numbers = [records.ids.index(error.id) for error in errors]
    names = [(f"{rank:02d}.jpg", f"{rank:02d}_attention.jpg") for rank in range(len(errors))]
    rows = [
        (f"{pictures.name}/{picture}", *error, f"{pictures.name}/{attention}")
        for error, (picture, attention) in zip(errors, names, strict=True)
    ]
    columns = ("file", "id", "label", "probability", "attention")
    write_text(folder / "worst_errors.csv", csv_text(columns, rows))
    if not errors:
        return
    images = np.stack([square(records[number], model.input_shape[1]) for number in numbers])
    maps = attention_maps(model, images)
    for number, (picture, attention), image, map in zip(numbers, names, images, maps, strict=True):
        write_example(pictures / picture, records, number)
        (pictures / attention).write_bytes(attention_jpeg(image, map))


def _record_provenance(job: Job, duration_s: float) -> None:
    training = training_record(job.folder)
    provenance = provenance_of(
        job.name,
        job.recipe,
        job.manifest,
        machine(training, device_name(training["device"]), keras.backend.backend()),
        training=Work(runs=runs_of(job.folder), duration_s=training["duration_s"]),
        evaluation=Work(runs=[job.now], duration_s=round(duration_s, 3)),
    )
    write_json(job.folder / paths.PROVENANCE, provenance.model_dump())
    (job.folder / RUNS).unlink()


def training_record(folder: Path) -> dict[str, Any]:
    """How the training went, from training.json: device, precision, images/s, waiting share, epochs."""
    record: dict[str, Any] = json.loads((folder / FINISHED).read_text(encoding="utf-8"))
    return record
