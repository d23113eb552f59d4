"""Load the user's own model: `.keras`, `.h5` or a SavedModel. Code in the file is refused, not executed.

Leaves: the model, and what the file says of its training: optimizer, learning rate, loss.
"""

import contextlib
import json
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import keras

from pawtrace.base.errors import TrainingError, in_one_line
from pawtrace.foreign.reading.origin import is_saved_model
from pawtrace.foreign.reading.saved_model import load_saved_model
from pawtrace.learning.networks.keras_files import load_model_file, require_finite_weights

_CODE = ("Lambda", "TFSMLayer", "TorchModuleWrapper")
_OWN = ("keras", "builtins")
_NOT_FINITE = "not finite"  # in what `require_finite_weights` says


class Compiled(NamedTuple):
    """What a model was compiled with, as far as its file says."""

    optimizer: str = ""  # by Keras's name; empty: not known
    learning_rate: float | None = None
    loss: str = ""  # by Keras's name for the function; empty: not known
    from_logits: bool = False
    label_smoothing: float = 0.0


class ModelFile(NamedTuple):
    """A model that was loaded."""

    model: keras.Model
    compiled: Compiled
    problem: str | None = None  # of its weights, where values are not finite


def load_foreign_model(path: Path) -> ModelFile:
    """Load a model from an untrusted source.

    Raises:
      TrainingError: it is missing, no such file, damaged, or holds code or custom layers; says what to do.
    """
    if not path.exists():
        raise TrainingError(f"{path} is missing; expected a .keras or .h5 file, or a SavedModel's folder")
    if is_saved_model(path):
        return model_of(load_saved_model(path), Compiled(), str(path))
    if path.is_dir():
        raise TrainingError(
            f"{path}: expected a .keras or .h5 file, or a folder with a saved_model.pb, found a folder "
            "without one; in your script, call model.save('model.keras')"
        )
    config, compiled = _read_config(path)
    _require_plain_layers(path, config)
    try:
        model = load_model_file(path) if _is_zip(path) else _load_hdf5(path)
        return model_of(model, compiled, str(path))
    except ValueError as error:
        if _NOT_FINITE in str(error):
            return ModelFile(keras.Model(), compiled, str(error))
        raise TrainingError(
            f"{path}: expected a Keras model, found {error}; save it again with model.save('model.keras')"
        ) from error


def model_of(model: keras.Model, compiled: Compiled | None = None, where: str | None = None) -> ModelFile:
    """Take a model in memory as a `ModelFile`; `where` is what errors call it, by default its name.

    Raises:
      TrainingError: the model does not take RGB pictures.
    """
    if compiled is None:
        compiled = _compiled_of(model.get_compile_config() if getattr(model, "compiled", False) else None)
    model = _one_picture_in(_from_rgb(model), where or model.name)
    problem = None
    try:
        require_finite_weights(model)
    except ValueError as error:
        problem = str(error)
    return ModelFile(model, compiled, problem)


def _from_rgb(model: keras.Model) -> keras.Model:
    """The same model of RGB pictures, where it takes grey ones: brightness as of ITU-R BT.601."""
    shape = tuple(model.inputs[0].shape) if len(getattr(model, "inputs", None) or []) == 1 else ()
    if len(shape) != 4 or shape[-1] != 1:
        return model
    images = keras.Input((*shape[1:3], 3))
    return keras.Model(images, model(keras.ops.image.rgb_to_grayscale(images)), name=model.name)


def _one_picture_in(model: keras.Model, where: str) -> keras.Model:
    """The same model with its input and its output as plain tensors, where it has one of each.

    Raises:
      TrainingError: it does not answer RGB pictures.
    """
    if not getattr(model, "inputs", None):
        raise TrainingError(
            f"{where}: expected a functional or sequential model with a known input, found a "
            f"{type(model).__name__} without; begin it with keras.Input((height, width, 3))"
        )
    inputs, outputs = (
        [tuple(tensor.shape) for tensor in tensors] for tensors in (model.inputs, model.outputs)
    )
    is_rgb = len(inputs) == 1 and len(inputs[0]) == 4 and inputs[0][-1] == 3
    if not is_rgb or len(outputs) != 1 or len(outputs[0]) != 2:
        raise TrainingError(
            f"{where}: expected a model from RGB pictures (None, height, width, 3) to (None, units), "
            f"found {', '.join(map(str, inputs))} to {', '.join(map(str, outputs))}{_channels_hint(inputs)}"
        )
    is_named = not isinstance(model, keras.Sequential) and (
        isinstance(model.input, dict | list) or isinstance(model.output, dict | list)
    )
    return keras.Model(model.inputs[0], model.outputs[0], name=model.name) if is_named else model


