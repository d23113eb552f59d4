import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics

from pawtrace.base.errors import TrainingError
from pawtrace.evaluation.curves import calibration_bins, confusion, roc_points
from pawtrace.evaluation.metrics import bin_of, measure, metrics_of
from pawtrace.evaluation.predictions import Predictions
from tests.results.made_up_results import made_up_predictions


def predictions_of(labels: list[int], probabilities: list[float]) -> Predictions:
    return Predictions([str(n) for n in range(len(labels))], np.array(labels), np.array(probabilities))


def test_metrics_of_four_examples_are_those_worked_out_by_hand():
    # cats at 0.1 and 0.6, dogs at 0.6 and 0.9: the cat at 0.6 is wrong and ties with a dog
    measured = measure(predictions_of([0, 0, 1, 1], [0.1, 0.6, 0.6, 0.9]), calibration_bins=2)
    assert measured["accuracy"] == 0.75
    assert measured["balanced_accuracy"] == 0.75
    assert measured["roc_auc"] == pytest.approx(3.5 / 4)
    assert measured["log_loss"] == pytest.approx(-np.log([0.9, 0.4, 0.6, 0.9]).mean())
    assert measured["brier_score"] == pytest.approx((0.01 + 0.36 + 0.16 + 0.01) / 4)
    # below 0.5: one example, |0.1 - 0|; above: three, |0.7 - 2/3|
    assert measured["calibration_error"] == pytest.approx((0.1 + 3 * (0.7 - 2 / 3)) / 4)


@pytest.mark.parametrize("num_digits", [17, 2, 1])  # fewer digits: more ties
def test_metrics_agree_with_scikit_learn(num_digits):
    made_up = made_up_predictions(0.7, 401)
    labels, probabilities = made_up.labels, made_up.probabilities.round(num_digits)
    measured = measure(Predictions(made_up.ids, labels, probabilities), 10)
    predicted = probabilities >= 0.5
    clipped = np.clip(probabilities, 1e-7, 1 - 1e-7)
    assert measured["accuracy"] == pytest.approx(sklearn_metrics.accuracy_score(labels, predicted))
    assert measured["balanced_accuracy"] == pytest.approx(
        sklearn_metrics.balanced_accuracy_score(labels, predicted)
    )
    assert measured["roc_auc"] == pytest.approx(sklearn_metrics.roc_auc_score(labels, probabilities))
    assert measured["log_loss"] == pytest.approx(sklearn_metrics.log_loss(labels, clipped))
    assert measured["brier_score"] == pytest.approx(sklearn_metrics.brier_score_loss(labels, probabilities))


def test_counting_an_example_twice_is_the_same_as_listing_it_twice():
    labels, probabilities = np.array([0, 0, 1, 1, 1]), np.array([0.2, 0.7, 0.7, 0.4, 0.95])
    weights = np.array([[2, 1, 0, 1, 3], [1, 1, 1, 1, 1]])
    listed = np.repeat(np.arange(5), weights[0])
    for name, metric in metrics_of(4).items():
        both = metric(labels, probabilities, weights)
        alone = metric(labels[listed], probabilities[listed], np.ones(listed.size, np.int64))
        assert both.shape == (2,), name
        assert both[0] == pytest.approx(float(alone)), name
        assert both[1] == pytest.approx(float(metric(labels, probabilities, np.ones(5, np.int64)))), name


def test_a_certain_mistake_costs_a_finite_log_loss():
    measured = measure(predictions_of([0, 1], [1.0, 1.0]), 10)
    assert measured["log_loss"] == pytest.approx(-np.log(1e-7) / 2, rel=1e-6)


def test_one_label_alone_is_refused():
    with pytest.raises(TrainingError, match="both labels.*dog"):
        measure(predictions_of([1, 1], [0.5, 0.6]), 10)


def test_confusion_has_labels_in_rows_and_predictions_in_columns():
    assert confusion(predictions_of([0, 0, 0, 1, 1], [0.1, 0.2, 0.9, 0.3, 0.8])) == [[2, 1], [1, 1]]
    made_up = made_up_predictions(1.0, 200)
    expected = sklearn_metrics.confusion_matrix(made_up.labels, made_up.predicted)
    assert confusion(made_up) == expected.tolist()


@pytest.mark.parametrize("num_digits", [17, 1])
def test_roc_points_lie_on_the_curve_of_scikit_learn(num_digits):
    made_up = made_up_predictions(0.5, 150)
    rounded = Predictions(made_up.ids, made_up.labels, made_up.probabilities.round(num_digits))
    rates = sklearn_metrics.roc_curve(rounded.labels, rounded.probabilities, drop_intermediate=False)[:2]
    points = roc_points(rounded)
    assert points[0] == [0, 0]
    assert points[-1] == [1, 1]
    assert {tuple(np.round(p, 9)) for p in points} <= {
        tuple(np.round(p, 9)) for p in zip(*rates, strict=True)
    }
    area = sklearn_metrics.auc(*zip(*points, strict=True))
    assert area == pytest.approx(measure(rounded, 10)["roc_auc"])


def test_roc_of_many_examples_is_thinned_to_200_points_of_nearly_the_same_area():
    made_up = made_up_predictions(0.3, 4000)
    points = roc_points(made_up)
    assert len(points) <= 200
    area = sklearn_metrics.auc(*zip(*points, strict=True))
    assert area == pytest.approx(measure(made_up, 10)["roc_auc"], abs=0.005)


def test_calibration_bins_leave_out_empty_ones_and_keep_all_examples():
    bins = calibration_bins(predictions_of([0, 1, 1], [0.05, 0.15, 1.0]), 10)
    assert [point["count"] for point in bins] == [1, 1, 1]
    assert [point["share_of_dogs"] for point in bins] == [0, 1, 1]
    assert [point["mean_probability"] for point in bins] == [0.05, 0.15, 1.0]


def test_calibration_error_is_the_mean_gap_of_the_bins():
    made_up = made_up_predictions(0.4, 500)
    bins = calibration_bins(made_up, 7)
    gaps = [point["count"] * abs(point["mean_probability"] - point["share_of_dogs"]) for point in bins]
    assert measure(made_up, 7)["calibration_error"] == pytest.approx(sum(gaps) / 500)


def test_the_last_bin_holds_a_probability_of_one():
    assert bin_of(np.array([0.0, 0.0999, 0.1, 0.99, 1.0]), 10).tolist() == [0, 0, 1, 9, 9]
