"""A SavedModel, the folder that `model.export()` and `tf.saved_model.save()` write: a program of TensorFlow.

TensorFlow's own loader restores objects by functions of the file. Here the file is read as data: of its
graph only the part from the picture to the answer is taken, once every operation in the file is known to be
harmless, and the weights are read from the checkpoint beside the graph. Leaves: a Keras model of one layer.
"""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np

from pawtrace.base.errors import TrainingError
from pawtrace.foreign.reading.origin import PROGRAM
from pawtrace.foreign.reading.saved_graph import SavedGraph, graph_of

_WEIGHTS = "variables/variables"
_INSTEAD = "in your script, call model.save('model.keras')"


class SavedFunction(keras.layers.Layer):  # type: ignore[misc]  # Keras has no types
    """The function of a SavedModel from pictures to outputs, in inference mode; its layers are hidden."""

    def __init__(self, graph: SavedGraph, weights: dict[str, np.ndarray]) -> None:
        """Take the graph, and the values of its variables by the name of their node."""
        super().__init__(name="saved_function")
        handles = {}
        for node, values in weights.items():
            variable = self.add_weight(
                shape=values.shape, dtype=values.dtype.name, trainable=False, name=node.replace("/", "_")
            )
            variable.assign(values)
            handles[f"{node}:0"] = variable.value.handle
        self._answer = _function_of(graph, handles)

    def call(self, inputs: Any) -> Any:
        """Answer pictures."""
        answered = self._answer(inputs)
        return answered[0] if isinstance(answered, list | tuple) else answered


def hides_layers(model: keras.Model) -> bool:
    """Whether a model is a SavedModel, which shows only its outputs and no layers."""
    return any(isinstance(layer, SavedFunction) for layer in model.layers)


def load_saved_model(folder: Path) -> keras.Model:
    """Read a SavedModel as a Keras model.

    Raises:
      TrainingError: it is damaged, may do more than compute, or does not answer pictures; says what to do.
    """
    if keras.backend.backend() != "tensorflow":
        raise TrainingError(
            f"{folder}: expected Keras on TensorFlow, which a SavedModel needs, found "
            f"{keras.backend.backend()}; set KERAS_BACKEND=tensorflow, or {_INSTEAD}"
        )
    with _problem_named(folder):
        graph = graph_of((folder / PROGRAM).read_bytes())
    if graph.unsafe is not None:
        raise TrainingError(
            f"{folder}: expected operations that only compute, found {graph.unsafe}, which may do more, so "
            f"nothing was executed; {_INSTEAD}, without Lambda and custom layers"
        )
    if graph.input.shape[:1] != (None,):
        raise TrainingError(
            f"{folder}: expected a model that takes any number of pictures at once, found the input "
            f"{graph.input.shape}; {_INSTEAD}"
        )
    with _problem_named(folder):
        weights = _read_weights(folder, graph)
        inputs = keras.Input(batch_shape=graph.input.shape, dtype=graph.input.dtype)
        return keras.Model(inputs, SavedFunction(graph, weights)(inputs), name=folder.name or "model")


def _read_weights(folder: Path, graph: SavedGraph) -> dict[str, np.ndarray]:
    """The values of the variables, by the name of their node.

    Raises:
      ValueError: the checkpoint declares more than it stores.
    """
    import tensorflow as tf

    reader = tf.train.load_checkpoint(str(folder / _WEIGHTS))
    kinds, shapes = reader.get_variable_to_dtype_map(), reader.get_variable_to_shape_map()
    keys = graph.checkpoint_keys(reader.get_tensor("_CHECKPOINTABLE_OBJECT_GRAPH"))
    num_bytes = sum(int(np.prod(shapes[key])) * kinds[key].size for key in keys.values())
    stored = sum(file.stat().st_size for file in (folder / _WEIGHTS).parent.glob("*.data-*"))
    if num_bytes > stored:
        raise ValueError(f"weights of {num_bytes:,} bytes in files of {stored:,}")
    return {node: np.asarray(reader.get_tensor(key)) for node, key in keys.items()}


def _function_of(graph: SavedGraph, handles: dict[str, Any]) -> Callable[[Any], Any]:
    """The graph as a function of TensorFlow that reads our variables instead of its own."""
    import tensorflow as tf

    def imported() -> None:
        captured = {name: tf.identity(handle) for name, handle in handles.items()}
        tf.graph_util.import_graph_def(graph.definition, name="", input_map=captured)

    whole = tf.compat.v1.wrap_function(imported, [])
    function: Callable[[Any], Any] = whole.prune(
        whole.graph.as_graph_element(graph.input.name), whole.graph.as_graph_element(graph.output)
    )
    return function


@contextlib.contextmanager
def _problem_named(folder: Path) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # protobuf, the checkpoint's reader and TensorFlow's importer have many
        said = " ".join(str(error).split())[:160] or type(error).__name__
        raise TrainingError(
            f"{folder}: expected a whole SavedModel of TensorFlow 2, found none that can be used ({said}); "
            f"export it again, or {_INSTEAD}"
        ) from error
