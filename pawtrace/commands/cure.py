"""Train the likeliest cures of a recipe's verdict, and say whether they help.

Each cure becomes a new recipe in params.yaml, which builds on the given recipe and stays there. The command
stops at the first cure that is measurably better. The exit code is 1 if no cure is better.
"""

import argparse
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_SECTION = re.compile(r"[A-Za-z_]+:")  # at the beginning of a line


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The recipe, and how many cures to try."""
    parser.add_argument("recipe", help="a recipe of params.yaml that has been trained")
    parser.add_argument("--tries", type=int, default=3, help="maximum number of cures (default: 3)")


def run(arguments: argparse.Namespace) -> int:
    """Try the cures, the likeliest first."""
    from pawtrace.base.errors import ParamsError
    from pawtrace.config import paths
    from pawtrace.config.params import load_params
    from pawtrace.dataset.splitting.splits import group_by_id
    from pawtrace.diagnosis.diagnosis import diagnose
    from pawtrace.diagnosis.verdicts import VERDICTS
    from pawtrace.results.data_summary import read_data_summary
    from pawtrace.results.paired import Comparison, compare, corrected
    from pawtrace.results.results import read_result

    params, name = load_params(), arguments.recipe
    if name not in params.recipes:
        raise ParamsError(f"recipe {name}: expected one of {', '.join(params.recipes)}")
    data = read_data_summary(paths.RAW, paths.SPLITS, paths.REPORTS / "data.json")
    groups = group_by_id(paths.SPLITS)
    result = read_result(name, params.recipes[name].question, groups)
    found = diagnose(result, data, params.diagnose, params.recipe(name).train)
    print(f"{name}: {VERDICTS[found.verdict].words}. {found.sentence}")
    if found.verdict == "healthy":
        return 0
    cures = {
        f"{name}_{cure.name}"[:60]: (cure.words, cure.overrides)
        for cure in found.cures
        if cure.overrides is not None
    }
    if not cures:
        print(f"No parameter can cure {name}. {' '.join(cure.words for cure in found.cures)}")
    comparisons: list[Comparison] = []
    for recipe, (words, overrides) in list(cures.items())[: arguments.tries]:
        if recipe not in params.recipes:
            add_recipe(paths.PARAMS, recipe, name, words, found.verdict, overrides)
        print(f"{recipe}: {words} Training ...", flush=True)
        train(recipe)
        comparison = compare(read_result(recipe, words, groups), result)
        assert comparison is not None  # the same test pictures
        comparisons.append(comparison)
        *_, comparison = corrected(comparisons)  # of several tries, one may be better by chance
        among = f" as one of {comparison.tie_among} cures" if comparison.tie_among else ""
        print(
            f"{recipe}: {comparison.verdict}{among}; test accuracy {comparison.words} points against {name}"
        )
        if comparison.verdict == "better":
            return 0
    return 1


def train(recipe: str) -> None:
    """Train and measure a recipe, and report on all.

    Raises:
      TrainingError: DVC could not.
    """
    from pawtrace.base.errors import TrainingError
    from pawtrace.running.dvc import run_dvc
    from pawtrace.running.lock import project_held

    with project_held(wait=True) as lock:
        ended = run_dvc(["repro", f"measure@{recipe}", "report"], _show_epochs, lock=lock)
    if ended.code:
        raise TrainingError(f"{recipe}: {ended.last_words}; run: dvc repro measure@{recipe}")


def _show_epochs(line: str) -> None:
    """Print the line of an epoch; DVC's own lines say nothing about the cure."""
    if line.startswith("epoch "):
        print(line, flush=True)


def add_recipe(
    path: Path, name: str, builds_on: str, question: str, verdict: str, overrides: Mapping[str, Any]
) -> None:
    """Add a recipe at the end of the recipes of a params file; all else stays as it is.

    Args:
      path: of params.yaml, valid.
      name: of the new recipe.
      builds_on: the recipe that it cures.
      question: what it asks.
      verdict: that it cures.
      overrides: of `train`.
    """
    from pawtrace.base.files import write_text
    from pawtrace.base.yaml_files import yaml_text

    lines = path.read_text(encoding="utf-8").rstrip("\n").splitlines()
    sections = [number for number, line in enumerate(lines) if _SECTION.match(line)]
    recipes = next(number for number in sections if lines[number].startswith("recipes:"))
    after = [number for number in sections if number > recipes]
    recipe = {
        "question": question,
        "builds_on": builds_on,
        "cures": [verdict],
        "overrides": {"train": dict(overrides)},
    }
    block = [f"  {line}" for line in yaml_text({name: recipe}).splitlines()]
    end = min(after, default=len(lines))
    write_text(path, "\n".join([*lines[:end], *block, *lines[end:]]) + "\n")
