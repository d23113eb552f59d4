"""Which groups of changes there are, and which states have to run to tell them apart."""

import pytest

from pawtrace.base.errors import DataError
from pawtrace.lineage.trace.attribution import attribute, groups_of, steps_between
from pawtrace.lineage.trace.input_changes import Change
from pawtrace.lineage.trace.movement import Movement
from pawtrace.lineage.trace.revisions import Revision
from pawtrace.lineage.trace.trace import RecipeTrace
from tests.lineage.traced_project import TracedProject

A, B = Revision("A", "a" * 40), Revision("B", "b" * 40)
PARAM = Change("train@plain", "param", "train.batch_size", "16", "8")
SOURCE = Change("download", "param", "data.sample_size", "200", "300")
CODE = Change("train@plain", "code", "pawtrace/learning/fit.py", "1", "2")
LIBRARY = Change("train@plain", "environment", "keras", "3.15", "3.16")


def moved(*causes: Change) -> RecipeTrace:
    accuracy = Movement("test.accuracy", 0.8, 0.6, None, None, None)
    return RecipeTrace("plain", "explained", "", [accuracy], list(causes), None, list(causes), 0.6)


@pytest.mark.parametrize(
    ("causes", "groups"),
    [
        ((PARAM,), ["params"]),
        ((CODE, SOURCE, PARAM), ["params", "data", "code"]),
        ((Change("download", "code", "stages/download.py", "1", "2"),), ["data"]),
        ((Change("split", "param", "split.seed", "0", "1"), CODE), ["params", "code"]),
        ((LIBRARY, PARAM), ["environment", "params"]),
    ],
)
def test_causes_fall_into_groups_in_the_order_of_the_steps(
    causes: tuple[Change, ...], groups: list[str]
) -> None:
    assert groups_of(moved(*causes)) == groups


def test_one_state_less_is_run_than_there_are_groups() -> None:
    steps = steps_between(
        A, B, {"plain": ["params", "data", "code"], "fast": ["data"], "slow": ["data", "code"]}
    )
    assert [(s.group, s.params_of.name, s.data_of.name, s.recipes) for s in steps] == [
        ("params", "B", "A", ["plain"]),
        ("data", "B", "B", ["plain", "slow"]),
    ]


def test_one_group_brought_all_of_it_and_runs_nothing(traced: TracedProject) -> None:
    del traced
    said: list[str] = []
    (found,) = attribute(Revision("HEAD", "HEAD"), Revision("HEAD", "HEAD"), [moved(PARAM)], said.append)
    assert [tuple(share) for share in found.shares] == [("params", 0.8, 0.6)]
    assert said == [
        "nothing to train: no recipe has several groups of changes that can be measured separately"
    ]


def test_an_environment_cannot_be_told_from_what_comes_next(traced: TracedProject) -> None:
    del traced
    (found,) = attribute(
        Revision("HEAD", "HEAD"), Revision("HEAD", "HEAD"), [moved(LIBRARY, PARAM)], lambda _: None
    )
    assert [share.group for share in found.shares] == ["environment and params"]


def test_without_the_record_of_the_data_nothing_is_announced(traced: TracedProject) -> None:
    (traced.folder / "dvc.lock").write_text("schema: '2.0'\nstages: {}\n")
    with pytest.raises(DataError, match="expected the stage download"):
        attribute(Revision("HEAD", "HEAD"), Revision("workspace", None), [moved(PARAM)], pytest.fail)
