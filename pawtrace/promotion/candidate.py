"""A recipe's model that may be promoted: it must match dvc.lock and the present params.

Arrives: models/<recipe>/, reports/, params.yaml, dvc.lock. Leaves: a `Candidate`.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pawtrace.base.errors import DataError, ParamsError, PawtraceError
from pawtrace.base.files import md5_of
from pawtrace.base.stage_outputs import read_json
from pawtrace.base.yaml_files import read_yaml
from pawtrace.config import paths
from pawtrace.config.params import Params
from pawtrace.config.sections import PreprocessParams
from pawtrace.dataset.splitting.review import REVIEW
from pawtrace.dataset.splitting.splits import group_by_id
from pawtrace.lineage.record.provenance import Provenance
from pawtrace.lineage.trace.differences import flat
from pawtrace.lineage.trace.dvc_cache import folder_md5
from pawtrace.lineage.trace.dvc_lock import StageRecord, read_lock
from pawtrace.lineage.trace.revisions import WORKSPACE, files_below, open_revision
from pawtrace.promotion.chosen_model import MODEL, ModelInput
from pawtrace.promotion.made_from import DataRecord, data_now

PREDICTIONS = "predictions.csv"
EVALUATION = "evaluation.json"
_DIAGNOSES = paths.REPORTS / "diagnosis"
_DATA_STAGES = ("download", "split", "preprocess")  # whose params are params of every model
# What one stage wrote and another read: it must be the same, or the model was made from something else.
_CHAIN = (
    ("download", paths.RAW, "split"),
    ("download", paths.RAW, "preprocess"),
    ("split", paths.SPLITS, "preprocess"),
    ("preprocess", paths.RECORDS, "train@{recipe}"),
    ("train@{recipe}", paths.MODELS / "{recipe}", "measure@{recipe}"),
)
_Stages = Mapping[str, StageRecord]


class Candidate(NamedTuple):
    """A model that is as DVC recorded it."""

    recipe: str
    sources: dict[str, Path]  # what a promoted model consists of, by the names there
    md5s: dict[str, str]  # of these files, as recorded
    input: ModelInput  # how the model was made to see photos
    group_of: dict[str, str]  # by id, the group of duplicates of each example
    verdict: str | None  # of the diagnosis; None: the report is older than the model
    data: DataRecord | None = None  # that it was made from; None: not on this machine

    @property
    def predictions(self) -> Path:
        """Its predictions.csv."""
        return self.sources[PREDICTIONS]


def candidate_of(recipe: str, params: Params) -> Candidate:
    """Check that a recipe's model is the one that DVC recorded.

    Args:
      recipe: its name in params.yaml.
      params: what params.yaml says today.
    Raises:
      ParamsError: a param has been edited since the model was trained.
      PawtraceError: the model is missing, was changed by hand, or was made from other inputs than dvc.lock
        records; says what to run.
    """
    folder = paths.MODELS / recipe
    sources = {name: folder / name for name in (MODEL, PREDICTIONS, paths.PROVENANCE)}
    sources[EVALUATION] = paths.EVALUATIONS / f"{recipe}.json"
    for path in sources.values():
        if not path.is_file():
            raise PawtraceError(f"{path} is missing; run: dvc repro measure@{recipe}")
    stages = read_lock(open_revision(WORKSPACE))
    _check_chain(stages, recipe)
    md5s = _md5s([*files_below(folder), sources[EVALUATION]])
    _check_output(folder, stages[f"train@{recipe}"], recipe, md5s)
    _check_output(sources[EVALUATION], stages[f"measure@{recipe}"], recipe, md5s)
    provenance = read_json(Provenance, sources[paths.PROVENANCE], f"train@{recipe}")
    _check_unedited(recipe, params, provenance, stages)
    _check_reviewed(recipe, stages)
    preprocess = {key.split(".", 1)[1]: value for key, value in stages["preprocess"].params.items()}
    return Candidate(
        recipe,
        sources,
        md5s={name: md5s[path] for name, path in sources.items()},
        input=ModelInput(
            preprocess=PreprocessParams.model_validate(preprocess),
            tta_views=provenance.params["evaluate"]["tta_views"],
            augmentation=provenance.params["train"]["augmentation"],
            seed=provenance.params["train"]["seed"],
        ),
        group_of=group_by_id(paths.SPLITS),
        verdict=_verdict(recipe, stages),
        data=data_now(params),
    )


def _check_chain(stages: _Stages, recipe: str) -> None:
    for writer, path, reader in _CHAIN:
        writer, where, reader = (text.format(recipe=recipe) for text in (writer, str(path), reader))
        for stage in (writer, reader):
            if stage not in stages:
                raise DataError(
                    f"dvc.lock: expected stage {stage}, found none; run: dvc repro measure@{recipe}"
                )
        if stages[writer].outputs.get(where) != stages[reader].data.get(where):
            raise DataError(
                f"{where}: expected the version that {reader} read (dvc.lock), found a newer one from "
                f"{writer}; run: dvc repro measure@{recipe}"
            )


def _check_output(output: Path, record: StageRecord, recipe: str, md5s: Mapping[Path, str]) -> None:
    found = md5s[output] if output in md5s else _folder_md5(output, md5s)
    if found != record.outputs.get(str(output)):
        raise DataError(
            f"{output}: expected the files that dvc.lock recorded for {recipe}, found them changed by hand; "
            "run: pawtrace verify, which says how to restore them"
        )


def _check_unedited(recipe: str, params: Params, provenance: Provenance, stages: _Stages) -> None:
    """What is promoted as a recipe's must be made with its params, not with those before an edit."""
    resolved = params.recipe(recipe)
    sections = {
        "train": resolved.train,
        "probe": resolved.probe.network,
        "evaluate": resolved.evaluate.predict,
    }
    today = {name: section.model_dump(mode="json") for name, section in sections.items()}
    edits = [f"{key} of {recipe}" for key in _differing(flat(provenance.params), flat(today))]
    everything = flat(read_yaml(paths.PARAMS))
    for stage in _DATA_STAGES:
        record = stages[stage]
        watched = {
            key: value
            for key, value in everything.items()
            if key in record.params or key.split(".")[0] in record.sections
        }
        edits += _differing(record.params, watched)
    if edits:
        raise ParamsError(
            f"{paths.PARAMS}: {edits[0]}: expected the value that {paths.MODELS / recipe} was trained with, "
            f"found an edit"
            f"{f' (and {len(edits) - 1} more)' if len(edits) > 1 else ''}; run: dvc repro measure@{recipe}"
        )


