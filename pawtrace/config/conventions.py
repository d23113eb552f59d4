"""The usual input scalings of networks, by name.

This module does not import Keras, so that params can be checked quickly. Sources: the docstrings of
`preprocess_input` in keras.applications (modes tf, caffe and torch), and torchvision's transforms.
"""

from typing import Literal, NamedTuple

Channels = tuple[float, float, float]


class Convention(NamedTuple):
    """An input scaling: scale * (0..255) + offset, for each channel in the network's order."""

    scale: Channels
    offset: Channels
    bgr: bool  # whether blue comes first
    words: str  # for a person
    keras_line: str  # the same for a script: images is float RGB 0..255


_DEVIATIONS = (0.229, 0.224, 0.225)  # of ImageNet's pictures, scaled to 0..1
_MEANS = (0.485, 0.456, 0.406)

# The plainest first: of two that fit a model equally well, it is probably the one that it was trained with.
CONVENTIONS = {
    "zero_to_255": Convention((1.0,) * 3, (0.0,) * 3, bgr=False, words="RGB 0..255", keras_line="images"),
    "zero_to_one": Convention(
        (1 / 255,) * 3, (0.0,) * 3, bgr=False, words="RGB 0..1", keras_line="images / 255"
    ),
    "minus_one_to_one": Convention(
        (1 / 127.5,) * 3, (-1.0,) * 3, bgr=False, words="RGB -1..1", keras_line="images / 127.5 - 1"
    ),
    "caffe": Convention(
        (1.0,) * 3,
        (-103.939, -116.779, -123.68),
        bgr=True,
        words="BGR minus ImageNet's means",
        keras_line="keras.applications.vgg16.preprocess_input(images)",
    ),
    "torch": Convention(
        (1 / (255 * _DEVIATIONS[0]), 1 / (255 * _DEVIATIONS[1]), 1 / (255 * _DEVIATIONS[2])),
        (-_MEANS[0] / _DEVIATIONS[0], -_MEANS[1] / _DEVIATIONS[1], -_MEANS[2] / _DEVIATIONS[2]),
        bgr=False,
        words="RGB 0..1 minus ImageNet's means, divided by ImageNet's standard deviations",
        keras_line="keras.applications.imagenet_utils.preprocess_input(images, mode='torch')",
    ),
    "bgr_zero_to_255": Convention(
        (1.0,) * 3, (0.0,) * 3, bgr=True, words="BGR 0..255", keras_line="images[..., ::-1]"
    ),
    "bgr_zero_to_one": Convention(
        (1 / 255,) * 3, (0.0,) * 3, bgr=True, words="BGR 0..1", keras_line="images[..., ::-1] / 255"
    ),
    "bgr_minus_one_to_one": Convention(
        (1 / 127.5,) * 3, (-1.0,) * 3, bgr=True, words="BGR -1..1", keras_line="images[..., ::-1] / 127.5 - 1"
    ),
}
# `backbone`: as the backbone's weights expect; `unit`: the former name of zero_to_one.
InputScaling = Literal[
    "backbone",
    "unit",
    "zero_to_255",
    "zero_to_one",
    "minus_one_to_one",
    "caffe",
    "torch",
    "bgr_zero_to_255",
    "bgr_zero_to_one",
    "bgr_minus_one_to_one",
]
