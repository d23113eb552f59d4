"""An export is judged by its largest difference, against both precisions of its model."""

import numpy as np
import pytest

from pawtrace.inference.agreement import DisagreementError, check_agreement

FLOAT32 = np.array([0.1, 0.5001, 0.9])


def test_rounding_is_agreement_and_is_reported() -> None:
    found = check_agreement(FLOAT32 + 1e-6, FLOAT32, FLOAT32 - 0.01)
    assert (found.num_examples, found.num_other_class) == (3, 1)
    assert found.from_float32 == pytest.approx(1e-6)
    assert found.from_original == pytest.approx(0.010001)


@pytest.mark.parametrize("wrong", [FLOAT32 + np.array([0, 0, 0.001]), FLOAT32 * np.nan])
def test_one_example_that_differs_is_enough_to_refuse(wrong: np.ndarray) -> None:
    with pytest.raises(DisagreementError, match="float32.*0.0001.*3"):
        check_agreement(wrong, FLOAT32, FLOAT32)


def test_a_model_far_from_its_float32_self_is_refused() -> None:
    with pytest.raises(DisagreementError, match="0.05.*0.1"):
        check_agreement(FLOAT32, FLOAT32, FLOAT32 - 0.1)
