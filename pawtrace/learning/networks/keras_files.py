"""Files of models and weights from untrusted sources: no code in them is executed, damage is named.

Keras refuses code in a file (`safe_mode`), but says what is wrong in up to a hundred lines of warnings
and in whatever exception the content provokes.
"""

import json
import re
import warnings
import zipfile
from pathlib import Path

import h5py
import keras
import numpy as np

from pawtrace.base.errors import in_one_line

_BOMB_FLOOR_BYTES = 64 * 2**20  # what unpacks to less harms nobody
# Unpacked bytes per stored byte; weights hardly shrink, and Keras stores them as they are.
_MAX_EXPANSION = 100
_SIZES = ("filters", "units", "input_dim", "output_dim")  # of layers: there are at least as many weights
_OF_A_LAYER = re.compile(r"Example error message for object .*?:\s*(.+?)\s*List of objects", re.DOTALL)
_RANDOM_STILL = "retain their freshly-initialized weights"


def load_model_file(path: Path) -> keras.Model:
    """Load a `.keras` file.

    Raises:
      ValueError: it is no Keras model that can be used here; says what was found, in one line.
    """
    _require_whole_zip(path)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            _require_modest_layers(path)
            model = keras.saving.load_model(path, compile=False, safe_mode=True)
        except Exception as error:  # Keras raises whatever the file's content provokes
            raise ValueError(_one_line(error)) from error
    if not isinstance(model, keras.Model):
        raise ValueError(f"a {type(model).__name__}, which is not a model")
    if not model.built or not getattr(model, "inputs", None):
        raise ValueError("a model that was saved before it was built, without weights")
    _require_loaded(said)
    require_finite_weights(model)
    return model


def load_weights_file(model: keras.Model, path: Path) -> None:
    """Load weights into a model of the same layers: from `.weights.h5`, `.h5` or `.keras`.

    Raises:
      ValueError: the file does not hold this model's weights; says what was found, in one line.
    """
    if path.suffix == ".keras":
        _require_whole_zip(path)
    elif path.suffix == ".h5":
        _require_whole_hdf5(path)
    else:
        raise ValueError(f"a file that ends in {path.suffix or 'nothing'}")
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            model.load_weights(path)
        except Exception as error:  # Keras and h5py raise whatever the file's content provokes
            raise ValueError(_one_line(error)) from error
    _require_loaded(said)
    require_finite_weights(model)


def require_finite_weights(model: keras.Model) -> None:
    """Refuse weights that are not numbers, or infinite: nothing could be learned or predicted with them.

    Raises:
      ValueError: names the layer.
    """
    for variable in model.variables:
        values = np.asarray(keras.ops.convert_to_numpy(keras.ops.cast(variable, "float32")))
        if num_broken := int(np.sum(~np.isfinite(values))):
            layer, _, kind = variable.path.rpartition("/")
            raise ValueError(
                f"{num_broken:,} of {values.size:,} values that are not finite (NaN or infinite) "
                f"in {kind} of layer {layer}"
            )


def _require_whole_zip(path: Path) -> None:
    """Refuse what is no zip, and members that would unpack to far more than they are."""
    if not path.is_file():
        raise ValueError("no file")
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as error:
        raise ValueError(
            f"no complete zip, as a .keras file must be: truncated or something else ({error})"
        ) from None
    for member in members:
        if member.file_size > max(_BOMB_FLOOR_BYTES, _MAX_EXPANSION * member.compress_size):
            raise ValueError(
                f"a decompression bomb: {member.filename!r:.60} has {member.compress_size:,} bytes and "
                f"unpacks to {member.file_size:,}"
            )


def _require_modest_layers(path: Path) -> None:
    """Refuse layers larger than the file can hold weights of: Keras builds them before it reads any."""
    with zipfile.ZipFile(path) as archive:
        waiting = [json.loads(archive.read("config.json"))]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            sizes = (part.get(key) for key in _SIZES)
            largest = max((size for size in sizes if isinstance(size, int)), default=0)
            if largest > path.stat().st_size:
                raise ValueError(f"a layer of size {largest:,} in a file of {path.stat().st_size:,} bytes")
            waiting += part.values()
        elif isinstance(part, list):
            waiting += part


def _require_whole_hdf5(path: Path) -> None:
    """Refuse what is no HDF5, and arrays that declare far more than the file stores."""
    declared = 0

    def add(_: str, found: object) -> None:
        nonlocal declared
        declared += found.nbytes if isinstance(found, h5py.Dataset) else 0

    try:
        with h5py.File(path) as file:
            file.visititems(add)
    except Exception as error:  # h5py raises whatever the file's content provokes
        raise ValueError(f"no complete HDF5 file: truncated or something else ({_one_line(error)})") from None
    if declared > max(_BOMB_FLOOR_BYTES, _MAX_EXPANSION * path.stat().st_size):
        raise ValueError(
            f"a decompression bomb: {declared:,} bytes declared in a file of {path.stat().st_size:,}"
        )


def _require_loaded(said: list[warnings.WarningMessage]) -> None:
    """Refuse a file that lacks the weights of some layers, of which Keras only warns."""
    if any(_RANDOM_STILL in str(warning.message) for warning in said):
        raise ValueError("no weights for some of its layers")


def _one_line(error: Exception) -> str:
    of_a_layer = _OF_A_LAYER.search(str(error))
    text = of_a_layer[1] if of_a_layer else str(error).rpartition("Exception encountered:")[2]
    return in_one_line(text).rstrip(". ") or type(error).__name__
