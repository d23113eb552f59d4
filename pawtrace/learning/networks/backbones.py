"""Backbones: convolutional networks without their top, RGB 0..255 in, feature map out."""

from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import keras
from keras import layers

from pawtrace.base.errors import TrainingError, in_one_line
from pawtrace.config.imagenet import PUBLISHED, find_weights, how_to_provide, require_published
from pawtrace.config.train_params import TrainParams
from pawtrace.learning.networks.keras_files import load_model_file, load_weights_file

Layer = TypeVar("Layer", bound=keras.layers.Layer)
_VGG16_BLOCKS = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))  # filters and convolutions of each


def build_backbone(train: TrainParams) -> keras.Model:
    """The backbone that params describe, without its input scaling.

    Returns:
      A model float (b, s, s, 3) -> float (b, h, w, c), s being `train.image_size_px`.
    Raises:
      TrainingError: a file or its weights are missing, unreadable or of the wrong shape.
    """
    if train.backbone not in PUBLISHED:
        backbone = _from_file(Path(train.backbone), train.image_size_px)
    elif train.batch_normalization or train.initializer != "glorot_uniform":
        momentum = train.batch_normalization_momentum if train.batch_normalization else None
        backbone = vgg16(train.image_size_px, train.initializer, momentum)
    else:
        backbone = _from_keras(train)
    if train.weights not in (None, "imagenet"):
        _load_weights(backbone, Path(train.weights), train.backbone)
    if train.normalization_momentum is not None:
        for layer in normalizations(backbone):
            layer.momentum = train.normalization_momentum
    return backbone


def normalizations(model: keras.Model) -> Iterator[keras.layers.BatchNormalization]:
    """All batch normalisation in a model, that of models within it too."""
    return _of_kind(keras.layers.BatchNormalization, model)


def dropouts(model: keras.Model) -> Iterator[keras.layers.Dropout]:
    """All dropout in a model, that of models within it too."""
    return _of_kind(keras.layers.Dropout, model)


def _of_kind(kind: type[Layer], model: keras.Model) -> Iterator[Layer]:
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _of_kind(kind, layer)
        elif isinstance(layer, kind):
            yield layer


def vgg16(size_px: int, initializer: str, momentum: float | None) -> keras.Model:
    """VGG16's convolutions with another initialisation, or batch normalisation after each.

    Layers are named as in keras.applications, so weights files fit both.

    Args:
      size_px: side of the images, pixels, at least 32.
      initializer: of the kernels, by Keras's name for it.
      momentum: of the batch normalisation's moving averages; none for no batch normalisation.
    Returns:
      A model float (b, size_px, size_px, 3) -> float (b, size_px // 32, size_px // 32, 512).
    Source: Simonyan & Zisserman 2014, configuration D; Ioffe & Szegedy 2015; He et al. 2015.
    """
    x = inputs = keras.Input((size_px, size_px, 3))
    for block, (filters, num_convolutions) in enumerate(_VGG16_BLOCKS, start=1):
        for number in range(1, num_convolutions + 1):
            name = f"block{block}_conv{number}"
            # A convolution's bias would be cancelled by the normalisation after it.
            x = layers.Conv2D(
                filters,
                3,
                padding="same",
                use_bias=momentum is None,
                kernel_initializer=initializer,
                name=name,
            )(x)
            if momentum is not None:
                x = layers.BatchNormalization(momentum=momentum, name=f"{name}_normalized")(x)
            x = layers.ReLU(name=f"{name}_relu")(x)
        x = layers.MaxPooling2D(2, name=f"block{block}_pool")(x)
    return keras.Model(inputs, x, name="vgg16")


def _from_keras(train: TrainParams) -> keras.Model:
    shape = (train.image_size_px, train.image_size_px, 3)
    build = getattr(keras.applications, PUBLISHED[train.backbone].application)
    backbone = build(include_top=False, weights=None, input_shape=shape)
    if train.weights == "imagenet":
        _load_weights(backbone, _imagenet_weights(train.backbone), train.backbone)
        _finish_normalization(backbone, PUBLISHED[train.backbone].deviations)
    return backbone


