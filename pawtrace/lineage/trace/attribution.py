"""The effect of each of several changes, measured by training the intermediate states.

From the older revision, the params of the newer one come first, then its data, then its code. Each step
runs in a separate clone below .pawtrace/ with DVC's cache, so earlier results are not computed again.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from pawtrace.base.errors import DataError, PawtraceError
from pawtrace.base.files import write_text
from pawtrace.base.yaml_files import parse_yaml, yaml_text
from pawtrace.config.paths import ARCHIVES, LOCK, METRICS, MODELS, PARAMS, WEIGHTS, WORK
from pawtrace.dataset.splitting.review import REVIEW
from pawtrace.lineage.record.provenance import ReportedProvenance
from pawtrace.lineage.trace.differences import flat
from pawtrace.lineage.trace.dvc_cache import cache_folder
from pawtrace.lineage.trace.dvc_lock import read_lock
from pawtrace.lineage.trace.revisions import Revision, files_below
from pawtrace.lineage.trace.snapshot import Snapshot, measure_stage, train_stage
from pawtrace.lineage.trace.trace import Attribution, RecipeTrace, Share
from pawtrace.running.dvc import run_dvc
from pawtrace.running.git import GitError, git

METRIC = "test.accuracy"
ORDER = ("environment", "params", "data", "code")
_GROUP_OF = {"param": "params", "data": "data", "code": "code", "environment": "environment"}
_FOLDER = WORK / "attribution"
_BETWEEN = ("split", "preprocess", "resolve")  # data/raw comes from the cache: nothing is downloaded again

Say = Callable[[str], None]


class Step(NamedTuple):
    """A state between two revisions: the older revision's code with some parts of the newer revision."""

    group: str  # the newest of that
    params_of: Revision
    data_of: Revision
    recipes: list[str]  # that it is run for


def attribute(older: Revision, newer: Revision, recipes: list[RecipeTrace], say: Say) -> list[Attribution]:
    """Take the difference of every recipe's test accuracy apart.

    Args:
      older: where the difference begins.
      newer: where it ends.
      recipes: the recipes whose metrics moved for a recorded reason.
      say: gets a line about what will run and how long it took the last time, then the output of the run.
    Raises:
      DataError: a revision's dvc.lock does not say which data it had.
    """
    for revision in (older, newer):
        if "download" not in read_lock(revision):
            raise DataError(f"{LOCK} of {revision}: expected the stage download, found no entry of that name")
    groups = {recipe.recipe: groups_of(recipe) for recipe in recipes}
    steps = steps_between(older, newer, groups)
    _announce(steps, newer, say)
    accuracies: dict[str, dict[str, float]] = {}
    problems: list[str] = []
    for step in steps:
        try:
            accuracies[step.group] = _run(older, step, say)
        except PawtraceError as error:
            problems.append(f"the effect of {step.group} could not be measured on its own: {error}")
    return [
        Attribution(recipe.recipe, _shares(recipe, groups[recipe.recipe], accuracies), problems)
        for recipe in recipes
        if any(moved.metric == METRIC for moved in recipe.moved)
    ]


def groups_of(recipe: RecipeTrace) -> list[str]:
    """Which of environment, params, data and code can have moved a recipe's metrics, in that order.

    Data is what `download` leaves: its params and its code count as data. An environment, of libraries
    and device, cannot be brought back: every step runs in today's, so its share is in the first one's.
    """
    changed = {"data" if change.stage == "download" else _GROUP_OF[change.kind] for change in recipe.causes}
    return [group for group in ORDER if group in changed]


def steps_between(older: Revision, newer: Revision, groups: dict[str, list[str]]) -> list[Step]:
    """The states to train. None for a recipe with one group of changes, which has the whole effect."""
    steps = []
    params_of = data_of = older
    for group in ("params", "data"):
        params_of, data_of = (newer, data_of) if group == "params" else (params_of, newer)
        concerned = [name for name, own_groups in groups.items() if group in own_groups[:-1]]
        if concerned:
            steps.append(Step(group, params_of, data_of, concerned))
    return steps


def _shares(recipe: RecipeTrace, groups: list[str], accuracies: dict[str, dict[str, float]]) -> list[Share]:
    movement = next(moved for moved in recipe.moved if moved.metric == METRIC)
    value, waiting, shares = movement.old or 0.0, [], []
    for group in groups:
        waiting.append(group)
        reached = movement.new if group == groups[-1] else accuracies.get(group, {}).get(recipe.recipe)
        if reached is not None:
            shares.append(Share(" and ".join(waiting), value, reached))
            value, waiting = reached, []
    return shares