def _check_reviewed(recipe: str, stages: _Stages) -> None:
    recorded = stages["split"].data.get(str(REVIEW))
    if recorded is not None and REVIEW.is_file() and md5_of(REVIEW) != recorded:
        raise DataError(
            f"{REVIEW}: expected the decisions that {paths.MODELS / recipe} was trained with, found others; "
            f"run: dvc repro measure@{recipe}"
        )


def _differing(recorded: Mapping[str, Any], today: Mapping[str, Any]) -> Iterator[str]:
    for key in {**recorded, **today}:
        if key not in recorded or key not in today or recorded[key] != today[key]:
            yield key


def _verdict(recipe: str, stages: _Stages) -> str | None:
    """The verdict in reports/diagnosis, if the report is of the evaluations as they are."""
    report, path = stages.get("report"), _DIAGNOSES / f"{recipe}.json"
    if report is None or not path.is_file():
        return None
    for folder, recorded in (
        (paths.EVALUATIONS, report.data.get(str(paths.EVALUATIONS))),
        (_DIAGNOSES, report.outputs.get(str(_DIAGNOSES))),
    ):
        if _folder_md5(folder, _md5s(files_below(folder))) != recorded:
            return None
    return str(json.loads(path.read_text(encoding="utf-8"))["verdict"])


def _md5s(files: Iterable[Path]) -> dict[Path, str]:
    return {path: md5_of(path) for path in files}


def _folder_md5(folder: Path, md5s: Mapping[Path, str]) -> str:
    within = {path: md5 for path, md5 in md5s.items() if folder in path.parents}
    return folder_md5({path.relative_to(folder).as_posix(): md5 for path, md5 in within.items()})
