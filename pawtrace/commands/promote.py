"""Promote a recipe's model, unless it may be worse than the best model promoted so far.

The two models are compared on the same test examples. The exit code is 0 if the model is promoted now or
was promoted before, 1 if it is refused, 2 if it is not the model that DVC recorded.
"""

import argparse
import sys
from typing import TYPE_CHECKING

from pawtrace.base.errors import ParamsError
from pawtrace.config import paths
from pawtrace.config.params import Params, load_params
from pawtrace.running.importing import garbage_left_alone

if TYPE_CHECKING:
    from pawtrace.promotion.candidate import Candidate


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which recipe, and whether to compare at all."""
    parser.add_argument("recipe", nargs="?", help="default: the recipe with the best validation accuracy")
    parser.add_argument("--force", action="store_true", help="promote whatever the comparison says")


def run(arguments: argparse.Namespace) -> int:
    """Judge and promote, while no other run writes here; 1 if the model is refused."""
    from pawtrace.promotion.candidate import candidate_of
    from pawtrace.promotion.judge import judge
    from pawtrace.promotion.promote import promote
    from pawtrace.promotion.tracking import POINTER
    from pawtrace.running.lock import project_held_by_us

    params = load_params()
    with project_held_by_us():
        recipe = arguments.recipe or _best(params)
        if recipe not in params.recipes:
            raise ParamsError(f"{recipe}: no such recipe; there are: {', '.join(params.recipes)}")
        candidate = candidate_of(recipe, params)
        decision = judge(candidate, paths.PROMOTED, params.promote)
        if decision.verdict == "same" and not arguments.force:
            print(f"{recipe} is the promoted model already: {decision.sentence}")
            return 0
        if not (decision.promote or arguments.force):
            print(f"pawtrace promote: {recipe} is not promoted: {decision.sentence}", file=sys.stderr)
            return 1
        check_model(candidate)
        promote(candidate, decision)
    forced = "" if decision.promote else " by --force; the comparison said"
    print(f"promoted {recipe}{forced}: {decision.sentence}")
    print(f"to keep it in git, run: git add {POINTER} {paths.PROMOTED} && git commit -m 'Promote'")
    return 0


def check_model(candidate: "Candidate") -> None:
    """Refuse a model that does not load, or does not give its recorded predictions.

    Raises:
      PawtraceError: see `check_answers`.
    """
    from pawtrace.dataset.examples.shards import open_records
    from pawtrace.evaluation.predictions import read_predictions
    from pawtrace.promotion.chosen_model import MODEL

    with garbage_left_alone():  # these import TensorFlow
        from pawtrace.inference.recorded_answers import check_answers
        from pawtrace.learning.inputs.augmentation import AugmentedView

    model_input = candidate.input
    check_answers(
        candidate.sources[MODEL],
        read_predictions(candidate.predictions)["test"],
        open_records(paths.RECORDS)["test"],
        AugmentedView(model_input.augmentation, model_input.seed),
        model_input.tta_views,
    )


def _best(params: Params) -> str:
    from pawtrace.results.results import best_result, read_results

    return best_result(read_results(params).values()).name
