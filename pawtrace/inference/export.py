"""Export a trained model to other runtimes: SavedModel, ONNX, TensorFlow Lite.

Arrives: a classifier. Leaves: the same classifier with its input scaling: uint8 RGB squares in, P(dog) out.
"""

import importlib.util
import logging
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np

from pawtrace.base.errors import TrainingError, in_one_line

_BATCH_SIZE = 32


class Format(NamedTuple):
    """An export format: how to write a file and how to predict with it."""

    keras_name: str
    suffix: str
    packages: tuple[str, ...]  # that it needs besides TensorFlow
    predict: Callable[[Path, np.ndarray], np.ndarray]  # uint8 (b, s, s, 3) -> P(dog), (b,)


def check_packages(name: str) -> None:
    """Require the packages that a format needs.

    Raises:
      TrainingError: a package is not installed; says how to install it.
    """
    missing = [package for package in FORMATS[name].packages if importlib.util.find_spec(package) is None]
    if missing:
        raise TrainingError(
            f"--format {name}: expected the packages {', '.join(FORMATS[name].packages)}, "
            f"found no {', '.join(missing)}; run: pip install -e '.[export]'"
        )


def in_float32(model: keras.Model) -> keras.Model:
    """The same model in float32, because the runtimes do not support mixed precision."""
    copy = keras.saving.deserialize_keras_object(
        _with_float32_policies(keras.saving.serialize_keras_object(model))
    )
    copy.set_weights(model.get_weights())
    return copy


def export_model(model: keras.Model, name: str, path: Path) -> None:
    """Write a model, which computes in float32, in one of the formats.

    Raises:
      TrainingError: Keras cannot export it.
    """
    try:
        with _quiet():
            model.export(path, format=FORMATS[name].keras_name, verbose=False)
    except OSError:
        raise  # a full disk, say
    except Exception as error:  # each converter has its own
        error_text = in_one_line(str(error))
        raise TrainingError(
            f"--format {name}: expected that Keras can export this model, found: {error_text}"
        ) from error


def predict_exported(name: str, path: Path, images: np.ndarray) -> np.ndarray:
    """The predictions of an exported model, computed by the format's own runtime.

    Args:
      name: the format.
      path: the export.
      images: uint8 (n, s, s, 3), RGB.
    Returns:
      float64 (n,), P(dog).
    """
    with _quiet():
        return FORMATS[name].predict(path, images).astype(np.float64)


def _with_float32_policies(config: Any) -> Any:
    if isinstance(config, dict):
        if config.get("class_name") == "DTypePolicy":
            return {**config, "config": {"name": "float32"}}
        return {key: _with_float32_policies(value) for key, value in config.items()}
    if isinstance(config, list | tuple):
        return type(config)(_with_float32_policies(value) for value in config)
    return config


def _quiet() -> warnings.catch_warnings:
    """Converters warn of their own deprecations; whether they worked is checked by what they made."""
    logging.getLogger("tf2onnx").setLevel(logging.ERROR)
    return warnings.catch_warnings(action="ignore")


def _by_saved_model(path: Path, images: np.ndarray) -> np.ndarray:
    import tensorflow as tf

    loaded = tf.saved_model.load(path)
    return np.concatenate([loaded.serve(tf.constant(batch)).numpy()[:, 0] for batch in _batches(images)])


def _by_onnx(path: Path, images: np.ndarray) -> np.ndarray:
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return np.concatenate([session.run(None, {name: batch})[0][:, 0] for batch in _batches(images)])


def _by_tflite(path: Path, images: np.ndarray) -> np.ndarray:
    import tensorflow as tf

    interpreter = tf.lite.Interpreter(model_path=str(path))
    number = interpreter.get_input_details()[0]["index"]
    probabilities = []
    for batch in _batches(images):
        interpreter.resize_tensor_input(number, batch.shape)
        interpreter.allocate_tensors()
        interpreter.set_tensor(number, batch)
        interpreter.invoke()
        probabilities.append(interpreter.get_tensor(interpreter.get_output_details()[0]["index"])[:, 0])
    return np.concatenate(probabilities)


def _batches(images: np.ndarray) -> list[np.ndarray]:
    return [images[start : start + _BATCH_SIZE] for start in range(0, len(images), _BATCH_SIZE)]


FORMATS = {
    "savedmodel": Format("tf_saved_model", "", (), _by_saved_model),
    "onnx": Format("onnx", ".onnx", ("onnx", "onnxruntime", "tf2onnx"), _by_onnx),
    "tflite": Format("litert", ".tflite", (), _by_tflite),
}
