"""A published network as Keras builds it, and the line that refuses to build one of ours."""

import keras
import pytest

from pawtrace.base.errors import TrainingError
from pawtrace.learning.networks.backbones import build_backbone
from tests.learning.tiny import tiny_train

APPLICATIONS = {"vgg16": "VGG16", "mobilenet_v2": "MobileNetV2", "efficientnet_b0": "EfficientNetB0"}


def keras_backbone(backbone: str, weights: str | None = None) -> keras.Model:
    build = getattr(keras.applications, APPLICATIONS[backbone])
    return build(include_top=False, weights=weights, input_shape=(32, 32, 3))


def refusal(**changes: object) -> str:
    with pytest.raises(TrainingError) as error:
        build_backbone(tiny_train(**changes))
    assert "\n" not in str(error.value)
    return str(error.value)
