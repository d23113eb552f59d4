"""The evaluation of one trained recipe: everything that `evaluation.json` holds.

Arrives: the predictions of train (unaugmented), validation and test. Leaves: plain numbers in
lists and dicts, ready for JSON, and the worst errors.
"""

from collections.abc import Mapping
from typing import Any

from pawtrace.base.errors import TrainingError
from pawtrace.config.sections import SPLITS, MeasureParams
from pawtrace.evaluation.curves import calibration_bins, confusion, roc_points
from pawtrace.evaluation.intervals import intervals
from pawtrace.evaluation.metrics import measure
from pawtrace.evaluation.predictions import Predictions
from pawtrace.evaluation.temperature import fitted_temperature, with_temperature


def evaluate_predictions(predictions: Mapping[str, Predictions], params: MeasureParams) -> dict[str, Any]:
    """Measure all splits; intervals, ROC and calibration are those of the test split.

    Returns:
      `metrics` {split: {name: value}}, `intervals` {name: [low, high]}, `confusion`
      {split: rows of true label}, `roc` [[false, true positive rate]], `calibration` [bin]; `temperature`
      {value, test: {name: value}}, or None if params do not ask for it.
    Raises:
      TrainingError: a split is missing or holds one label only.
    """
    missing = [split for split in SPLITS if split not in predictions]
    if missing:
        raise TrainingError(f"predictions: expected all of {', '.join(SPLITS)}, found none of {missing[0]}")
    test = predictions["test"]
    return {
        "metrics": {split: measure(predictions[split], params.calibration_bins) for split in SPLITS},
        "intervals": {name: list(bounds) for name, bounds in intervals(test, params).items()},
        "confusion": {split: confusion(predictions[split]) for split in SPLITS},
        "roc": roc_points(test),
        "calibration": calibration_bins(test, params.calibration_bins),
        "temperature": _temperature(predictions, params) if params.temperature_scaling else None,
    }


def _temperature(predictions: Mapping[str, Predictions], params: MeasureParams) -> dict[str, Any]:
    value = fitted_temperature(predictions["validation"])
    scaled = with_temperature(predictions["test"], value)
    return {"value": value, "test": measure(scaled, params.calibration_bins)}
