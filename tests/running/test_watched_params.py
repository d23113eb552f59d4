"""An edit of params.yaml while a stage runs is not recorded as what the stage ran with."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pawtrace.running.entry_point import run_stage

PARAMS = "data: {sample_size: 80}\nsplit: {seed: 0}\nrecipes: {a: {}}\n"
PIPELINE = """
stages:
  download: {cmd: a, params: [data], outs: [b]}
  split: {cmd: a, params: [split, recipes.a], outs: [c]}
  train: {foreach: [x], do: {cmd: a, params: [data.sample_size], outs: [d]}}
"""


@pytest.fixture
def edit(project: Path) -> Callable[[str, str], Callable[[], None]]:
    """A stage's work, while which somebody edits params.yaml."""
    (project / "params.yaml").write_text(PARAMS)
    (project / "dvc.yaml").write_text(PIPELINE)

    def work_with(old: str, new: str) -> Callable[[], None]:
        return lambda: (project / "params.yaml").write_text(PARAMS.replace(old, new)) and None

    return work_with


@pytest.mark.parametrize(
    ("stage", "old", "new", "key"),
    [
        ("download", "80", "81", "data"),
        ("split", "seed: 0", "seed: 1", "split"),
        ("split", "a: {}", "b: {}", "recipes.a"),
        ("train@x", "80", "81", "data.sample_size"),
        ("download", "80}", "[", "data"),  # saved in the middle of an edit
    ],
)
def test_what_a_stage_watches_must_not_be_edited_while_it_runs(
    edit: Callable[[str, str], Callable[[], None]],
    capsys: pytest.CaptureFixture[str],
    stage: str,
    old: str,
    new: str,
    key: str,
) -> None:
    with pytest.raises(SystemExit, match="^1$"):
        run_stage(edit(old, new), stage)
    said = capsys.readouterr().err
    assert said.startswith(f"pawtrace {stage}: params.yaml: {key}: ")
    assert said.endswith("run: dvc repro\n")


@pytest.mark.parametrize(
    ("stage", "old", "new"),
    [
        ("download", "seed: 0", "seed: 1"),
        ("split", "80", "81"),
        ("split", "seed: 0", "seed:   0"),
        ("x", "0", "1"),
    ],
)
def test_another_edit_may_be_made_at_any_time(
    edit: Callable[[str, str], Callable[[], None]], stage: str, old: str, new: str
) -> None:
    run_stage(edit(old, new), stage)
