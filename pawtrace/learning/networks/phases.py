"""Phases: which part of the backbone learns, when, and how fast."""

import keras

from pawtrace.base.errors import ParamsError
from pawtrace.config.train_params import Phase, TrainParams
from pawtrace.learning.networks.backbones import normalizations


def begin_phase(backbone: keras.Model, phase: Phase, train: TrainParams) -> None:
    """Freeze what a phase does not train.

    Source of `train.freeze_normalization`: Keras's guide "Transfer learning & fine-tuning".

    Raises:
      ParamsError: no layer's name begins as the phase says.
    """
    set_trainable(backbone, phase.trainable)
    if train.freeze_normalization:
        for layer in normalizations(backbone):
            layer.trainable = False


def set_trainable(backbone: keras.Model, trainable: str) -> None:
    """Freeze the backbone up to a layer.

    A frozen batch normalisation runs in inference mode: Keras ties that to `trainable`.

    Args:
      backbone: changed in place.
      trainable: none, all, or the beginning of a layer's name: that layer and all after it learn.
    Raises:
      ParamsError: no layer's name begins so.
    """
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
