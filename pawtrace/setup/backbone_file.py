"""Write a published backbone as a `.keras` file: RGB 0..255 in, feature map out, images of any size.

Arrives: the name of a backbone, and where its weights are. Leaves: data/weights/<name>.keras, which
`train.backbone` can name.
"""

from pathlib import Path

import keras

from pawtrace.base.errors import TrainingError
from pawtrace.base.files import new_file
from pawtrace.config import paths
from pawtrace.config.conventions import CONVENTIONS, Convention
from pawtrace.config.imagenet import PUBLISHED
from pawtrace.config.train_params import TrainParams
from pawtrace.learning.networks.backbones import build_backbone
from pawtrace.learning.networks.keras_files import load_weights_file

_SIZE_PX = 224  # for which weights are loaded; they fit any size


def write_backbone(name: str, weights_file: Path | None, baseline: TrainParams) -> Path:
    """Write data/weights/<name>.keras.

    Args:
      name: of a backbone in PUBLISHED.
      weights_file: its weights without the top; None: the published ones.
      baseline: any valid params: what does not concern the backbone stays as it is.
    Raises:
      TrainingError: the weights cannot be downloaded, or belong to another network.
    """
    application = getattr(keras.applications, PUBLISHED[name].application)
    if weights_file is None:
        with_weights = build_backbone(_with_published_weights(baseline, name))
    else:
        with_weights = application(include_top=False, weights=None, input_shape=(_SIZE_PX, _SIZE_PX, 3))
        _load(with_weights, weights_file, name)
    convention = CONVENTIONS[PUBLISHED[name].convention]
    backbone = application(include_top=False, weights=None, input_tensor=_scaled(convention))
    backbone.set_weights(with_weights.get_weights())
    if convention.bgr:
        _take_rgb(backbone)
    path = paths.WEIGHTS / f"{name}.keras"
    with new_file(path) as partial:
        backbone.save(partial)
    return path


def _scaled(convention: Convention) -> keras.KerasTensor:
    """RGB 0..255 of any size, scaled by a convention; the channels stay as they are.

    Names of its own: a recipe's input scaling stands before it in one model, where each name must be unique.
    """
    order = -1 if convention.bgr else 1
    scale, offset = list(convention.scale[::order]), list(convention.offset[::order])
    images = keras.Input((None, None, 3), name="rgb")
    return keras.layers.Rescaling(scale, offset=offset, dtype="float32", name="rgb_scaling")(images)


def _take_rgb(backbone: keras.Model) -> None:
    """Turn the first convolution's input channels around, so that it takes red first and not blue."""
    first = next(layer for layer in backbone.layers if isinstance(layer, keras.layers.Conv2D))
    kernel, *others = first.get_weights()  # (height, width, channels, filters)
    first.set_weights([kernel[:, :, ::-1], *others])


def _load(backbone: keras.Model, weights_file: Path, name: str) -> None:
    try:
        load_weights_file(backbone, weights_file)
    except ValueError as error:
        raise TrainingError(
            f"--from {weights_file}: expected the weights of "
            f"keras.applications.{PUBLISHED[name].application}(include_top=False), found {error}; "
            "name the network that these weights belong to, or another file"
        ) from error


def _with_published_weights(baseline: TrainParams, name: str) -> TrainParams:
    changes = {
        "backbone": name,
        "weights": "imagenet",
        "image_size_px": _SIZE_PX,
        "initializer": "glorot_uniform",
        "batch_normalization": False,
        "normalization_momentum": None,
    }
    return TrainParams.model_validate(baseline.model_dump() | changes)
