"""What a model file says about its training, as a recipe's params, for the rules and the cures."""

from typing import Any

import keras

from pawtrace.config.conventions import CONVENTIONS
from pawtrace.config.train_params import BACKBONES, TrainParams
from pawtrace.foreign.defaults import train_params
from pawtrace.foreign.measuring.measure import Measured

_UNKNOWN_BACKBONE = "model.keras"
_AUGMENTS = "Random"  # how the names of Keras's augmenting layers begin
_POOLING = {"GlobalAveragePooling2D": "average", "GlobalMaxPooling2D": "max"}


def as_params(measured: Measured, num_epochs: int | None = None) -> TrainParams:
    """The params of a recipe that would make such a model; unknown values are the defaults."""
    network, compiled = measured.network, measured.file.compiled
    family = network.family if network.family in BACKBONES else _UNKNOWN_BACKBONE
    is_random = (measured.untrained_trunk or 0.0) >= 0.5
    overrides: dict[str, Any] = {
        "image_size_px": min(2048, max(32, *network.size_px)),
        "backbone": family,
        "weights": None if is_random else "data/weights/own.weights.h5",
        "input_scaling": measured.received if measured.received in CONVENTIONS else "zero_to_255",
        "head": _head(network.head_layers, [output.layer for output in network.outputs]),
        "augmentation": _augmentation(network.model),
        "label_smoothing": min(0.99, compiled.label_smoothing),
        "phases": [
            {"trainable": "all" if trains_trunk(measured) else "none", "num_epochs": num_epochs or 10}
        ],
        "early_stopping": None,
    }
    momenta = [
        float(layer.momentum)
        for layer in network.trunk_layers
        if isinstance(layer, keras.layers.BatchNormalization)
    ]
    if momenta and 0 < max(momenta) < 1:
        overrides["normalization_momentum"] = max(momenta)
    if compiled.optimizer in ("adam", "adamw", "sgd"):
        overrides["optimizer"] = compiled.optimizer
    if compiled.learning_rate is not None and 0 < compiled.learning_rate <= 10:
        overrides["learning_rate"] = compiled.learning_rate
    return train_params(overrides)


def trains_trunk(measured: Measured) -> bool:
    """Whether any layer of the trunk with weights is trainable, according to the file."""
    network = measured.network
    if not network.shows_layers:
        return True  # as nearly all models are trained; no layer says otherwise
    return any(getattr(layer, "trainable_variables", []) for layer in network.trunk_layers)


def _head(head: list[keras.Layer], layers: list[keras.Layer]) -> dict[str, Any]:
    names = [type(layer).__name__ for layer in layers]
    otherwise = "flatten" if "Flatten" in names else "average"
    pooling = next((word for name, word in _POOLING.items() if name in names), otherwise)
    dense = [layer for layer in head if isinstance(layer, keras.layers.Dense)]
    rates = [float(layer.rate) for layer in head if isinstance(layer, keras.layers.Dropout)]
    penalties = [layer.kernel_regularizer for layer in dense if layer.kernel_regularizer is not None]
    return {
        "pooling": pooling,
        "units": [int(layer.units) for layer in dense[:-1]],
        "dropout": min(0.99, max(rates, default=0.0)),
        "l1": max((float(getattr(penalty, "l1", 0.0)) for penalty in penalties), default=0.0),
        "l2": max((float(getattr(penalty, "l2", 0.0)) for penalty in penalties), default=0.0),
    }


def _augmentation(model: keras.Model) -> list[dict[str, Any]]:
    names = [type(layer).__name__ for layer in model._flatten_layers()]
    return [{"name": "NoOp"} for name in names if name.startswith(_AUGMENTS)]
