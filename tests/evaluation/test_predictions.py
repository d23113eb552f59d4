import numpy as np
import pytest

from pawtrace.base.errors import DataError, TrainingError
from pawtrace.evaluation.predictions import Predictions, read_predictions, write_predictions
from tests.results.made_up_results import HOSTILE_NAME, made_up_predictions


def predictions_of(*probabilities: float, labels: tuple[int, ...] | None = None) -> Predictions:
    ids = [f"{number}.jpg" for number in range(len(probabilities))]
    chosen = labels if labels is not None else tuple(number % 2 for number in range(len(probabilities)))
    return Predictions(ids, np.array(chosen, np.int64), np.array(probabilities, np.float64))


def test_what_is_read_is_exactly_what_was_written(tmp_path):
    by_split = {"train": made_up_predictions(1.0, 50), "test": made_up_predictions(2.0, 20)}
    by_split["test"].ids[:2] = [HOSTILE_NAME, 'new\nline,"quoted".jpg']
    write_predictions(tmp_path / "predictions.csv", by_split)
    read = read_predictions(tmp_path / "predictions.csv")
    assert list(read) == ["train", "test"]
    for split, predictions in by_split.items():
        assert read[split].ids == predictions.ids
        assert read[split].labels.tolist() == predictions.labels.tolist()
        assert read[split].probabilities.tolist() == predictions.probabilities.tolist()


def test_a_probability_of_one_half_predicts_dog():
    assert predictions_of(0.49999, 0.5, 0.9).predicted.tolist() == [0, 1, 1]


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), -0.001, 1.001])
def test_what_is_no_probability_is_refused_with_the_example(wrong):
    with pytest.raises(TrainingError, match=r"1\.jpg.*1.*3"):
        predictions_of(0.1, wrong, 0.3)


def test_no_predictions_unknown_labels_and_wrong_lengths_are_refused():
    with pytest.raises(TrainingError, match="example"):
        predictions_of()
    with pytest.raises(TrainingError, match="0.*cat.*1.*dog.*2"):
        predictions_of(0.1, 0.2, labels=(0, 2))
    with pytest.raises(TrainingError, match="label.*probability.*1"):
        Predictions(["a"], np.array([0, 1]), np.array([0.5]))


def test_a_missing_file_names_the_recipe_to_train(tmp_path):
    with pytest.raises(DataError, match="predictions.csv.*run: dvc repro"):
        read_predictions(tmp_path / "small" / "predictions.csv")


@pytest.mark.parametrize("text", ["a,b\n1,2\n", "split,id,label,probability\ntest,1,horse,0.5\n",
                                  "split,id,label,probability\ntest,1,cat,much\n",
                                  "split,id,label,probability\ntest,1\n"])  # fmt: skip
def test_another_file_is_refused_in_one_line(tmp_path, text):
    path = tmp_path / "predictions.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match="split, id, label, probability") as caught:
        read_predictions(path)
    assert "\n" not in str(caught.value)
