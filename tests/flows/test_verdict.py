"""The seam to promotion: what is told of a decision, and a promoted model that is missing."""

from pathlib import Path

import pytest

from flows import verdict
from flows.verdict import Verdict
from pawtrace.base.errors import PawtraceError
from pawtrace.config.params import load_params
from pawtrace.promotion.judge import Decision
from pawtrace.running.dvc import Ended
from tests.conftest import PARAMS
from tests.promotion.folders import candidate_in


@pytest.mark.parametrize(
    ("decided", "sentence", "is_refused"),
    [
        ("first", "small is promoted: why", False),
        ("not_worse", "small is promoted: why", False),
        ("same", "small is in use already: why", False),
        ("refused", "small is refused: why", True),
        ("incomparable", "small is refused: why", True),
        ("rolled_back", "small is refused: why", False),  # by hand: nobody needs to be told every night
    ],
)
def test_a_refusal_is_told_and_no_news_is_none(decided: str, sentence: str, is_refused: bool) -> None:
    candidate = candidate_in(Path("models/small"), load_params(PARAMS))
    found = Verdict(candidate, Decision(decided, "why"))  # type: ignore[arg-type]
    assert (found.sentence, found.is_refused) == (sentence, is_refused)


def test_a_promoted_model_that_is_missing_comes_back(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "promoted.dvc").touch()
    (project / "models").mkdir()

    def checkout(words: list[str], _: object) -> Ended:
        assert words == ["checkout", "promoted.dvc"]
        (project / "promoted").mkdir()
        return Ended(0, [])

    monkeypatch.setattr(verdict, "run_dvc", checkout)
    verdict._put_back_promoted()
    assert (project / "models/promoted").resolve() == project / "promoted"


def test_one_that_dvc_lacks_too_is_not_taken_for_none(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "promoted.dvc").touch()
    monkeypatch.setattr(verdict, "run_dvc", lambda *_: Ended(1, []))
    with pytest.raises(PawtraceError, match="run: dvc pull promoted"):
        verdict._put_back_promoted()


@pytest.mark.usefixtures("project")
def test_before_the_first_promotion_nothing_is_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verdict, "run_dvc", pytest.fail)
    verdict._put_back_promoted()
