"""How often is the diagnosis right? Train planted faults and healthy runs, and count.

Run: python -m benchmarks.verdicts [folder]. Real photos and a pretrained backbone are used where
PAWTRACE_PETS_ARCHIVE and PAWTRACE_BACKBONE name them. Each finished case is kept in the folder, so a run
that was broken off goes on; `--minutes` ends it in time. Prints, and writes to the folder as verdicts.md:
recall and precision of each verdict with intervals, the confusion table, how often the cure worked.
"""

import argparse
import contextlib
import io
import json
import os
import shutil
import time
from collections import Counter
from pathlib import Path
from typing import Any

import keras
import numpy as np

from benchmarks.photos import write_split
from benchmarks.planted import Case, Network, cases, pictures_of
from benchmarks.planted_pictures import Pictures, save_network
from pawtrace.base.errors import PawtraceError
from pawtrace.base.files import write_json, write_text
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
from pawtrace.diagnosis.diagnosis import Diagnosis, diagnose
from pawtrace.diagnosis.verdicts import VERDICTS
from pawtrace.evaluation.evaluation import evaluate_predictions
from pawtrace.evaluation.intervals import wilson
from pawtrace.evaluation.predictions import Predictions
from pawtrace.learning.device import Compute
from pawtrace.learning.predict import load_classifier, predict
from pawtrace.learning.probes.probe import probe
from pawtrace.learning.training import train_classifier
from pawtrace.results.data_summary import Baseline, DataSummary, Source, SplitSummary
from pawtrace.results.number_words import percent
from pawtrace.results.paired import paired_difference
from pawtrace.results.probe_results import Probes, Signals
from pawtrace.results.results import Evaluation, Result, Training, read_history

COMPUTE = Compute("cpu", "float32")


