"""The accuracy of a linear classifier on the features of a model's trunk, for each input scaling.

The same measurement as `pawtrace.learning.probes.linear_probe`, of a network that has been trained.
Source: Alain & Bengio 2016, "Understanding intermediate layers using linear classifier probes".
"""

from collections.abc import Mapping

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from pawtrace.config.conventions import CONVENTIONS
from pawtrace.diagnosis.label_quality import Judged
from pawtrace.foreign.measuring.durations import MIN_PHOTOS, affordable
from pawtrace.foreign.measuring.network import Network
from pawtrace.foreign.measuring.network_outputs import outputs_of
from pawtrace.foreign.reading.array_values import scaled
from pawtrace.foreign.reading.photos import Photos
from pawtrace.learning.probes.linear_probe import out_of_fold
from pawtrace.results.probe_results import LinearProbe

_TIME_S = 12.0  # of the minute, on a slow computer
_MIN_FEATURES, _MAX_FEATURES = 160, 400  # photos
Features = np.ndarray | None  # of photos, float (n, c); None for a model without a trunk
_SIDE_PX = 128  # a trunk tells conventions apart on small pictures too


def linear_probe(
    network: Network,
    features: np.ndarray | None,
    received: str | None,
    each_s: float,
    photos: Photos,
) -> LinearProbe:
    """Compare input scalings by the accuracy of a linear classifier on the trunk's features.

    Args:
      network: with a trunk.
      features: of the whole model for the first photos, float (n, c), as it is fed.
      received: the convention that the trunk gets; None for another one.
      each_s: how long the whole model takes for a photo.
      photos: labelled.
    """
    expected, family = network.expected_convention, network.family
    is_open = family is None and network.takes_colours
    names = {expected} if family and expected else set(CONVENTIONS) if is_open else set()
    size_px = tuple(min(side, _SIDE_PX) for side in network.size_px)
    share = size_px[0] * size_px[1] / (network.size_px[0] * network.size_px[1])
    least = _MIN_FEATURES if family else MIN_PHOTOS
    number = max(least, affordable(_TIME_S, each_s * share * (len(names) + 1), _MAX_FEATURES))
    few = photos.first(number)
    images = few.images((size_px[0], size_px[1]))
    own = received or "as_fed"
    trunk = network.trunk((size_px[0], size_px[1])) if names or received else None
    found = {name: outputs_of(trunk, scaled(images, name))[0] for name in sorted(names)}
    if own not in found and (received is None or size_px == network.size_px):
        assert features is not None
        few = few.first(len(features))  # photos for which the whole model has made them already
        found = {name: values[: len(features)] for name, values in found.items()} | {own: features[:number]}
    elif own not in found:
        found[own] = outputs_of(trunk, scaled(images, own))[0]
    return _probe_of(found, few, own, expected)


def judge_labels(photos: Photos, features: Features, others: Photos, of_others: Features) -> Judged | None:
    """Judge the labels of photos by a linear classifier on the features of other photos; None for too few.

    Args:
      photos: of which the first n are judged.
      features: of the whole model, float (n, c), as it is fed.
      others: labelled; the first m teach the classifier.
      of_others: the same for these, (m, c).
    """
    if features is None or of_others is None or min(len(features), len(of_others)) < MIN_PHOTOS:
        return None
    if not (np.isfinite(features).all() and np.isfinite(of_others).all()):
        return None
    # As in the linear probe: features outnumber photos.
    classifier = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=500))
    classifier.fit(of_others, others.labels[: len(of_others)])
    number = len(features)
    found = classifier.predict_proba(features)[:, 1]
    return Judged(photos.ids[:number], ["train"] * number, photos.labels[:number], found)


def _probe_of(
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
