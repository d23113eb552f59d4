"""Linear probe: the accuracy of a linear classifier on a pretrained backbone's features, by input scaling.

It shows how good the pretrained features are. If a fine-tuned model is worse, training has destroyed them;
if another input scaling gives a higher accuracy, the weights were trained with that scaling.
Sources: Alain & Bengio 2016, "Understanding intermediate layers using linear classifier probes"; Kornblith
et al. 2019, "Do Better ImageNet Models Transfer Better?".
"""

import math
from typing import Any

import keras
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from pawtrace.config.conventions import CONVENTIONS
from pawtrace.config.imagenet import PUBLISHED, expected_convention, received_convention
from pawtrace.config.train_params import TrainParams
from pawtrace.learning.networks.input_scaling import input_scaling
from pawtrace.learning.probes.sample import Sample, outputs_of

_FOLDS = 5
_FIRST_ROUND, _FINALISTS = 64, 3  # examples on which every convention is tried; the best go on
_STRENGTH = 0.01  # of the logistic regression, as 1 / penalty: features outnumber examples


def linear_probe(
    backbone: keras.Model,
    train: TrainParams,
    samples: dict[str, Sample],
    num_compared: int,
    batch_size: int,
) -> dict[str, Any]:
    """Classify examples by averaged features of the backbone as it is.

    Args:
      backbone: with its pretrained weights: float (b, s, s, 3) -> feature map (b, h, w, c).
      train: of the recipe: what its backbone receives.
      samples: by split; that of train has as many cats as dogs.
      num_compared: on how many training examples other conventions are tried.
      batch_size: examples at once.
    Returns:
      num_examples, that conventions are compared on; received and expected: names of conventions
      (expected: of a file, the one under which most examples are right); num_tried; conventions: by
      name, num_right, right, a string of 0 and 1 for each example, so that two can be compared in pairs,
      and features_std;
      judges: for received and expected, ids, splits, labels and probabilities, P(dog): of training
      examples out of fold, of others by a classifier of all those training examples.
    """
    received = received_convention(train.input_scaling, train.backbone)
    own = expected_convention(train.backbone)
    is_published = train.backbone in PUBLISHED
    few = _balanced(samples["train"], num_compared)
    tried = {received, own}
    if not is_published:
        tried |= set(_promising(backbone, few, batch_size))
    names = [name for name in CONVENTIONS if name in tried]  # of equals the first: the plainest
    conventions = {name: _compared(backbone, name, few, batch_size) for name in names}
    # Of equals the one that the recipe uses: no reason to leave it.
    best = max(names, key=lambda name: (conventions[name]["num_right"], name == received, name == own))
    expected = own if is_published else best
    return {
        "num_examples": len(few.images),
        "received": received,
        "expected": expected,
        "num_tried": len(names) if is_published else len(CONVENTIONS),
        "conventions": conventions,
        "judges": {
            name: _judge(backbone, name, samples, batch_size) for name in sorted({received, expected})
        },
    }


def _promising(backbone: keras.Model, few: Sample, batch_size: int) -> list[str]:
    """The conventions that do best on the first pictures: only these are worth all of them."""
    first = _balanced(few, _FIRST_ROUND)
    num_right = {name: _compared(backbone, name, first, batch_size)["num_right"] for name in CONVENTIONS}
    return sorted(CONVENTIONS, key=lambda name: -num_right[name])[:_FINALISTS]


def _compared(backbone: keras.Model, name: str, few: Sample, batch_size: int) -> dict[str, Any]:
    features, labels = _features(backbone, name, few.images, batch_size), _labels(few)
    right = (out_of_fold(features, labels) >= 0.5) == labels
    is_finite = bool(np.isfinite(features).all())
    return {
        "num_right": int(right.sum()),
        "right": "".join(map(str, right.astype(int))),
        "features_std": float(features.std(dtype=np.float64)) if is_finite else math.nan,
    }


def _judge(
    backbone: keras.Model, name: str, samples: dict[str, Sample], batch_size: int
) -> dict[str, list[Any]]:
    features = {
        split: _features(backbone, name, sample.images, batch_size) for split, sample in samples.items()
    }
    labels = _labels(samples["train"])
    found = {"train": out_of_fold(features["train"], labels)}
    for split in samples:
        if split != "train":
            found[split] = _fitted(features["train"], labels, features[split])
    return {
        "ids": [id for sample in samples.values() for id in sample.ids],
        "splits": [split for split, sample in samples.items() for _ in sample.ids],
        "labels": [int(label) for sample in samples.values() for label in sample.labels[:, 0]],
        "probabilities": [float(value) for split in samples for value in found[split]],
    }


def _labels(sample: Sample) -> np.ndarray:
    return sample.labels[:, 0].astype(int)


def _balanced(sample: Sample, num_examples: int) -> Sample:
    """The first examples of each label, as many cats as dogs."""
    labels = _labels(sample)
    chosen = np.concatenate([np.flatnonzero(labels == label)[: num_examples // 2] for label in (0, 1)])
    return Sample(sample.images[chosen], sample.labels[chosen])


def _features(backbone: keras.Model, convention: str, images: np.ndarray, batch_size: int) -> np.ndarray:
    entry = keras.Input(images.shape[1:], dtype="uint8")
    feature_map = backbone(input_scaling(convention, entry), training=False)
    trunk = keras.Model(entry, keras.layers.GlobalAveragePooling2D()(feature_map))
    return outputs_of(trunk, images, batch_size)


def out_of_fold(features: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """P(dog) of each example by a logistic regression that has not seen it; a half where none can be fitted.

    Args:
      features: float (n, c).
      labels: int (n,), 1 for a dog.
    Returns:
      float (n,).
    """
    num_folds = min(_FOLDS, int(labels.sum()))
    if num_folds < 2 or not np.isfinite(features).all():
        return np.full(len(labels), 0.5)
    folds = StratifiedKFold(num_folds, shuffle=True, random_state=0)
    found = cross_val_predict(_classifier(), features, labels, cv=folds, method="predict_proba")
    return np.asarray(found[:, 1])


def _fitted(features: np.ndarray, labels: np.ndarray, others: np.ndarray) -> np.ndarray:
    """P(dog) of other examples by a regression of these; a half where none can be fitted."""
    if not (np.isfinite(features).all() and np.isfinite(others).all()):
        return np.full(len(others), 0.5)
    return np.asarray(_classifier().fit(features, labels).predict_proba(others)[:, 1])


def _classifier() -> Pipeline:
    return make_pipeline(StandardScaler(), LogisticRegression(C=_STRENGTH, max_iter=500))
