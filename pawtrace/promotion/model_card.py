"""A model card: what a model is for, how good it is and on what, its limits, what it was made from.

Arrives: a model's provenance, its measurement, the record of its data. Leaves: Markdown.
Source: Mitchell et al. 2019, "Model Cards for Model Reporting".
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from pawtrace.base.stage_outputs import read_json
from pawtrace.base.yaml_files import yaml_text
from pawtrace.config import paths
from pawtrace.config.params import Params
from pawtrace.config.sections import LABELS, SPLITS
from pawtrace.diagnosis.verdicts import VERDICTS
from pawtrace.lineage.record.provenance import Provenance
from pawtrace.promotion.candidate import EVALUATION
from pawtrace.promotion.chosen_model import RECORD
from pawtrace.promotion.made_from import DataRecord, data_now
from pawtrace.promotion.record import read_record
from pawtrace.results.number_words import decimal, percent
from pawtrace.results.results import Measured

CARD = "model_card.md"
_NOT_RECORDED = "not recorded"


class Described(NamedTuple):
    """What a card tells of a model."""

    provenance: Provenance
    measured: Measured
    data: DataRecord | None  # None: not recorded, or not on this machine
    verdict: str | None  # of the diagnosis; None: not known


def described_in(folder: Path, recipe: str, data: DataRecord | None, verdict: str | None) -> Described:
    """A recipe's model in a folder of the form of promoted/."""
    provenance = read_json(Provenance, folder / paths.PROVENANCE, f"train@{recipe}")
    measured = read_json(Measured, folder / EVALUATION, f"measure@{recipe}")
    return Described(provenance, measured, data, verdict)


def described(model: Path, params: Params) -> Described | None:
    """The promoted model or a recipe's model, found by its path; None for any other file.

    Raises:
      PawtraceError: what was recorded of it is damaged.
    """
    folder = model.parent
    if (folder / RECORD).is_file():
        record = read_record(folder)
        return described_in(folder, record.recipe, record.data, verdict=None)
    recipe = folder.name
    evaluation = paths.EVALUATIONS / f"{recipe}.json"
    is_recipe = folder.parent == paths.MODELS and recipe in params.recipes
    if not (is_recipe and (folder / paths.PROVENANCE).is_file() and evaluation.is_file()):
        return None
    provenance = read_json(Provenance, folder / paths.PROVENANCE, f"train@{recipe}")
    measured = read_json(Measured, evaluation, f"measure@{recipe}")
    data = data_now(params)
    if data is not None and (data.state.photos, data.state.split) != (
        provenance.data.raw,
        provenance.data.splits,
    ):
        data = None  # the data has changed since
    return Described(provenance, measured, data, _verdict(recipe))


def model_card(model: Described, *, title: str, note: str = "") -> str:
    """The text of a card.

    Args:
      model: what is known of it.
      title: its first line.
      note: how this copy of the model differs from the one that was measured.
    """
    lines = [f"# {title}", "", _input_and_output(model.provenance), *([note] if note else [])]
    for heading, section in (
        ("Data", _data(model.data)),
        ("Metrics on the test split", _metrics(model.measured)),
        ("Limits", _limits(model)),
        ("Made from", _lineage(model.provenance)),
    ):
        lines += ["", f"## {heading}", "", *section]
    return "\n".join(lines) + "\n"


def _input_and_output(provenance: Provenance) -> str:
    size_px = provenance.params["train"].get("image_size_px", "?")
    return (
        f"Tells cats from dogs. Input: uint8 RGB squares of {size_px} x {size_px} px; the input scaling is"
        " in the model. Output: P(dog), 0..1; 0.5 or more is a dog."
    )


def _data(data: DataRecord | None) -> Iterator[str]:
    if data is None:
        yield f"{_NOT_RECORDED.capitalize()}."
        return
    drawn = (
        " These are drawn pictures: the metrics say nothing about photos." if data.name == "sample" else ""
    )
    yield f"`{data.name}`.{drawn} Duplicates of a picture are in the same split."
    yield ""
    yield f"| split | {' | '.join(LABELS)} |"
    yield f"|---|{'---:|' * len(LABELS)}"
    for split in SPLITS:
        yield f"| {split} | {' | '.join(f'{data.num_examples[split].get(label, 0):,}' for label in LABELS)} |"


def _metrics(measured: Measured) -> Iterator[str]:
    yield "| metric | value | 95 % interval |"
    yield "|---|---:|---:|"
    for name, value in measured.metrics["test"].items():
        interval = measured.intervals.get(name)
        bounds = "" if interval is None else " to ".join(_shown(name, bound) for bound in interval)
        yield f"| {name.replace('_', ' ')} | {_shown(name, value)} | {bounds} |"
    others = [
        f"{percent(metrics['accuracy'])} on {split}"
        for split, metrics in measured.metrics.items()
        if split != "test" and "accuracy" in metrics
    ]
    if others:
        yield ""
        yield f"Accuracy on the other splits: {', '.join(others)}."


def _shown(metric: str, value: float) -> str:
    return percent(value) if metric.endswith("accuracy") else decimal(value)


def _limits(model: Described) -> Iterator[str]:
    yield "- The model knows only cats and dogs: it calls a picture of anything else one of the two."
    yield "- The intervals hold for pictures like those of the test split; other photos may give less."
    if model.data is not None:
        num_test = sum(model.data.num_examples["test"].values())
        yield f"- The test split has {num_test:,} pictures; differences within the interval may be chance."
    if model.verdict is not None and model.verdict != "healthy":
        verdict = VERDICTS[model.verdict]
        yield f"- Diagnosis: {verdict.words}: {verdict.cause}."
    views = model.provenance.params["evaluate"].get("tta_views", 1)
    if views > 1:
        yield f"- The metrics are those of the mean over {views} views of each picture, not of one view."


def _lineage(provenance: Provenance) -> Iterator[str]:
    run, data = provenance.training.runs[-1], provenance.data
    edited = f", with uncommitted edits of {', '.join(run.uncommitted)}" if run.dirty else ""
    seeds = f"{'seed' if len(provenance.seeds) == 1 else 'seeds'} {', '.join(map(str, provenance.seeds))}"
    yield f"- recipe `{provenance.recipe}`, {seeds}"
    yield f"- commit {run.git_commit or _NOT_RECORDED}{edited}, trained {run.start}"
    yield f"- code {provenance.code.fingerprint}"
    yield f"- photos {data.raw or _NOT_RECORDED}"
    yield f"- split {data.splits or _NOT_RECORDED}"
    yield f"- records {data.records}"
    yield from (f"- weights `{path}`, sha256 {digest}" for path, digest in data.weights.items())
    machine = provenance.machine
    yield f"- {machine.device_name}, {machine.platform}, Python {machine.python}, {machine.precision}"
    yield f"- {', '.join(f'{name} {version}' for name, version in provenance.libraries.items())}"
    yield ""
    yield "```yaml"
    yield yaml_text({"train": provenance.params["train"]}).rstrip()
    yield "```"


def _verdict(recipe: str) -> str | None:
    """Of the last report, if there is one."""
    path = paths.REPORTS / "diagnosis" / f"{recipe}.json"
    verdict = json.loads(path.read_text(encoding="utf-8"))["verdict"] if path.is_file() else None
    return verdict if verdict in VERDICTS else None
