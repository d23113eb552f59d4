"""The output of each layer of a network."""

from typing import Any, NamedTuple

import keras


class LayerOutput(NamedTuple):
    """A layer and its output in one more call."""

    layer: keras.Layer
    tensor: keras.KerasTensor


def layer_outputs(model: keras.Model, inputs: keras.KerasTensor) -> list[LayerOutput]:
    """Call a model layer by layer, those of models within it too.

    Args:
      model: of one input and one output; its layers are shared, not copied.
      inputs: what to call it on.
    Returns:
      Its layers in the order of the data; the last tensor is the model's output.
    """
    outputs = []

    def call(layer: keras.Layer, *args: Any, **kwargs: Any) -> Any:
        if isinstance(layer, keras.Model):
            outputs.extend(layer_outputs(layer, args[0]))
            return outputs[-1].tensor
        tensor = layer(*args, **kwargs)
        outputs.append(LayerOutput(layer, tensor))
        return tensor

    # A functional twin, as a sequential model cannot be called layer by layer.
    graph = keras.Model(model.inputs, model.outputs)
    keras.models.clone_model(graph, [inputs], clone_function=lambda layer: layer, call_function=call)
    return outputs


def side_px(tensor: keras.KerasTensor) -> int:
    """The shorter side of a feature map (b, h, w, c); 0 of anything else."""
    shape = tensor.shape
    return min(shape[1:3]) if len(shape) == 4 else 0
