"""Numbers are stored with six significant digits, and a rounding is no difference."""

import pytest

from pawtrace.base.stored_numbers import as_stored, differs_as_stored


def test_every_float_is_rounded_and_nothing_else_changes() -> None:
    content = {"a": [0.7551020408163265, 3.4e-7, 1234567.8], "b": {"n": 12345678, "yes": True, "none": None}}
    rounded = as_stored(content)
    assert rounded == {"a": [0.755102, 3.4e-7, 1234570.0], "b": content["b"]}
    assert as_stored(rounded) == rounded


@pytest.mark.parametrize(
    ("one", "other", "differ"),
    [
        (0.755102, 0.7551020408163265, False),  # stored and unrounded
        (0.7551025, 0.7551025000000001, False),  # where a digit turns
        (0.755102, 0.755103, True),
        (0.999999, 1.0, True),
        (0.0, 0.0, False),
        (0.0, 1e-9, True),
        (0.0, 1e-16, False),
        (-0.5, 0.5, True),
    ],
)
def test_only_more_than_a_rounding_is_a_difference(one: float, other: float, differ: bool) -> None:
    assert differs_as_stored(one, other) is differ
    assert differs_as_stored(other, one) is differ
