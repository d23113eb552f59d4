"""The parts of a model: the layers that scale its input, the trunk of convolutions, the head."""

from collections.abc import Iterator
from typing import NamedTuple

import keras
import numpy as np
from scipy.stats import kstest, truncnorm, uniform

from pawtrace.foreign.reading.saved_model import hides_layers
from pawtrace.learning.networks.layer_outputs import LayerOutput, layer_outputs, side_px

_SCALING = (
    keras.layers.InputLayer,
    keras.layers.Rescaling,
    keras.layers.Normalization,
    keras.layers.Resizing,
    keras.layers.CenterCrop,
)
_SCALES_VALUES = (keras.layers.Rescaling, keras.layers.Normalization)
_ENDS_SCALING = ("kernel", "depthwise_kernel", "gamma")  # weights of the first layer that learns
_LIKE_NEW = 0.01  # p-value above which a kernel's values may be those that it was initialised with
_MIN_VALUES = 64  # of a kernel: fewer cannot be told from any distribution
_MOVED = 1e-4  # a bias, from 0
_NUM_TESTED = 4000  # values of a kernel

# The convention in which published weights expect their input, by layers that only these backbones have.
# Source: keras.applications; None: the scaling is within the backbone.
_FAMILIES = (
    ("vgg19", "block5_conv4", "caffe"),
    ("vgg16", "block5_conv3", "caffe"),
    ("mobilenet_v2", "expanded_conv_depthwise", "minus_one_to_one"),
    ("mobilenet", "conv_pw_13", "minus_one_to_one"),
    ("resnet_v2", "conv2_block1_preact_bn", "minus_one_to_one"),
    ("resnet", "conv2_block1_1_conv", "caffe"),
    ("xception", "block1_conv1_act", "minus_one_to_one"),
    ("densenet", "conv2_block1_0_bn", "torch"),
    ("efficientnet_b0", "block1a_dwconv", None),
)

# The first biases of the published VGG16 (block1_conv1): training a little more hardly moves them.
_VGG16_BIASES = (
    0.734298, 0.093404, 0.067757, 0.886297, 0.259945, 0.664267,
    -0.015829, 0.324907, 0.686007, 0.062479, 0.581565, 0.236148,
)  # fmt: skip
_SAME_ORIGIN = 0.98  # correlation
_ROUNDING = 1e-5  # a step of training at a rate of 1e-5 changes a bias by as much


class Network(NamedTuple):
    """A model, taken apart."""

    model: keras.Model
    size_px: tuple[int, int]  # of its input: height, width
    outputs: list[LayerOutput]  # every layer in the order of the data
    inputs: keras.KerasTensor
    num_scaling: int  # how many of the layers come before the first that learns, and scale the input
    num_trunk: int  # how many come before the head; 0 where no layer gives out a feature map

    @property
    def shows_layers(self) -> bool:
        """Whether the layers of the model can be inspected."""
        return not hides_layers(self.model)

    @property
    def takes_colours(self) -> bool:
        """Whether the first layer that learns receives three channels."""
        entry = self.outputs[self.num_scaling - 1].tensor if self.num_scaling else self.inputs
        return bool(entry.shape[-1] == 3)

    @property
    def scaling_layers(self) -> list[keras.Layer]:
        """The layers that scale the input's values."""
        before = (output.layer for output in self.outputs[: self.num_scaling])
        return [layer for layer in before if isinstance(layer, _SCALES_VALUES)]

    @property
    def trunk_layers(self) -> list[keras.Layer]:
        """The layers between the input's scaling and the head."""
        return [output.layer for output in self.outputs[self.num_scaling : self.num_trunk]]

    @property
    def head_layers(self) -> list[keras.Layer]:
        """The layers after the last feature map."""
        return [output.layer for output in self.outputs[self.num_trunk :]]

    @property
    def feature_map_words(self) -> str:
        """The Python expression for the last feature map of `model`: an output or an input of a layer.

        If a whole backbone is one layer, its `output` belongs to the backbone's own graph, and the expression
        is the input of the next layer.
        """
        own = self.model.layers
        last = max(place for place, layer in enumerate(own) if len(getattr(layer.output, "shape", ())) == 4)
        if isinstance(own[last], keras.Model) and last + 1 < len(own):
            return f"model.get_layer('{own[last + 1].name}').input"
        return f"model.get_layer('{own[last].name}').output"

    @property
    def family(self) -> str | None:
        """The published backbone that the trunk is, by name; None for another one."""
        names = {layer.name for layer in self.trunk_layers}
        return next((family for family, name, _ in _FAMILIES if name in names), None)

    @property
    def expected_convention(self) -> str | None:
        """How the family's published weights expect what comes after the input's scaling layers."""
        known = {family: convention for family, _, convention in _FAMILIES}
        return known.get(str(self.family))

    def expected_input(self, made_for: str | None) -> str | None:
        """The convention that the whole model expects; None where nothing tells it.

        Args:
          made_for: what the model's own scaling layers are made for, if they show it.
        """
        return made_for or (None if self.num_scaling else self.expected_convention)

    @property
    def is_imagenet_vgg16(self) -> bool:
        """Whether the trunk's weights come from the published VGG16, perhaps trained further."""
        biases = self._first_biases
        if biases is None or biases.std() == 0:
            return False
        return bool(np.corrcoef(biases, _VGG16_BIASES)[0, 1] > _SAME_ORIGIN)

    @property
    def is_trained_vgg16(self) -> bool:
        """Whether it is the published VGG16 trained further: its features may have adapted to its inputs."""
        biases = self._first_biases
        if biases is None or not self.is_imagenet_vgg16:
            return False
        return not np.allclose(biases, _VGG16_BIASES, rtol=0, atol=_ROUNDING)

    @property
    def _first_biases(self) -> np.ndarray | None:
        first = next((layer for layer in self.trunk_layers if layer.name == "block1_conv1"), None)
        if first is None or getattr(first, "bias", None) is None:
            return None
        return np.asarray(keras.ops.convert_to_numpy(first.bias))[: len(_VGG16_BIASES)]

    def after_scaling(self) -> keras.Model:
        """From the model's input to what the first layer that learns receives."""
        tensor = self.outputs[self.num_scaling - 1].tensor if self.num_scaling else self.inputs
        return keras.Model(self.inputs, tensor)

    def with_features(self) -> keras.Model:
        """From the model's input to its output and the averaged features of the trunk."""
        answer = self.outputs[-1].tensor
        if not self.num_trunk:
            return keras.Model(self.inputs, [answer])
        feature_map = self.outputs[self.num_trunk - 1].tensor
        return keras.Model(
            self.inputs, [answer, keras.layers.GlobalAveragePooling2D(name="averaged_trunk")(feature_map)]
        )

    def trunk(self, size_px: tuple[int, int]) -> keras.Model:
        """The trunk alone, for pictures of another size: scaled float (b, h, w, 3) -> features (b, c)."""
        entry = self.outputs[self.num_scaling - 1].tensor if self.num_scaling else self.inputs
        alone = keras.Model(entry, self.outputs[self.num_trunk - 1].tensor)
        inputs = keras.Input((*size_px, 3))
        return keras.Model(
            inputs,
            keras.layers.GlobalAveragePooling2D(name="averaged_trunk")(
                layer_outputs(alone, inputs)[-1].tensor
            ),
        )


