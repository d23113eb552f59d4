"""How much of a moved accuracy comes from test examples that only one of two runs has."""

import pytest

from pawtrace.lineage.trace.movement import Movement, Paired


def movement(old: float, new: float, on_shared: float, metric: str = "test.accuracy") -> Movement:
    paired = Paired(100, on_shared, on_shared - 0.01, on_shared + 0.01, 1.0, more_than_noise=False)
    return Movement(metric, old, new, None, None, paired)


@pytest.mark.parametrize(
    ("moved", "rest"),
    [
        (movement(0.965, 0.979, 0.0), 0.014),
        (movement(0.965, 0.979, 0.014), 0.0),
        (movement(0.965, 0.969, 0.0), 0.0),  # too little to say
        (movement(0.2, 0.9, 0.0, "test.log_loss"), 0.0),
    ],
)
def test_it_is_what_the_shared_examples_do_not_show(moved: Movement, rest: float) -> None:
    assert moved.from_other_examples == pytest.approx(rest)
    assert moved._replace(paired=None).from_other_examples == 0.0
