"""Grad-CAM: which parts of an image decide a classifier's prediction.

Source: Selvaraju et al. 2017, "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based
Localization".
"""

import keras
import numpy as np

from pawtrace.learning.networks.layer_outputs import LayerOutput, layer_outputs, side_px
from pawtrace.learning.probes.gradients import gradients_of
from pawtrace.learning.probes.sample import outputs_of

_MIN_SIDE_PX = 4  # a coarser map shows no place: vgg16's last one of a 32 px image has one value
_AT_ONCE = 32  # images


class FeatureMap(keras.layers.Layer):  # type: ignore[misc]  # Keras has no types
    """Gives out what a network makes of its weight, whatever comes in: so the weight has a gradient."""

    def __init__(self, values: np.ndarray, network: keras.Model) -> None:
        """Hold values (n, ...) for a batch of n."""
        super().__init__(dtype="float32")
        self._network = network
        self.values = self.add_weight(shape=values.shape, initializer="zeros", name="values")
        self.values.assign(values)

    def call(self, _: keras.KerasTensor) -> keras.KerasTensor:
        """The network's output, in inference mode though gradients are taken in training mode."""
        return self._network(keras.ops.convert_to_tensor(self.values), training=False)


def attention_maps(model: keras.Model, images: np.ndarray) -> np.ndarray:
    """Where the evidence for each image's predicted label lies.

    The maps are those of the backbone's last layer whose feature map has at least 4 x 4 places.

    Args:
      model: a classifier as `learning.model` builds it: uint8 (b, s, s, 3) RGB -> P(dog).
      images: uint8 (n, s, s, 3), RGB.
    Returns:
      float32 (n, h, w), from 0 to 1: the highest value of an image is 1, or all are 0 where nothing
      speaks for the answer.
    """
    below, above = _cut(model)
    features = outputs_of(below, images, _AT_ONCE)
    feature_map = FeatureMap(features, above)
    anything = keras.Input((1,))
    small = keras.Model(anything, feature_map(anything))
    nothing = np.zeros((len(images), 1), np.float32)
    logits = keras.ops.convert_to_numpy(small(nothing, training=False))
    # What speaks for a cat speaks against a dog.
    signs = np.where(logits >= 0, np.float32(1), np.float32(-1))
    gradients = gradients_of(small, nothing, signs, lambda sign, logit: sign * logit)
    number = next(n for n, variable in enumerate(small.trainable_variables) if variable is feature_map.values)
    importance = gradients[number].mean(axis=(1, 2), keepdims=True)  # (n, 1, 1, c)
    maps = np.maximum((importance * features).sum(axis=-1), 0)
    highest = maps.max(axis=(1, 2), keepdims=True)
    return np.asarray(np.divide(maps, highest, out=np.zeros_like(maps), where=highest > 0), np.float32)


def _cut(model: keras.Model) -> tuple[keras.Model, keras.Model]:
    """Cut a classifier at a feature map: from images to it, and from it to the logits."""
    images = keras.Input(model.input_shape[1:], dtype="uint8")
    outputs = layer_outputs(model, images)
    pooling, logit = (
        next(number for number, output in enumerate(outputs) if output.layer is layer)
        for layer in (model.get_layer("pooling"), model.get_layer("head").get_layer("logit"))
    )
    feature_map = _feature_map(outputs[:pooling])
    return keras.Model(images, feature_map), keras.Model(feature_map, outputs[logit].tensor)


def _feature_map(outputs: list[LayerOutput]) -> keras.KerasTensor:
    """The last one that is fine enough; a padded one lies beside the image."""
    return [
        output.tensor
        for output in outputs
        if side_px(output.tensor) >= _MIN_SIDE_PX and not isinstance(output.layer, keras.layers.ZeroPadding2D)
    ][-1]