def network_of(model: keras.Model, size_px: tuple[int, int]) -> Network:
    """Take a model apart.

    Args:
      model: with one picture as input and one output.
      size_px: (height, width) where the model takes any.
    """
    height, width = input_size_px(model, size_px)
    inputs = keras.Input((height, width, 3), dtype=model.inputs[0].dtype)
    outputs = layer_outputs(model, inputs)
    learns = (number for number, output in enumerate(outputs) if _learns(output.layer))
    first = next(learns, len(outputs))
    num_scaling = 1 + max((n for n in range(first) if _scales(outputs[n].layer)), default=-1)
    num_trunk = 1 + max((n for n, output in enumerate(outputs) if _is_map(output)), default=-1)
    return Network(model, (height, width), outputs, inputs, num_scaling, num_trunk)


def input_size_px(model: keras.Model, otherwise: tuple[int, int]) -> tuple[int, int]:
    """The (height, width) that a model takes, or another one where it takes any."""
    height, width = (own or free for own, free in zip(model.input_shape[1:3], otherwise, strict=True))
    return height, width


def _is_map(output: LayerOutput) -> bool:
    return side_px(output.tensor) > 0 and output.tensor.shape[-1] != 3


def _learns(layer: keras.Layer) -> bool:
    return any(getattr(layer, name, None) is not None for name in _ENDS_SCALING)


def _scales(layer: keras.Layer) -> bool:
    is_operation = not isinstance(layer, keras.Layer)  # keras.ops.flip, say, of a preprocess_input within
    return is_operation or isinstance(layer, _SCALING)


def kernels(layers: list[keras.Layer]) -> Iterator[tuple[keras.Layer, np.ndarray]]:
    """The layers that have a kernel, and its values."""
    for layer in layers:
        kernel = getattr(layer, "kernel", None)
        if kernel is not None:
            yield layer, keras.ops.convert_to_numpy(keras.ops.cast(kernel, "float32"))


def looks_untrained(kernel: np.ndarray) -> bool:
    """Whether a kernel's values may be those that Keras initialised it with.

    By a Kolmogorov-Smirnov test against the distributions of GlorotUniform, HeUniform, LecunNormal,
    GlorotNormal and HeNormal (Glorot & Bengio 2010; He et al. 2015; Klambauer et al. 2017).
    """
    receptive = int(np.prod(kernel.shape[:-2]))
    fan_in, fan_out = receptive * kernel.shape[-2], receptive * kernel.shape[-1]
    values = kernel.ravel()
    values = values[:: max(1, values.size // _NUM_TESTED)]
    tried = []
    for variance in (2 / (fan_in + fan_out), 2 / fan_in, 1 / fan_in):
        limit, spread = np.sqrt(3 * variance), np.sqrt(variance) / 0.87962566103423978
        tried.append(kstest(values, uniform(-limit, 2 * limit).cdf).pvalue)
        tried.append(kstest(values, truncnorm(-2, 2, scale=spread).cdf).pvalue)
    return bool(max(tried) > _LIKE_NEW)


def untrained_share(layers: list[keras.Layer]) -> float | None:
    """The share of kernels that may be as they were initialised, among those with enough values to tell."""
    found = [
        _has_zero_bias(layer) and looks_untrained(kernel)
        for layer, kernel in kernels(layers)
        if kernel.size >= _MIN_VALUES
    ]
    return sum(found) / len(found) if found else None


def _has_zero_bias(layer: keras.Layer) -> bool:
    """Whether a layer has no bias, or one that is as Keras initialises it: any step of training moves it."""
    bias = getattr(layer, "bias", None)
    return bias is None or float(np.abs(keras.ops.convert_to_numpy(bias)).max()) < _MOVED
