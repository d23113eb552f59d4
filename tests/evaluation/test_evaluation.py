import json

import numpy as np
import pytest

from pawtrace.base.errors import TrainingError
from pawtrace.evaluation.evaluation import evaluate_predictions
from pawtrace.evaluation.predictions import Predictions, worst_errors
from pawtrace.evaluation.temperature import fitted_temperature
from tests.results.made_up_results import EVALUATE, made_up_predictions


def test_an_evaluation_is_plain_json_of_the_agreed_shape():
    by_split = {split: made_up_predictions(1.0, 60) for split in ("train", "validation", "test")}
    evaluation = evaluate_predictions(by_split, EVALUATE)
    assert json.loads(json.dumps(evaluation, allow_nan=False)) == evaluation
    assert set(evaluation) == {"metrics", "intervals", "confusion", "roc", "calibration", "temperature"}
    assert set(evaluation["metrics"]["test"]) == set(evaluation["intervals"])
    assert sum(map(sum, evaluation["confusion"]["test"])) == 60
    assert sum(point["count"] for point in evaluation["calibration"]) == 60
    assert evaluation["temperature"] is None


def test_a_temperature_of_validation_mends_a_model_that_is_too_sure_and_moves_no_accuracy():
    random = np.random.default_rng(0)

    def predictions_of(num: int, factor: float) -> Predictions:
        logits = random.normal(0, 2, num)
        labels = (random.random(num) < 1 / (1 + np.exp(-logits))).astype(int)
        return Predictions([str(n) for n in range(num)], labels, 1 / (1 + np.exp(-factor * logits)))

    asked = EVALUATE.model_copy(update={"temperature_scaling": True})
    for factor in (3.0, 1.0, 0.5):  # three times too sure, as sure as it is right, half as sure
        by_split = {split: predictions_of(2000, factor) for split in ("train", "validation", "test")}
        found = evaluate_predictions(by_split, asked)
        assert found["temperature"]["value"] == pytest.approx(factor, rel=0.1)
        before, after = found["metrics"]["test"], found["temperature"]["test"]
        assert after["accuracy"] == before["accuracy"]
        assert after["roc_auc"] == pytest.approx(before["roc_auc"])
        if factor != 1:
            assert after["log_loss"] < before["log_loss"] - 0.02
            assert after["calibration_error"] < before["calibration_error"]


def test_a_model_without_an_error_on_validation_is_not_called_certain():
    labels = np.arange(200) % 2
    right = Predictions([str(n) for n in range(200)], labels, np.where(labels == 1, 0.99, 0.01))
    # 99 % sure, and right on 200: about one error in 200 is to be expected.
    assert 0.7 < fitted_temperature(right) < 1.1


def test_a_missing_split_is_refused():
    with pytest.raises(TrainingError, match="validation"):
        evaluate_predictions({"train": made_up_predictions(1.0, 10)}, EVALUATE)


def test_the_worst_errors_are_the_surest_wrong_ones_and_equals_go_by_id():
    labels, probabilities = np.array([0, 1, 0, 1, 0]), np.array([0.9, 0.1, 0.8, 0.7, 0.2])
    predictions = Predictions(["b", "a", "c", "d", "e"], labels, probabilities)
    assert [error.id for error in worst_errors(predictions, 5)] == ["a", "b", "c"]
    assert worst_errors(predictions, 1) == [("a", "dog", 0.1)]
    assert worst_errors(predictions, 0) == []
