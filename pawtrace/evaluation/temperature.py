"""Temperature scaling: one number, fitted on validation, that makes a model as sure as it is right.

Arrives: the predictions of validation and test. Leaves: the temperature, and predictions with it. Their
accuracy and ROC AUC stay: neither the order of predictions changes, nor which side of 0.5 they are on.
"""

from dataclasses import replace

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import expit, logit

from pawtrace.evaluation.metrics import LOG_LOSS_CLIP
from pawtrace.evaluation.predictions import Predictions

_LOWEST, _HIGHEST = 0.05, 20.0
_NUM_DIGITS = 3  # more mean nothing, and would differ between processors


def fitted_temperature(validation: Predictions) -> float:
    """The temperature with the lowest cross-entropy on validation, 0.05 to 20; above 1: it was too sure.

    Sources: Guo et al. 2017, "On Calibration of Modern Neural Networks"; for the targets, so that a model
    without an error on validation is not called certain, Platt 1999, "Probabilistic outputs for support
    vector machines".
    """
    is_dog, logits = validation.labels == 1, _logits(validation)
    num_dogs, num_cats = int(is_dog.sum()), int((~is_dog).sum())
    targets = np.where(is_dog, (num_dogs + 1) / (num_dogs + 2), 1 / (num_cats + 2))

    def cross_entropy(log_temperature: float) -> float:
        scaled = logits / np.exp(log_temperature)
        return float((np.logaddexp(0, scaled) - targets * scaled).mean())

    best = minimize_scalar(cross_entropy, bounds=(np.log(_LOWEST), np.log(_HIGHEST)), method="bounded")
    return float(f"{np.exp(best.x):.{_NUM_DIGITS}g}")


def with_temperature(predictions: Predictions, temperature: float) -> Predictions:
    """The predictions with their logits divided by a temperature."""
    return replace(predictions, probabilities=expit(_logits(predictions) / temperature))


def _logits(predictions: Predictions) -> np.ndarray:
    return np.asarray(logit(np.clip(predictions.probabilities, LOG_LOSS_CLIP, 1 - LOG_LOSS_CLIP)))
