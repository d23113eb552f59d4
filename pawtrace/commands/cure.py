"""Try what helps against a recipe's verdict: add it as a recipe, train it, say whether it helped.

Each cure becomes a recipe of params.yaml that builds on the one it cures, so that it stays there as the
proof. Ends with the first cure that is measurably better. Exits with 1 where none of them was.
"""

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The recipe, and how many cures to try."""
    parser.add_argument("recipe", help="a recipe of params.yaml that has been trained")
    parser.add_argument("--tries", type=int, default=3, help="cures to try at most (default: 3)")


def run(arguments: argparse.Namespace) -> int:
    """Try the cures, the likeliest first."""
    from pawtrace.base.errors import ParamsError, TrainingError
    from pawtrace.config import paths
    from pawtrace.config.params import load_params
    from pawtrace.dataset.splitting.splits import group_by_id
    from pawtrace.diagnosis.diagnosis import diagnose
    from pawtrace.diagnosis.verdicts import VERDICTS
    from pawtrace.results.data_summary import read_data_summary
    from pawtrace.results.paired import compare
    from pawtrace.results.results import read_result
    from pawtrace.running.dvc import run_dvc
    from pawtrace.running.lock import project_held

    params, name = load_params(), arguments.recipe
    if name not in params.recipes:
        raise ParamsError(f"recipe {name}: expected one of {', '.join(params.recipes)}")
    data = read_data_summary(paths.RAW, paths.SPLITS, paths.REPORTS / "data.json")
    groups = group_by_id(paths.SPLITS)
    result = read_result(name, params.recipes[name].question, groups)
    found = diagnose(result, data, params.diagnose, params.recipe(name).train)
    print(f"{name}: {VERDICTS[found.verdict].words}. {found.sentence}")
    cures = [cure for cure in found.cures if cure.overrides is not None]
    if not cures:
        words = " ".join(cure.words for cure in found.cures) or "Nothing is wrong with it."
        print(f"no parameter can mend that. {words}")
        return 0 if found.verdict == "healthy" else 1
    for cure in cures[: arguments.tries]:
        recipe = f"{name}_{cure.name}"[:60]
        if recipe not in params.recipes:
            assert cure.overrides is not None
            add_recipe(paths.PARAMS, recipe, name, cure.words, found.verdict, cure.overrides)
        print(f"{recipe}: {cure.words} Training it ...", flush=True)
        with project_held(wait=True) as lock:
            ended = run_dvc(["repro", f"measure@{recipe}", "report"], shown, lock=lock)
        if ended.code:
            raise TrainingError(f"{recipe}: {ended.last_words}; run: dvc repro measure@{recipe}")
        cured = read_result(recipe, cure.words, groups)
        comparison = compare(cured, result)
        assert comparison is not None  # the same test pictures
        print(f"{recipe}: {comparison.verdict}, {comparison.words} points of test accuracy")
        if comparison.verdict == "better":
            return 0
    return 1


def shown(line: str) -> None:
    """Print what training prints of its epochs; DVC's own lines say nothing about the cure."""
    if line.startswith("epoch "):
        print(line, flush=True)


def add_recipe(
    path: Path, name: str, builds_on: str, question: str, verdict: str, overrides: dict[str, object]
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
    from ruamel.yaml import YAML

    from pawtrace.base.files import write_text
    from pawtrace.base.yaml_files import yaml_text

    text = path.read_text(encoding="utf-8")
    lines = text.rstrip("\n").splitlines()
    sections = YAML().load(text)
    starts = {key: sections.lc.key(key)[0] for key in sections}
    after = [line for line in starts.values() if line > starts["recipes"]]
    content = {
        name: {
            "question": question,
            "builds_on": builds_on,
            "cures": [verdict],
            "overrides": {"train": overrides},
        }
    }
    block = [f"  {line}" if line else line for line in yaml_text(content).splitlines()]
    end = min(after, default=len(lines))
    write_text(path, "\n".join([*lines[:end], *block, *lines[end:]]) + "\n")
