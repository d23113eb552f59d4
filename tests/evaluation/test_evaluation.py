import json

import numpy as np
import pytest

from pawtrace.base.errors import TrainingError
from pawtrace.evaluation.evaluation import evaluate_predictions
from pawtrace.evaluation.predictions import Predictions, worst_errors
from tests.results.made_up_results import EVALUATE, made_up_predictions


def test_an_evaluation_is_plain_json_of_the_agreed_shape():
    by_split = {split: made_up_predictions(1.0, 60) for split in ("train", "validation", "test")}
    evaluation = evaluate_predictions(by_split, EVALUATE)
    assert json.loads(json.dumps(evaluation, allow_nan=False)) == evaluation
    assert set(evaluation) == {"metrics", "intervals", "confusion", "roc", "calibration"}
    assert set(evaluation["metrics"]["test"]) == set(evaluation["intervals"])
    assert sum(map(sum, evaluation["confusion"]["test"])) == 60
    assert sum(point["count"] for point in evaluation["calibration"]) == 60


def test_a_missing_split_is_refused():
    with pytest.raises(TrainingError, match="validation"):
        evaluate_predictions({"train": made_up_predictions(1.0, 10)}, EVALUATE)


def test_the_worst_errors_are_the_surest_wrong_ones_and_equals_go_by_id():
    labels, probabilities = np.array([0, 1, 0, 1, 0]), np.array([0.9, 0.1, 0.8, 0.7, 0.2])
    predictions = Predictions(["b", "a", "c", "d", "e"], labels, probabilities)
    assert [error.id for error in worst_errors(predictions, 5)] == ["a", "b", "c"]
    assert worst_errors(predictions, 1) == [("a", "dog", 0.1)]
    assert worst_errors(predictions, 0) == []
