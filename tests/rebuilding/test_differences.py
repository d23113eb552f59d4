"""What a run changed is compared with the right commit."""

from pathlib import Path

import pytest

from pawtrace.rebuilding import differences as module
from pawtrace.rebuilding.differences import differences
from pawtrace.running.dvc import Ended
from tests.rebuilding.repositories import commit_all, repository

__all__ = ["repository"]


def test_params_are_compared_with_those_of_the_last_results_and_metrics_with_the_last_commit(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (repository / "dvc.lock").write_text("schema: '2.0'\nstages: {a: {}}\n")
    results = commit_all("results")
    (repository / "params.yaml").write_text("a: 2\n")
    commit_all("an edit, before the run")
    asked: list[tuple[str, ...]] = []

    def ask(*words: str) -> Ended:
        asked.append(words)
        return Ended(0, ['{"params.yaml": {"a": {"old": 1, "new": 2, "diff": 1}}}'])

    monkeypatch.setattr(module, "ask_dvc", ask)
    rows = differences("params", print)
    assert rows == [{"file": "params.yaml", "name": "a", "before": "1", "now": "2", "change": "1"}]
    differences("metrics", print)
    assert asked == [("params", "diff", "--json", results), ("metrics", "diff", "--json")]
