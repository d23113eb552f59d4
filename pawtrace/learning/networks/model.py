"""The whole model: uint8 RGB images in, the probability of a dog out."""

from typing import NamedTuple

import keras
from keras import layers

from pawtrace.config.imagenet import received_convention
from pawtrace.config.train_params import Head, TrainParams
from pawtrace.learning.networks.backbones import build_backbone
from pawtrace.learning.networks.head_memory import require_memory_for
from pawtrace.learning.networks.input_scaling import input_scaling
from pawtrace.learning.networks.seeds import seeds_of_layers

_POOLING = {
    "flatten": layers.Flatten,
    "average": layers.GlobalAveragePooling2D,
    "max": layers.GlobalMaxPooling2D,
}


class Classifier(NamedTuple):
    """A model and its parts; they share their weights."""

    whole: keras.Model  # uint8 (b, s, s, 3) RGB -> float32 (b, 1), P(dog)
    trunk: keras.Model  # uint8 (b, s, s, 3) RGB -> features (b, f)
    backbone: keras.Model  # scaled float (b, s, s, 3) -> feature map (b, h, w, c)
    head: keras.Model  # features (b, f) -> float32 (b, 1), P(dog)


def build_classifier(train: TrainParams) -> Classifier:
    """Put input scaling, backbone, pooling and head together.

    Pooling belongs to the trunk: it has no weights, so what the trunk computes of an image can be
    kept while the backbone is frozen.

    Raises:
      TrainingError: the backbone's file or weights are unusable.
      DeviceError: the head does not fit into memory.
    """
    with seeds_of_layers(train.seed):
        return _build(train)


def _build(train: TrainParams) -> Classifier:
    images = keras.Input((train.image_size_px, train.image_size_px, 3), dtype="uint8", name="image")
    backbone = build_backbone(train)
    convention = received_convention(train.input_scaling, train.backbone)
    feature_map = backbone(input_scaling(convention, images))
    features = _POOLING[train.head.pooling](name="pooling")(feature_map)
    require_memory_for(train.head, features.shape[-1])
    head = _build_head(train.head, features.shape[-1], train.initializer)
    whole = keras.Model(images, head(features), name="classifier")
    return Classifier(whole, keras.Model(images, features, name="trunk"), backbone, head)


def _build_head(params: Head, num_features: int, initializer: str) -> keras.Model:
    penalty = keras.regularizers.L1L2(l1=params.l1, l2=params.l2) if params.l1 or params.l2 else None
    x = inputs = keras.Input((num_features,), name="features")
    if params.dropout and not params.units:
        x = layers.Dropout(params.dropout, name="dropout")(x)
    for number, units in enumerate(params.units, start=1):
        settings = {
            "kernel_initializer": initializer,
            "kernel_regularizer": penalty,
            "name": f"dense{number}",
        }
        x = layers.Dense(units, activation="relu", **settings)(x)
        if params.dropout:
            x = layers.Dropout(params.dropout, name=f"dropout{number}")(x)
    # float32, whatever the precision: the loss needs the digits.
    x = layers.Dense(1, kernel_regularizer=penalty, dtype="float32", name="logit")(x)
    return keras.Model(inputs, layers.Activation("sigmoid", dtype="float32", name="dog")(x), name="head")
