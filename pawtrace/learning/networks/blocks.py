"""A network as a short list of blocks, because measurements of every layer would fill pages."""

from typing import NamedTuple

import keras

from pawtrace.learning.networks.layer_outputs import LayerOutput, layer_outputs, side_px


class Block(NamedTuple):
    """The layers of one spatial resolution, or one dense layer of the head."""

    name: str  # of the last layer
    tensor: keras.KerasTensor  # that it gives out
    weights: list[keras.Variable]  # of all the layers, those that are trainable


class Blocks(NamedTuple):
    """A network's blocks and its output."""

    blocks: list[Block]  # in the order of the data
    output: keras.KerasTensor


def blocks_of(model: keras.Model, inputs: keras.KerasTensor) -> Blocks:
    """Call a network layer by layer and group the layers.

    Args:
      model: of one input and one output; its layers are shared, not copied.
      inputs: what to call it on.
    """
    outputs = layer_outputs(model, inputs)
    last = max((n for n, output in enumerate(outputs) if side_px(output.tensor)), default=-1)
    dense = [output for output in outputs[last + 1 :] if isinstance(output.layer, keras.layers.Dense)]
    blocks = [*_resolutions(outputs[: last + 1]), *(_block([output]) for output in dense)]
    return Blocks(blocks, outputs[-1].tensor)


def _resolutions(outputs: list[LayerOutput]) -> list[Block]:
    maps = [output for output in outputs if side_px(output.tensor)]
    by_size: dict[tuple[int, ...], list[LayerOutput]] = {}
    for output in maps:
        # A smaller map than the last one belongs to a side branch: squeeze and excitation.
        if side_px(output.tensor) >= side_px(maps[-1].tensor):
            by_size.setdefault(tuple(output.tensor.shape[1:3]), []).append(output)
    blocks = [_block(layers) for layers in by_size.values()]
    # Padding alone makes a resolution of its own, but no block.
    return [block for block in blocks if block.weights or block.tensor is maps[-1].tensor]


def _block(layers: list[LayerOutput]) -> Block:
    # An operation such as `keras.ops.flip` stands among the layers and has no weights.
    weights = [v for output in layers for v in getattr(output.layer, "trainable_variables", [])]
    return Block(layers[-1].layer.name, layers[-1].tensor, weights)
