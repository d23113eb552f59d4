"""Phases: which part of the backbone learns, when, and how fast."""

import keras

from pawtrace.base.errors import ParamsError
from pawtrace.config.train_params import Phase, TrainParams
from pawtrace.learning.networks.backbones import normalizations


def set_trainable(backbone: keras.Model, trainable: str, *, freeze_normalization: bool = False) -> None:
    """Freeze the backbone up to a layer.

    A frozen batch normalisation runs in inference mode: Keras ties that to `trainable`.
    Source: Keras's guide "Transfer learning & fine-tuning", which advises it for fine-tuning.

    Args:
      backbone: changed in place.
      trainable: none, all, or the beginning of a layer's name: that layer and all after it learn.
      freeze_normalization: whether batch normalisation stays frozen in layers that learn.
    Raises:
      ParamsError: no layer's name begins so.
    """
    _set_layers(backbone, trainable)
    if freeze_normalization:
        for layer in normalizations(backbone):
            layer.trainable = False


def _set_layers(backbone: keras.Model, trainable: str) -> None:
    if trainable in ("none", "all"):
        _switch(backbone, trainable == "all")
        return
    names = [layer.name for layer in backbone.layers]
    first = next((number for number, name in enumerate(names) if name.startswith(trainable)), None)
    if first is None:
        raise ParamsError(
            f"params.yaml: train.phases: trainable: expected none, all or the beginning of a layer's name, "
            f"found {trainable!r}; the layers are {', '.join(names)}"
        )
    _switch(backbone, True)  # a model that is frozen hides what its layers say
    for number, layer in enumerate(backbone.layers):
        _switch(layer, number >= first)


def _switch(layer: keras.Layer, trainable: bool) -> None:
    # Setting what a model is set to already would not reach the layers in it.
    layer.trainable = not trainable
    layer.trainable = trainable


def learning_rate_of(phase: Phase, train: TrainParams) -> float:
    """The phase's learning rate: its own, else the recipe's."""
    return train.learning_rate if phase.learning_rate is None else phase.learning_rate
