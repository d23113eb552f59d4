"""Put a recipe's model in use, if it is not worse than the one that is.

The two are compared on the same test examples; the exit code is 1 where the candidate is refused.
"""

import argparse
import sys

from pawtrace.base.errors import ParamsError
from pawtrace.config import paths
from pawtrace.config.params import Params, load_params


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which recipe, and whether to ask at all."""
    parser.add_argument("recipe", nargs="?", help="default: the best one on the validation split")
    parser.add_argument("--force", action="store_true", help="even if it is refused or cannot be compared")


def run(arguments: argparse.Namespace) -> int:
    """Judge and promote; 1 where it is refused."""
    from pawtrace.promotion.judge import judge
    from pawtrace.promotion.promote import promote
    from pawtrace.promotion.tracking import POINTER

    params = load_params()
    recipe = arguments.recipe or _best(params)
    if recipe not in params.recipes:
        raise ParamsError(f"{recipe}: no such recipe; there are: {', '.join(params.recipes)}")
    decision = judge(paths.MODELS / recipe, paths.PROMOTED, params.promote)
    if not (decision.promote or arguments.force):
        print(f"pawtrace promote: {recipe} is not promoted: {decision.sentence}", file=sys.stderr)
        return 0 if decision.verdict == "same" else 1
    promote(recipe, params, decision)
    forced = "" if decision.promote else " (forced)"
    print(f"promoted {recipe}{forced}: {decision.sentence}")
    print(f"to keep it in git, run: git add {POINTER} {paths.PROMOTED} && git commit")
    return 0


def _best(params: Params) -> str:
    from pawtrace.results.results import best_result, read_results

    return best_result(read_results(params).values()).name