def _imagenet_weights(name: str) -> Path:
    """The published file: in data/weights, else in Keras's cache, which Keras fills if need be."""
    weights, weights_file = PUBLISHED[name], find_weights(name)
    if weights_file is None:
        try:
            weights_file = Path(
                keras.utils.get_file(
                    weights.file_name, weights.url, file_hash=weights.md5, cache_subdir="models"
                )
            )
        except Exception as error:  # Keras raises a plain Exception when it cannot download
            raise TrainingError(
                f"params.yaml: train.weights: imagenet: cannot get {weights.url} "
                f"({in_one_line(str(error))}); {how_to_provide([name])}, then run: dvc repro; "
                "recipes with weights null do not need them"
            ) from error
    require_published(name, weights_file)
    return weights_file


def _finish_normalization(backbone: keras.Model, deviations: tuple[float, ...] | None) -> None:
    """Put into EfficientNet's normalisation what Keras puts into a layer after it.

    Its weights were trained with inputs that were divided by the deviations, but the file's
    variances are these deviations, not their squares.
    """
    if deviations is None:
        return
    layer = next(layer for layer in backbone.layers if isinstance(layer, layers.Normalization))
    mean, variance, count = layer.get_weights()
    layer.set_weights([mean, variance * deviations, count])
    layer.finalize_state()


def _from_file(path: Path, size_px: int) -> keras.Model:
    where = f"params.yaml: train.backbone: {path}"
    if not path.exists():
        raise TrainingError(
            f"{where} is missing; put the file there or set train.backbone to one of {', '.join(PUBLISHED)}"
        )
    try:
        backbone = load_model_file(path)
    except ValueError as error:
        raise TrainingError(
            f"{where}: expected a Keras model, found {error}; save or fetch it again"
        ) from error
    expected = f"expected one input (None, {size_px}, {size_px}, 3) and one feature map (None, h, w, c) out"
    if len(backbone.inputs) != 1 or len(backbone.outputs) != 1:
        raise TrainingError(f"{where}: {expected}, found {len(backbone.inputs)} and {len(backbone.outputs)}")
    shapes = tuple(backbone.input_shape), tuple(backbone.output_shape)
    fits = len(shapes[0]) == 4 and all(
        side in (None, size) for side, size in zip(shapes[0], (None, size_px, size_px, 3), strict=True)
    )
    if not fits or len(shapes[1]) != 4 or shapes[0][3] != 3 or shapes[1][3] is None:
        raise TrainingError(f"{where}: {expected}, found {shapes[0]} and {shapes[1]}")
    if not backbone.weights:
        raise TrainingError(
            f"{where}: expected a network with weights, found one without: it can learn nothing"
        )
    _require_feature_map(backbone, where, size_px)
    return backbone


def _require_feature_map(backbone: keras.Model, where: str, size_px: int) -> None:
    """Refuse images that the backbone makes nothing of, as it halves them once too often.

    Raises:
      TrainingError: names both.
    """
    try:
        shape = backbone.compute_output_spec(keras.KerasTensor((None, size_px, size_px, 3), "float32")).shape
        problem = "" if all(shape[1:]) else f"a feature map of {shape[1]} x {shape[2]}"
    except Exception as error:  # each layer has its own
        problem = " ".join(str(error).split())[:160]
    if problem:
        raise TrainingError(
            f"{where}: expected a feature map from images of {size_px} px, found {problem}; "
            "raise train.image_size_px and preprocess.image_size_px, or cut the backbone at an earlier layer"
        )


def _load_weights(backbone: keras.Model, path: Path, name: str) -> None:
    where = f"params.yaml: train.weights: {path}"
    if not path.exists():
        raise TrainingError(
            f"{where} is missing; put the file there, or set train.weights to null or imagenet"
        )
    made_by = PUBLISHED[name].application + "(include_top=False)" if name in PUBLISHED else name
    try:
        load_weights_file(backbone, path)
    except ValueError as error:
        raise TrainingError(
            f"{where}: expected the weights of {made_by} as Keras saves them (.weights.h5, .h5 or .keras), "
            f"found {error}; save or fetch them again, or set train.weights to null"
        ) from error
