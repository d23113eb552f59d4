"""What a linear classifier gets out of a model's trunk, by the convention in which the trunk is fed.

The same measurement as `pawtrace.learning.probes.linear_probe`, of a network that has been trained.
Source: Alain & Bengio 2016, "Understanding intermediate layers using linear classifier probes".
"""

from collections.abc import Mapping

import numpy as np

from pawtrace.foreign.reading.photos import Photos
from pawtrace.learning.probes.linear_probe import out_of_fold
from pawtrace.results.probe_results import LinearProbe


def probe_of(
    features: Mapping[str, np.ndarray], photos: Photos, received: str, expected: str | None
) -> LinearProbe:
    """Classify photos by features, out of fold, and compare the conventions.

    Args:
      features: by convention, float (n, c), of the same photos.
      photos: n of them.
      received: the convention in which the model is fed.
      expected: that of the published weights; None: the one under which most photos are right.
    """
    labels = photos.labels
    answers = {name: out_of_fold(values, labels) for name, values in features.items()}
    right = {name: (found >= 0.5) == (labels == 1) for name, found in answers.items()}
    best = max(right, key=lambda name: (right[name].sum(), name == received))
    expected = expected or best
    conventions = {
        name: {
            "num_right": int(right[name].sum()),
            "right": "".join(map(str, right[name].astype(int))),
            "features_std": float(features[name].std(dtype=np.float64))
            if np.isfinite(features[name]).all()
            else None,
        }
        for name in features
    }
    judges = {
        name: {
            "ids": photos.ids,
            "splits": ["test"] * len(labels),
            "labels": labels.tolist(),
            "probabilities": answers[name].tolist(),
        }
        for name in {received, expected}
    }
    return LinearProbe.model_validate(
        {
            "num_examples": len(labels),
            "num_tried": len(features),
            "received": received,
            "expected": expected,
            "conventions": conventions,
            "judges": judges,
        }
    )