def main() -> None:
    """Run what is not finished yet, then count."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=Path(".pawtrace/verdicts"))
    parser.add_argument("--minutes", type=float, default=float("inf"), help="end after so long")
    parser.add_argument("--only", default="", help="cases whose name contains this")
    options = parser.parse_args()
    end = time.monotonic() + 60 * options.minutes
    options.folder.mkdir(parents=True, exist_ok=True)
    chosen = [case for case in cases() if options.only in f"{case.network.name}_{case.name}"]
    for number, case in enumerate(chosen, start=1):
        place = options.folder / f"{case.network.name}_{case.name}.json"
        if place.exists() or time.monotonic() > end:
            continue
        start = time.monotonic()
        outcome = run(case, options.folder / "work")
        write_json(place, outcome | {"seconds": round(time.monotonic() - start, 1)})
        right = "right" if outcome["verdict"] in case.right else f"WRONG, {case.right[0]} was planted"
        print(f"{number} of {len(chosen)} {place.stem}: {outcome['verdict']} ({right})", flush=True)
    text = summary(options.folder)
    write_text(options.folder / "verdicts.md", text)
    print(text)


def run(case: Case, work: Path) -> dict[str, Any]:
    """Train a case, diagnose it, and try the first cure."""
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    params = _params()
    random = np.random.default_rng(case.seed)
    pictures = pictures_of(case.network, case.seed)
    if case.change is not None:
        pictures = case.change(pictures, random)
    records = _write(pictures, work / "records", case.network.size_px)
    data = _data(pictures, params)
    train = TrainParams.model_validate(
        merged(_own_train(params, case.network, work), case.train) | {"seed": case.seed, "num_seeds": 1}
    )
    if not case.network.is_pretrained:
        save_network(
            work / "network.keras", case.backbone, normalizes=case.network.normalizes, seed=case.seed
        )
    result, failure = _trained(train, params, records, work / "run")
    outcome: dict[str, Any] = {
        "right": case.right,
        "severity": case.severity,
        "network": case.network.name,
        "failure": failure,
    }
    if result is None:
        return outcome | {"verdict": "unstable" if "finite" in failure else "failed"}
    found = diagnose(result, data, params.diagnose, train)
    outcome |= {
        "verdict": found.verdict,
        "cause": found.cause,
        "sentence": found.sentence,
        "numbers": found.numbers,
        "failed": [check.verdict for check in found.checks if check.state == "failed"],
        "suspects": [suspect.id for suspect in found.suspects],
    }
    return outcome | _cure(found, result, train, params, records, work)


def _cure(
    found: Diagnosis,
    result: Result,
    train: TrainParams,
    params: Params,
    records: dict[str, Records],
    work: Path,
) -> dict[str, Any]:
    """Whether the first cure that params can make raises the test accuracy measurably."""
    cure = next((cure for cure in found.cures if cure.overrides is not None), None)
    if cure is None or found.verdict in ("leaking", "label_noise"):
        return {}
    try:
        changed = TrainParams.model_validate(merged(train.model_dump(mode="json"), cure.overrides or {}))
        cured, failure = _trained(changed, params, records, work / "cured")
    except (PawtraceError, ValueError) as error:
        cured, failure = None, str(error)
    if cured is None:
        return {"cure": cure.name, "cure_worked": False, "cure_failure": failure}
    difference = paired_difference(cured.predictions["test"], result.predictions["test"])
    assert difference is not None
    return {
        "cure": cure.name,
        "cure_worked": difference.low > 0,
        "cure_difference": [difference.difference, difference.low, difference.high],
        "balanced": [each.metric("test", "balanced_accuracy") for each in (result, cured)],
    }


def _params() -> Params:
    content = parse_yaml(Path("params.yaml").read_bytes())
    content["probe"] |= {"num_overfit_steps": 30, "num_convention_examples": 200}
    return Params.model_validate(content)


def _own_train(params: Params, network: Network, work: Path) -> dict[str, Any]:
    train = params.train.model_dump(mode="json") | network.train | {"image_size_px": network.size_px}
    own = work / "network.keras"
    return train | {"backbone": os.environ["PAWTRACE_BACKBONE"] if network.is_pretrained else str(own)}


def _trained(
    train: TrainParams, params: Params, records: dict[str, Records], folder: Path
) -> tuple[Result | None, str]:
    """What is left of a run, or why nothing is."""
    folder.mkdir()
    keras.backend.clear_session()
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            probes = probe(train, params.probe.network, records)
            keras.utils.set_random_seed(train.seed)
            train_classifier(train, records, folder, COMPUTE)
            model = load_classifier(folder / "model.keras")
            predictions = {
                split: Predictions(of.ids, of.labels, predict(model, of, params.evaluate.batch_size))
                for split, of in records.items()
            }
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


def _write(pictures: Pictures, folder: Path, size_px: int) -> dict[str, Records]:
    folder.mkdir()
    for split, of in pictures.items():
        write_split(folder, split, len(of), of)
    write_manifest(folder, size_px)
    return open_records(folder)


def _data(pictures: Pictures, params: Params) -> DataSummary:
    """What the stage split measures of pictures in these splits."""
    splits = {split: [f"{split}/{n}.jpg" for n in range(len(of))] for split, of in pictures.items()}
    hashes = {
        f"{split}/{n}.jpg": with_mirrored(image)
        for split, of in pictures.items()
        for n, (_, image) in enumerate(of)
    }
    overlap = find_overlap(splits, hashes, params.probe.overlap_distance)
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


def summary(folder: Path) -> str:
    """Count the finished cases: Markdown."""
    outcomes = [json.loads(file.read_text()) for file in sorted(folder.glob("*.json"))]
    clear = [each for each in outcomes if each["severity"] != "borderline"]
    lines = [
        "| verdict | planted | recognised | recall, % | named | of these right | precision, % |",
        "|---" * 7 + "|",
    ]
    for name in VERDICTS:
        planted = [each for each in clear if each["right"][0] == name]
        recognised = sum(each["verdict"] in each["right"] for each in planted)
        named = [each for each in clear if each["verdict"] == name]
        right = sum(name in each["right"] for each in named)
        lines.append(
            f"| {name} | {len(planted)} | {recognised} | {_share(recognised, len(planted))} | {len(named)} | "
            f"{right} | {_share(right, len(named))} |"
        )
    faults = [each for each in clear if each["right"][0] != "healthy"]
    healthy = [each for each in clear if each["right"][0] == "healthy"]
    borderline = [each for each in outcomes if each["severity"] == "borderline"]
    tried = [each for each in faults if "cure_worked" in each and each["verdict"] in each["right"]]
    for words, of, good in (
        ("clear and severe faults with the right verdict", faults, _is_right),
        ("healthy runs called healthy", healthy, _is_right),
        ("borderline faults with the right verdict", borderline, _is_right),
        ("cures that raised the test accuracy measurably", tried, lambda each: each["cure_worked"]),
    ):
        number = sum(map(good, of))
        lines += ["", f"{words}: {number} of {len(of)}, {_share(number, len(of))} %"]
    confused = Counter((each["right"][0], each["verdict"]) for each in clear if not _is_right(each))
    lines += ["", "| planted | called | cases |", "|---|---|---|"]
    lines += [
        f"| {planted} | {called} | {number} |" for (planted, called), number in sorted(confused.items())
    ]
    return "\n".join(lines) + "\n"


def _is_right(outcome: dict[str, Any]) -> bool:
    return outcome["verdict"] in outcome["right"]


def _share(number: int, total: int) -> str:
    if total == 0:
        return "-"
    low, high = wilson(number, total)
    return f"{percent(number / total)} ({100 * low:.0f} to {100 * high:.0f})"


if __name__ == "__main__":
    main()
