"""A recipe as a script of plain Keras, for whoever trains without this project.

Arrives: a recipe's params. Leaves: text. What Keras has no short word for is named in its last line.
"""

from collections.abc import Iterator

from pawtrace.config.conventions import CONVENTIONS
from pawtrace.config.imagenet import PUBLISHED, received_convention
from pawtrace.config.train_params import Phase, TrainParams
from pawtrace.diagnosis.cures.steps import OPTIMIZERS

_POOLING = {
    "flatten": "Flatten",
    "average": "GlobalAveragePooling2D",
    "max": "GlobalMaxPooling2D",
}
# Parameters that the lines do not express, with the value that changes nothing.
_LEFT_OUT = {
    "batch_normalization": False,
    "initializer": "glorot_uniform",
    "normalization_momentum": None,
    "num_views": 1,
    "mixup_alpha": 0.0,
    "layerwise_decay": 1.0,
    "class_weights": "none",
}


def keras_script(train: TrainParams) -> str:
    """Lines of Keras 3 that build and train what a recipe does.

    `photos` and `validation` are data sets of RGB images 0..255 of the recipe's size, with the label 1 for a
    dog, in batches; `augmented` is a name for the reader's own function.
    """
    return "\n".join([*_model_lines(train), *_training_lines(train), *_comments(train)])


def _model_lines(train: TrainParams) -> Iterator[str]:
    side, head = train.image_size_px, train.head
    convention = CONVENTIONS[received_convention(train.input_scaling, train.backbone)]
    yield f"backbone = {_backbone(train)}"
    yield f"images = keras.Input(({side}, {side}, 3))"
    yield f"x = {convention.keras_line}"
    yield f"x = keras.layers.{_POOLING[head.pooling]}()(backbone(x))"
    penalty = ""
    if head.l1 or head.l2:
        penalty = f", kernel_regularizer=keras.regularizers.L1L2({head.l1}, {head.l2})"
    dropout = f"x = keras.layers.Dropout({head.dropout})(x)"
    if head.dropout and not head.units:
        yield dropout
    for units in head.units:
        yield f"x = keras.layers.Dense({units}, activation='relu'{penalty})(x)"
        if head.dropout:
            yield dropout
    yield f"x = keras.layers.Dense(1, activation='sigmoid'{penalty})(x)"
    yield "model = keras.Model(images, x)"


def _backbone(train: TrainParams) -> str:
    if train.backbone not in PUBLISHED:
        return f"keras.models.load_model({train.backbone!r})"
    weights = train.weights if train.weights in (None, "imagenet") else None
    side = train.image_size_px
    line = (
        f"keras.applications.{PUBLISHED[train.backbone].application}"
        f"(include_top=False, weights={weights!r}, input_shape=({side}, {side}, 3))"
    )
    return line if weights == train.weights else f"{line}\nbackbone.load_weights({train.weights!r})"


def _training_lines(train: TrainParams) -> Iterator[str]:
    loss = "'binary_crossentropy'"
    if train.label_smoothing:
        loss = f"keras.losses.BinaryCrossentropy(label_smoothing={train.label_smoothing})"
    photos = "photos.map(augmented)" if train.augmentation else "photos"
    callbacks = ""
    if stopping := train.early_stopping:
        yield (
            f"stopping = keras.callbacks.EarlyStopping(patience={stopping.patience}, "
            f"min_delta={stopping.min_delta}, restore_best_weights=True)"
        )
        callbacks = ", callbacks=[stopping]"
    before = "all"
    for phase in train.phases:
        yield from _trainable(phase.trainable, before)
        before = phase.trainable
        yield f"model.compile({_optimizer(train, phase)}, {loss}, ['accuracy'])"
        yield f"model.fit({photos}, validation_data=validation, epochs={phase.num_epochs}{callbacks})"


def _trainable(trainable: str, before: str) -> Iterator[str]:
    yield f"backbone.trainable = {trainable != 'none'}"
    if trainable == "none" or (trainable == "all" and before in ("none", "all")):
        return
    # To set a model to what it is already would not reach its layers.
    first = "0"
    if trainable != "all":
        yield "names = [layer.name for layer in backbone.layers]"
        yield f"first = next(i for i, name in enumerate(names) if name.startswith({trainable!r}))"
        first = "first"
    yield "for i, layer in enumerate(backbone.layers):"
    yield f"    layer.trainable = i >= {first}"


def _optimizer(train: TrainParams, phase: Phase) -> str:
    rate = train.learning_rate if phase.learning_rate is None else phase.learning_rate
    settings = [f"{rate}"]
    if train.optimizer == "sgd":
        settings.append(f"momentum={train.momentum}")
    if train.optimizer == "adamw":
        settings.append(f"weight_decay={train.weight_decay}")
    if train.ema_momentum:
        settings.append(f"use_ema=True, ema_momentum={train.ema_momentum}")
    return f"keras.optimizers.{OPTIMIZERS[train.optimizer]}({', '.join(settings)})"


def _comments(train: TrainParams) -> Iterator[str]:
    yield f"# photos in batches of {train.batch_size}"
    if train.augmentation:
        yield f"# augmented: {', '.join(each.name for each in train.augmentation)} of Albumentations"
    left_out = [
        f"{name} {getattr(train, name)}" for name, plain in _LEFT_OUT.items() if getattr(train, name) != plain
    ]
    schedule = train.schedule
    if schedule.warmup_epochs or schedule.decay != "none":
        left_out.append(f"schedule: {schedule.warmup_epochs} epochs of warm-up, decay {schedule.decay}")
    if left_out:
        yield f"# not in these lines: {'; '.join(left_out)}"
