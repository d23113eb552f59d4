"""Provenance: everything that a recipe's metrics were made from.

Arrives: what the train stage knows while it works. Leaves: models/<recipe>/provenance.json; with what
identifies its metrics and its predictions, reports/provenance/<recipe>.json.
"""

import platform
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Self

from joblib import cpu_count
from pydantic import model_validator

from pawtrace.base.files import fingerprint
from pawtrace.base.stage_outputs import StageOutput
from pawtrace.config.recipe_file import RecipeFile
from pawtrace.config.sections import MeasureParams
from pawtrace.evaluation.predictions import Predictions
from pawtrace.lineage.record.circumstances import Circumstances
from pawtrace.lineage.record.code import (
    ROOT,
    library_versions,
    measuring_versions,
    module_fingerprints,
    modules_reached,
)


class Machine(StageOutput):
    """The machine that computed: each of these can change a result in its last digits."""

    device: str  # gpu | cpu
    device_name: str
    num_devices: int
    num_cpus: int  # that the process may use
    precision: str
    xla: bool
    backend: str
    platform: str
    python: str


class Sources(StageOutput):
    """Fingerprints of the data: the examples, their split, the records that were trained on."""

    raw: str | None  # of records that were not made by the stage `preprocess`
    splits: str | None
    records: str
    weights: dict[str, str] = {}  # path -> sha256, of each file of weights that was read


class Code(StageOutput):
    """Fingerprints of the modules that the stage reaches: of what they do, comments apart."""

    fingerprint: str
    modules: dict[str, str]  # path -> fingerprint


class Work(StageOutput):
    """A finished piece of work."""

    runs: list[Circumstances]  # several if the work was interrupted and resumed
    duration_s: float


