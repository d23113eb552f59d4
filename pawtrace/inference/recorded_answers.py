"""Check that a model still gives the predictions that were recorded when it was measured.

Arrives: a model's file, its predictions.csv, data/records. Leaves: the largest difference; a model with
other predictions is refused.
"""

from pathlib import Path

import numpy as np

from pawtrace.base.errors import DataError, TrainingError
from pawtrace.dataset.examples.pixels import View
from pawtrace.dataset.examples.shards import Records
from pawtrace.evaluation.predictions import Predictions
from pawtrace.inference.agreement import OTHER_PRECISION_TOLERANCE
from pawtrace.inference.photo_predictions import photo_classifier, predict_views, views_of

NUM_EXAMPLES = 64
_BATCH_SIZE = 16


def check_answers(path: Path, test: Predictions, records: Records, view: View, num_views: int) -> float:
    """Predict some test examples again and compare with the recorded predictions.

    A difference of P(dog) up to 0.05 may come from the precision of another device (see `agreement`).

    Args:
      path: the model's file.
      test: its recorded predictions of the test split.
      records: of the test split.
      view: makes the augmented views that were averaged.
      num_views: how many were averaged, the plain one included.
    Returns:
      The largest difference of P(dog).
    Raises:
      TrainingError: the file is no model of cats and dogs, or answers otherwise than recorded.
      DataError: the records are not those that it was asked about.
    """
    model = photo_classifier(path)
    if records.ids != test.ids:
        raise DataError(
            f"{path.parent}: expected predictions of the test examples in data/records, found others; "
            f"run: dvc repro measure@{path.parent.name}"
        )
    numbers = np.unique(np.linspace(0, len(test.ids) - 1, NUM_EXAMPLES).astype(int)).tolist()
    photos = (views_of(records[number], model.input_shape[1], view, num_views) for number in numbers)
    answers = np.array(list(predict_views(model, photos, _BATCH_SIZE)))
    differences = np.abs(answers - test.probabilities[numbers])
    largest = float(differences.max())
    if not largest <= OTHER_PRECISION_TOLERANCE:  # NaN too
        worst = numbers[int(np.nanargmax(np.nan_to_num(differences, nan=np.inf)))]
        raise TrainingError(
            f"{path}: expected the recorded predictions, P(dog) to {OTHER_PRECISION_TOLERANCE:g}, found "
            f"{largest:.2g} away for {test.ids[worst]}; run: pawtrace verify, or: "
            f"dvc repro --force train@{path.parent.name}"
        )
    return largest
