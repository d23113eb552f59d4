"""Who worked when on what; and on which examples a recipe is right."""

import subprocess
from pathlib import Path

import numpy as np
import pytest

from pawtrace.evaluation.predictions import Predictions
from pawtrace.lineage.record.circumstances import circumstances
from pawtrace.lineage.record.provenance import answers_of, right_of
from tests.lineage.traced_project import TracedProject


def test_the_commit_and_what_differs_from_it_are_noted(traced: TracedProject) -> None:
    clean = circumstances("a-run")
    assert clean.git_commit == traced.git("rev-parse", "HEAD")
    assert not clean.dirty
    Path("params.yaml").write_text("train: {}")
    Path("new file.py").write_text("")
    Path("dvc.lock").write_text("")  # the pipeline's own
    Path("reports/metrics/plain.json").write_text("{}")
    Path("reports/new.json").write_text("{}")
    Path("promoted.dvc").write_text("outs: []")  # a promotion's
    assert circumstances().uncommitted == ["new file.py", "params.yaml"]
    assert circumstances().dirty


def test_a_project_within_a_larger_repository_has_its_own_tree(
    traced: TracedProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = traced.folder / "inner"
    (inner / "reports").mkdir(parents=True)
    monkeypatch.chdir(inner)
    for name in ("dvc.lock", "reports/new.json", "mine.py"):
        (inner / name).write_text("")
    (traced.folder / "params.yaml").write_text("another project's")
    traced.git("add", "-A")
    assert circumstances().uncommitted == ["mine.py"]


def test_outside_of_git_there_is_no_commit(project: Path) -> None:
    found = circumstances()
    assert subprocess.run(["git", "status"], cwd=project, capture_output=True, check=False).returncode != 0
    assert (found.git_commit, found.uncommitted) == (None, [])


@pytest.mark.parametrize("num_examples", [1, 4, 5, 9])
def test_answers_come_back_in_the_order_of_the_ids(num_examples: int) -> None:
    random = np.random.default_rng(num_examples)
    ids = [f"{n}.jpg" for n in random.permutation(num_examples)]
    labels = random.integers(0, 2, num_examples)
    probabilities = random.random(num_examples)
    predictions = Predictions(ids, labels, probabilities)
    expected = [(probabilities[n] >= 0.5) == labels[n] for n in np.argsort(ids, kind="stable")]
    assert right_of(answers_of(predictions)) == expected


def test_answers_on_other_examples_or_labels_are_not_comparable() -> None:
    probabilities = np.array([0.1, 0.9])
    one, other, relabelled = (
        answers_of(Predictions(ids, np.array(labels), probabilities)).fingerprint
        for ids, labels in ((["a", "b"], [0, 1]), (["a", "c"], [0, 1]), (["a", "b"], [1, 1]))
    )
    assert len({one, other, relabelled}) == 3
