"""What `pawtrace init` chooses for the photos that there are."""

from pathlib import Path

import numpy as np
import pytest

from pawtrace.evaluation.predictions import Predictions
from pawtrace.results.paired import paired_difference
from pawtrace.setup.choice import choose
from pawtrace.setup.survey import Survey


@pytest.mark.parametrize(("num_photos", "margin"), [(60, 0.1), (150, 0.08), (600, 0.02), (1000, None)])
def test_of_few_photos_an_equal_model_may_take_the_place_of_another(
    num_photos: int, margin: float | None
) -> None:
    half = num_photos // 2
    survey = Survey({"cat": half, "dog": half}, {}, {}, 0, 0, num_photos, {})
    promote = choose(survey, Path("b.keras"), 96, 0.8).changes.get("promote", {})
    assert promote.get("margin") == margin
    num_test = num_photos // 4
    labels = np.arange(num_test) % 2
    predictions = Predictions([str(n) for n in range(num_test)], labels, labels.astype(float))
    same = paired_difference(predictions, predictions)
    assert same is not None
    assert margin is None or num_test < 20 or same.low > -margin