class Answers(StageOutput):
    """On which test examples the recipe is right: enough to compare two recipes example by example."""

    fingerprint: str  # of ids and labels, in the order of the ids
    num_examples: int
    right: str  # a bit an example, in that order, as hexadecimal digits
    duplicates: list[list[int]] = []  # the places, in that order, of examples that show the same picture

    @model_validator(mode="after")
    def _a_bit_each(self) -> Self:
        digits = set(self.right) <= set("0123456789abcdef")
        if not digits or len(self.right) != -(-self.num_examples // 4):
            raise ValueError(f"expected {self.num_examples} bits as hexadecimal digits")
        return self


class Provenance(StageOutput):
    """models/<recipe>/provenance.json."""

    recipe: str
    params: dict[str, dict[str, Any]]  # the sections that applied, all overrides laid over them
    seeds: list[int]
    data: Sources
    code: Code
    libraries: dict[str, str]
    machine: Machine
    training: Work
    evaluation: Work
    duration_s: float  # of the whole run of the stage; short where training was found finished


class ReportedProvenance(Provenance):
    """reports/provenance/<recipe>.json."""

    metrics: str  # fingerprint of reports/metrics/<recipe>.json
    measured: str  # fingerprint of the predictions that training handed to the measuring
    measured_with: dict[str, str] = {}  # libraries; empty where they were not yet recorded
    intervals: dict[str, tuple[float, float]]  # 95 %, of the metrics on test
    seed_accuracies: list[float] = []  # on test, in the order of the seeds
    test: Answers


def machine(compute: Mapping[str, Any], device_name: str, backend: str) -> Machine:
    """The machine that this process runs on.

    Args:
      compute: device, num_devices, precision and xla, as training recorded them.
      device_name: the model of the device.
      backend: Keras's.
    """
    return Machine(
        **{name: compute[name] for name in ("device", "num_devices", "precision", "xla")},
        device_name=device_name,
        backend=backend,
        num_cpus=cpu_count(),
        platform=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
    )


def provenance_of(
    name: str,
    recipe: RecipeFile,
    manifest: Mapping[str, Any],
    machine: Machine,
    *,
    training: Work,
    evaluation: Work,
) -> Provenance:
    """The provenance of the model that the train stage has just trained.

    Args:
      name: of the recipe.
      recipe: all that decides its training.
      manifest: of the records.
      machine: that trained.
      training: by whom and how long; of the first seed, where there are several.
      evaluation: the same.
    """
    sections = {"train": recipe.train, "probe": recipe.probe, "evaluate": recipe.predict}
    modules = module_fingerprints(modules_reached(ROOT / "flows/train_recipe.py"), ROOT)
    first = recipe.train.seed
    return Provenance(
        recipe=name,
        params={name: section.model_dump(mode="json") for name, section in sections.items()},
        seeds=list(range(first, first + recipe.train.num_seeds)),
        data=Sources(
            raw=manifest["made_from"].get("raw"),
            splits=manifest["made_from"].get("splits"),
            records=fingerprint(manifest["shards"]),
            weights=recipe.weights,
        ),
        code=Code(fingerprint=fingerprint(modules), modules=modules),
        libraries=library_versions(machine.backend),
        machine=machine,
        training=training,
        evaluation=evaluation,
        duration_s=evaluation.runs[-1].seconds_ago,
    )


def reported(
    provenance: Provenance,
    params: MeasureParams,
    *,
    metrics: Mapping[str, Any],
    intervals: Mapping[str, tuple[float, float]],
    seed_accuracies: Sequence[float],
    predictions: Mapping[str, Predictions],
    seed_predictions: Mapping[int, Predictions],
) -> ReportedProvenance:
    """The provenance of a recipe's metrics.

    Args:
      provenance: of what was measured.
      params: how it was measured.
      metrics: the content of the metrics file.
      intervals: of the metrics on test.
      seed_accuracies: on test, in the order of the seeds.
      predictions: what was measured, by split.
      seed_predictions: on test, of each seed after the first.
    """
    content = provenance.model_dump()
    content["params"]["evaluate"] |= params.model_dump(mode="json")
    measured = {**predictions, **{str(seed): test for seed, test in seed_predictions.items()}}
    return ReportedProvenance(
        **content,
        metrics=fingerprint(metrics),
        measured=fingerprint({name: _plain(part) for name, part in measured.items()}),
        measured_with=measuring_versions(),
        intervals=dict(intervals),
        seed_accuracies=list(seed_accuracies),
        test=answers_of(predictions["test"]),
    )


def _plain(predictions: Predictions) -> list[Any]:
    return [predictions.ids, predictions.labels.tolist(), predictions.probabilities.tolist()]


class _Right(NamedTuple):
    id: str
    label: int
    right: bool


def answers_of(predictions: Predictions) -> Answers:
    """On which examples the predictions are right; two of them compare where `fingerprint` is equal."""
    right = (predictions.predicted == predictions.labels).tolist()
    rows = sorted(map(_Right, predictions.ids, predictions.labels.tolist(), right))
    bits = "".join("1" if row.right else "0" for row in rows)
    places: dict[str, list[int]] = defaultdict(list)
    for place, row in enumerate(rows):
        places[predictions.group_of.get(row.id, row.id)].append(place)
    return Answers(
        fingerprint=fingerprint([(row.id, row.label) for row in rows]),
        num_examples=len(rows),
        right=f"{int(bits, 2):0{-(-len(bits) // 4)}x}",
        duplicates=[of_group for of_group in places.values() if len(of_group) > 1],
    )


def groups_of(answers: Answers) -> list[str]:
    """The group of duplicates of each example, in the order of the ids."""
    group_of = {place: of_group[0] for of_group in answers.duplicates for place in of_group}
    return [str(group_of.get(place, place)) for place in range(answers.num_examples)]


def right_of(answers: Answers) -> list[bool]:
    """On which examples the recipe was right, in the order of the ids."""
    return [bit == "1" for bit in f"{int(answers.right, 16):0{answers.num_examples}b}"]