def _channels_hint(inputs: list[tuple[int | None, ...]]) -> str:
    if len(inputs) != 1 or len(inputs[0]) != 4 or inputs[0][1] != 3:
        return ""
    return (
        "; its channels are first: call keras.config.set_image_data_format('channels_last'), build the model "
        "again, and copy the weights with set_weights()"
    )


def _load_hdf5(path: Path) -> keras.Model:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            model = keras.saving.load_model(path, compile=False, safe_mode=True)
        except Exception as error:  # Keras and h5py raise whatever the file's content provokes
            raise ValueError(in_one_line(str(error)) or type(error).__name__) from error
    if not isinstance(model, keras.Model) or not getattr(model, "inputs", None):
        raise ValueError("a model that was saved before it was built")
    return model


def _is_zip(path: Path) -> bool:
    return zipfile.is_zipfile(path)


def _read_config(path: Path) -> tuple[Any, Compiled]:
    """The layers' configuration, as JSON, and what the model was compiled with."""
    with _unreadable_named(path):
        if _is_zip(path):
            with zipfile.ZipFile(path) as archive:
                config = json.loads(archive.read("config.json"))
            return config, _compiled_of(config.get("compile_config"))
        with h5py.File(path) as file:
            config = json.loads(file.attrs["model_config"])
            training = json.loads(file.attrs.get("training_config", "null"))
        return config, _compiled_of(training)


@contextlib.contextmanager
def _unreadable_named(path: Path) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # zipfile, h5py and json have many
        raise TrainingError(
            f"{path}: expected a whole Keras model (.keras or .h5), found {_kind_of(path, error)}; "
            "save the model again with model.save('model.keras')"
        ) from error


def _kind_of(path: Path, error: Exception) -> str:
    """What a file is that is no whole model."""
    if isinstance(error, KeyError):
        return "a zip without config.json" if _is_zip(path) else "weights without the layers of a model"
    with path.open("rb") as file:
        is_begun = file.read(4) in (b"PK\x03\x04", b"\x89HDF")
    return "a damaged or incomplete file" if is_begun else "another kind of file"


def _require_plain_layers(path: Path, config: Any) -> None:
    """Refuse layers that are code: those would have to be executed."""
    waiting = [config]
    while waiting:
        part = waiting.pop()
        if isinstance(part, list):
            waiting += part
        if not isinstance(part, dict):
            continue
        waiting += part.values()
        name, module = part.get("class_name"), str(part.get("module") or "keras")
        is_own = module.split(".")[0] in _OWN and ">" not in str(part.get("registered_name") or "")
        if isinstance(name, str) and (name in _CODE or not is_own):
            raise TrainingError(
                f"{path}: expected layers of Keras only, found {module}.{name}, which is code, and code of a "
                "file is not executed; build the model with layers of keras.layers (keras.layers.Rescaling "
                "instead of a Lambda), copy the weights with set_weights(), and save that"
            )


def _compiled_of(config: Any) -> Compiled:
    if not isinstance(config, dict):
        return Compiled()
    optimizer, loss = config.get("optimizer") or config.get("optimizer_config"), config.get("loss")
    name = optimizer if isinstance(optimizer, str) else ""
    rate = None
    if isinstance(optimizer, dict):
        name = str(optimizer.get("class_name", ""))
        found = optimizer.get("config", {}).get("learning_rate")
        rate = float(found) if isinstance(found, int | float) else None
    settings = loss.get("config", {}) if isinstance(loss, dict) else {}
    settings = settings if isinstance(settings, dict) else {}
    loss_name = settings.get("name") or (loss if isinstance(loss, str) else "")
    smoothing = settings.get("label_smoothing", 0.0)
    return Compiled(
        name.lower(), rate, str(loss_name), bool(settings.get("from_logits", False)), float(smoothing or 0.0)
    )
