"""How a rebuild uses pawtrace.promotion: compare the best recipe with the promoted model, and promote it."""

from typing import NamedTuple

from flows.say import say
from pawtrace.base.errors import PawtraceError
from pawtrace.commands.promote import check_model
from pawtrace.config import paths
from pawtrace.config.params import Params
from pawtrace.promotion.candidate import Candidate, candidate_of
from pawtrace.promotion.judge import Decision
from pawtrace.promotion.judge import judge as judge_candidate
from pawtrace.promotion.promote import promote as promote_candidate
from pawtrace.promotion.switch import link_promoted
from pawtrace.promotion.tracking import POINTER
from pawtrace.results.results import best_result, read_results
from pawtrace.running.dvc import run_dvc


class Verdict(NamedTuple):
    """Whether a recipe may take the promoted model's place."""

    candidate: Candidate
    decision: Decision

    @property
    def recipe(self) -> str:
        """The candidate's recipe."""
        return self.candidate.recipe

    @property
    def sentence(self) -> str:
        """The outcome, with the recipe's name."""
        came = {"first": "promoted", "not_worse": "promoted", "same": "in use already"}
        return f"{self.recipe} is {came.get(self.decision.verdict, 'refused')}: {self.decision.sentence}"

    @property
    def is_refused(self) -> bool:
        """Whether the comparison refused the candidate: not where it is in use or was rolled back."""
        return not self.decision.promote and self.decision.verdict not in ("same", "rolled_back")


def judge(params: Params) -> Verdict:
    """Compare the best recipe, chosen on validation, with the promoted model.

    Raises:
      PawtraceError: results are missing or not those that DVC recorded, or the promoted model is missing
        here and in DVC's cache.
    """
    _put_back_promoted()
    best = candidate_of(best_result(read_results(params).values()).name, params)
    return Verdict(best, judge_candidate(best, paths.PROMOTED, params.promote))


def promote(verdict: Verdict) -> None:
    """Promote the recipe's model.

    Raises:
      PawtraceError: the model does not give its recorded predictions, or see `promote_candidate`.
    """
    check_model(verdict.candidate)
    promote_candidate(verdict.candidate, verdict.decision)


def _put_back_promoted() -> None:
    """Restore a missing promoted model: without it, any candidate would be promoted as the first one."""
    if paths.PROMOTED.exists() or not POINTER.is_file():
        return
    say(f"{paths.PROMOTED} is missing; restoring it from DVC's cache")
    run_dvc(["checkout", str(POINTER)], say)
    if not paths.PROMOTED_FOLDER.is_dir():
        raise PawtraceError(
            f"{paths.PROMOTED}: expected the model of {POINTER}, found it neither here nor in DVC's cache; "
            f"run: dvc pull {POINTER}; nothing is promoted until then"
        )
    link_promoted()
