"""Trains planted faults: each becomes a result such as a recipe has, and what is known about its data."""

import contextlib
import io
import os
import pickle
import shutil
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np

from benchmarks.photos import write_split
from benchmarks.planted_faults.cases import Case, Network, pictures_of
from benchmarks.planted_faults.pictures import Pictures, save_network
from pawtrace.base.errors import PawtraceError
from pawtrace.base.files import new_file
from pawtrace.base.yaml_files import parse_yaml
from pawtrace.config.params import Params, merged
from pawtrace.config.sections import LABELS
from pawtrace.config.train_params import TrainParams
from pawtrace.dataset.examples.perceptual_hash import with_mirrored
from pawtrace.dataset.examples.pixels import encode_jpeg
from pawtrace.dataset.examples.raw import RawExample
from pawtrace.dataset.examples.shards import Records, open_records, write_manifest
from pawtrace.dataset.splitting.linear_baseline import choose_examples, linear_baseline
from pawtrace.dataset.splitting.overlap import find_overlap
from pawtrace.dataset.splitting.splits import Membership
from pawtrace.evaluation.evaluation import evaluate_predictions
from pawtrace.evaluation.predictions import Predictions
from pawtrace.learning.device import Compute
from pawtrace.learning.predict import load_classifier, predict
from pawtrace.learning.probes.probe import probe
from pawtrace.learning.training import train_classifier
from pawtrace.results.data_summary import Baseline, DataSummary, Source, SplitSummary
from pawtrace.results.probe_results import Probes, Signals
from pawtrace.results.results import Evaluation, Result, Training, read_history

_COMPUTE = Compute("cpu", "float32")


class Run(NamedTuple):
    """A trained case."""

    train: TrainParams
    data: DataSummary
    result: Result | None  # None: it could not be trained
    failure: str


def run(case: Case, folder: Path, drawn: Path) -> Run:
    """Train a case, or read what is kept of it.

    Args:
      case: the case.
      folder: of all cases.
      drawn: the stock of drawn pictures.
    """
    kept = folder / f"{case.full_name}.pickle"
    if kept.exists():
        stored: Run = pickle.loads(kept.read_bytes())  # our own file
        return stored
    work = folder / "work" / case.full_name
    train, records, pictures = prepare(case, work, drawn)
    result, failure = _result(train, params_of(case.network), records, work)
    made = Run(train, _data(pictures, params_of(case.network)), result, failure)
    shutil.rmtree(work)
    with new_file(kept) as file:
        file.write_bytes(pickle.dumps(made))
    return made


def flipped_ids(case: Case, drawn: Path) -> set[str]:
    """The ids of the pictures whose label the case flips."""
    before = pictures_of(case.network, case.seed, drawn)
    after = before if case.change is None else case.change(before, np.random.default_rng(case.seed))
    return {
        f"{split}/{number}.jpg"
        for split, pairs in before.items()
        for number, ((label, _), (changed, _)) in enumerate(zip(pairs, after[split], strict=True))
        if label != changed
    }


def prepare(case: Case, work: Path, drawn: Path) -> tuple[TrainParams, dict[str, Records], Pictures]:
    """Write the records and the network of a case; its params, records and pictures."""
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    pictures = pictures_of(case.network, case.seed, drawn)
    if case.change is not None:
        pictures = case.change(pictures, np.random.default_rng(case.seed))
    records = _write(pictures, work / "records", case.network.size_px)
    train = TrainParams.model_validate(
        merged(_own_train(params_of(case.network), case.network, work), case.train)
        | {"seed": case.seed, "num_seeds": 1}
    )
    if not case.network.is_pretrained:
        save_network(
            work / "network.keras", case.backbone, normalizes=case.network.normalizes, seed=case.seed
        )
    return train, records, pictures


def predictions_of(
    train: TrainParams, params: Params, records: dict[str, Records], folder: Path
) -> dict[str, Predictions]:
    """Train with these params and predict all splits."""
    keras.backend.clear_session()
    keras.utils.set_random_seed(train.seed)
    with contextlib.redirect_stdout(io.StringIO()):
        train_classifier(train, records, folder, _COMPUTE)
    model = load_classifier(folder / "model.keras")
    return {
        split: Predictions(of.ids, of.labels, predict(model, of, params.evaluate.batch_size))
        for split, of in records.items()
    }