def _announce(steps: list[Step], newer: Revision, say: Say) -> None:
    if not steps:
        say("nothing to train: no recipe has several groups of changes that can be measured separately")
        return
    provenance = Snapshot(newer).provenance
    say(f"trains these states in {_FOLDER}; results that DVC's cache holds are not computed again:")
    for number, step in enumerate(steps, start=1):
        trained = ", ".join(f"{name} ({_took(provenance.get(name))})" for name in step.recipes)
        say(
            f"{number}. the older code with the params of {step.params_of} and the data of {step.data_of}: "
            f"run {', '.join(_BETWEEN)}, then train {trained}"
        )


def _took(provenance: ReportedProvenance | None) -> str:
    if provenance is None:
        return "duration not recorded"
    trained_s = provenance.training.duration_s * len(provenance.seeds)
    return f"{max(provenance.duration_s, trained_s):.0f} s last time"


def _run(older: Revision, step: Step, say: Say) -> dict[str, float]:
    """Run a step.

    Returns:
      The test accuracy of each of its recipes.
    Raises:
      PawtraceError: it cannot be run; says why.
    """
    project = _clone(older)
    write_text(project / PARAMS, _params(step))
    write_text(project / LOCK, _lock(older, step.data_of))
    if (decisions := step.data_of.read(str(REVIEW))) is not None:
        write_text(project / REVIEW, decisions.decode())
    _link_brought(project)
    _dvc(project, say, "checkout", "--force", "data/raw")
    stages = [train_stage(name) for name in step.recipes]
    measures = (project / "stages/measure.py").exists()  # else the code is older than that stage
    if measures:
        stages += [measure_stage(name) for name in step.recipes]
    _dvc(project, say, "repro", "--single-item", *_BETWEEN, *stages)
    return {name: _accuracy(project, name, measures=measures) for name in step.recipes}


def _clone(revision: Revision) -> Path:
    """A clone of this repository at a revision, on this project's DVC cache; what it trained stays."""
    prefix = git("rev-parse", "--show-prefix")
    if not (_FOLDER / ".git").exists():
        shutil.rmtree(_FOLDER, ignore_errors=True)
        top = git("rev-parse", "--show-toplevel")
        git("clone", "--quiet", "--shared", "--no-checkout", top, str(_FOLDER))
    if revision.commit is None:
        raise PawtraceError(f"expected a commit to start from, found {revision}; commit your changes first")
    try:
        git("checkout", "--quiet", "--force", "--detach", revision.commit, folder=_FOLDER)
    except GitError:
        raise PawtraceError(
            f"{revision}: expected to check it out in {_FOLDER}, could not; delete that folder"
        ) from None
    project = _FOLDER / prefix
    write_text(project / ".dvc" / "config.local", f"[cache]\n    dir = {cache_folder().resolve()}\n")
    return project


def _params(step: Step) -> str:
    """params.yaml with `data` of the one revision and everything else of the other."""
    content, data = (parse_yaml(source.read(str(PARAMS)) or b"") for source in (step.params_of, step.data_of))
    return yaml_text({**content, "data": data["data"]})


def _lock(older: Revision, data_of: Revision) -> str:
    """dvc.lock of the older revision, but for `download`: so DVC knows which data/raw to bring."""
    lock, data_lock = (parse_yaml(revision.read(LOCK) or b"") for revision in (older, data_of))
    lock["stages"]["download"] = data_lock["stages"]["download"]
    return yaml_text(lock)


def _link_brought(project: Path) -> None:
    """The user's archives and weights, which git does not have."""
    for file in (*files_below(ARCHIVES), *files_below(WEIGHTS)):
        link = project / file
        if not link.exists():
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(file.resolve())


def _dvc(project: Path, say: Say, *words: str) -> None:
    ended = run_dvc(["--cd", str(project), *words], say)
    if ended.code != 0:
        raise PawtraceError(ended.last_words)


def _accuracy(project: Path, recipe: str, *, measures: bool) -> float:
    file = METRICS / f"{recipe}.json" if measures else MODELS / recipe / "evaluation.json"
    content = json.loads((project / file).read_text(encoding="utf-8"))
    return float(flat(content if measures else content["metrics"])[METRIC])