def _result(
    train: TrainParams, params: Params, records: dict[str, Records], work: Path
) -> tuple[Result | None, str]:
    """What is left of a run, or why nothing is."""
    folder = work / "run"
    folder.mkdir()
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            probes = probe(train, params.probe.network, records)
        predictions = predictions_of(train, params, records, folder)
    except PawtraceError as error:
        return None, str(error)
    evaluation = evaluate_predictions(predictions, params.evaluate.measure)
    accuracy = evaluation["metrics"]["test"]["accuracy"]
    evaluation["seeds"] = [{"seed": train.seed, "metrics": {"accuracy": accuracy}}]
    return Result(
        name="planted",
        question="?",
        history=read_history(folder / "history.csv", "train"),
        training=Training.model_validate_json((folder / "training.json").read_text()),
        evaluation=Evaluation.model_validate(evaluation),
        predictions=predictions,
        probes=Probes.model_validate(probes),
        signals=Signals.model_validate_json((folder / "signals.json").read_text()),
        test_accuracies=(accuracy,),
        worst_errors=[],
        preview=Path("preview.jpg"),
    ), ""


def params_of(network: Network) -> Params:
    """The params of this project, with probes of a size that suits the network."""
    content = parse_yaml(Path("params.yaml").read_bytes())
    number = 400 if network.is_pretrained else 160  # what random features say matters less
    content["probe"] |= {"num_linear_probe_examples": number, "num_convention_examples": number // 4}
    return Params.model_validate(content)


def _own_train(params: Params, network: Network, work: Path) -> dict[str, Any]:
    train = params.train.model_dump(mode="json") | network.train | {"image_size_px": network.size_px}
    own = work / "network.keras"
    return train | {"backbone": os.environ["PAWTRACE_BACKBONE"] if network.is_pretrained else str(own)}


def _write(pictures: Pictures, folder: Path, size_px: int) -> dict[str, Records]:
    folder.mkdir()
    shards = [entry for split, of in pictures.items() for entry in write_split(folder, split, of)[1]]
    write_manifest(folder, size_px, shards)
    return open_records(folder)


def _data(pictures: Pictures, params: Params) -> DataSummary:
    """What the stage split measures of pictures in these splits."""
    splits = {split: [f"{split}/{n}.jpg" for n in range(len(of))] for split, of in pictures.items()}
    hashes = {
        f"{split}/{n}.jpg": with_mirrored(image)
        for split, of in pictures.items()
        for n, (_, image) in enumerate(of)
    }
    overlap = list(find_overlap(splits, hashes, params.probe.overlap_distance))
    train = [
        RawExample(id, label, encode_jpeg(image, 95))
        for id, (label, image) in zip(splits["train"], pictures["train"], strict=True)
    ]
    chosen = choose_examples([Membership(each.id, LABELS[each.label], each.id) for each in train], seed=0)
    measured = linear_baseline(train, chosen)
    baseline = (
        None
        if measured is None
        else Baseline(num_examples=measured.num_examples, num_right=measured.num_right)
    )
    counts = {
        split: {label: sum(each[0] == number for each in of) for number, label in enumerate(LABELS)}
        for split, of in pictures.items()
    }
    like_train = {
        split: {pair.id for pair in overlap if pair.split == split} for split in ("validation", "test")
    }
    num_examples = sum(len(of) for of in pictures.values())
    split = SplitSummary(
        splits=counts,
        num_examples=num_examples,
        num_groups=num_examples,
        num_exact_duplicates=0,
        num_near_duplicates=0,
        num_mirrored_duplicates=0,
        num_rejected=0,
        num_like_train={name: len(ids) for name, ids in like_train.items()},
        baseline=baseline,
    )
    totals = {label: sum(of[label] for of in counts.values()) for label in LABELS}
    source = Source(source="sample", archive=None, archive_sha256=None, num_examples=totals, num_rejected=0)
    return DataSummary(source, split, like_train, [])
