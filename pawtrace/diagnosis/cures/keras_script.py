"""A recipe as a script of plain Keras, for whoever trains without this project.

Arrives: a recipe's params. Leaves: text. What Keras has no short word for is named in its last lines.
"""

from collections.abc import Iterator

from pawtrace.config.conventions import CONVENTIONS
from pawtrace.config.imagenet import PUBLISHED, received_convention
from pawtrace.config.params import ResolvedRecipe
from pawtrace.config.train_params import Phase, TrainParams
from pawtrace.diagnosis.cures.steps import OPTIMIZERS

_POOLING = {
    "flatten": "Flatten",
    "average": "GlobalAveragePooling2D",
    "max": "GlobalMaxPooling2D",
}
# Parameters that the lines do not express, with the value that changes nothing.
LEFT_OUT = {
    "batch_normalization": False,
    "initializer": "glorot_uniform",
    "normalization_momentum": None,
    "num_views": 1,
    "mixup_alpha": 0.0,
    "layerwise_decay": 1.0,
    "class_weights": "none",
    "ema_momentum": 0.0,  # next to early stopping, Keras puts the weights back that were not averaged
}


def keras_script(recipe: ResolvedRecipe) -> str:
    """Lines of Keras 3 that build and train what a recipe does, from data sets that the reader makes."""
    train = recipe.train
    return "\n".join(
        [*_data_lines(train), *_model_lines(train), *_training_lines(train), *_what_is_left_out(recipe)]
    )


def _data_lines(train: TrainParams) -> Iterator[str]:
    side = train.image_size_px
    yield "import keras"
    yield f"# photos, validation: RGB 0..255 of {side} x {side} pixels, the label 1 for a dog,"
    yield f"# in batches of {train.batch_size}"
    for number, transform in enumerate(train.augmentation):
        start = "# photos augmented one by one: " if number == 0 else "#   "
        arguments = ", ".join(f"{name}={value!r}" for name, value in transform.arguments.items())
        yield f"{start}albumentations.{transform.name}({arguments})"


def _model_lines(train: TrainParams) -> Iterator[str]:
    side, head = train.image_size_px, train.head
    convention = CONVENTIONS[received_convention(train.input_scaling, train.backbone)]
    yield from _backbone_lines(train)
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


def _backbone_lines(train: TrainParams) -> Iterator[str]:
    from_keras = train.weights if train.weights == "imagenet" else None
    if train.backbone in PUBLISHED:
        side, application = train.image_size_px, PUBLISHED[train.backbone].application
        settings = f"include_top=False, weights={from_keras!r}, input_shape=({side}, {side}, 3)"
        yield f"backbone = keras.applications.{application}({settings})"
    else:
        yield f"backbone = keras.models.load_model({train.backbone!r})"
    if train.weights != from_keras:
        yield f"backbone.load_weights({train.weights!r})"


def _training_lines(train: TrainParams) -> Iterator[str]:
    loss = "'binary_crossentropy'"
    if train.label_smoothing:
        loss = f"keras.losses.BinaryCrossentropy(label_smoothing={train.label_smoothing})"
    stopping = train.early_stopping
    patience = stopping.patience if stopping else max(phase.num_epochs for phase in train.phases)
    min_delta = f", min_delta={stopping.min_delta}" if stopping and stopping.min_delta else ""
    yield f"best = keras.callbacks.EarlyStopping(patience={patience}{min_delta}, restore_best_weights=True)"
    for phase in train.phases:
        yield from _trainable(phase.trainable, freeze_normalization=train.freeze_normalization)
        yield f"model.compile({_optimizer(train, phase)}, {loss}, metrics=['accuracy'])"
        yield f"model.fit(photos, validation_data=validation, epochs={phase.num_epochs}, callbacks=[best])"


def _trainable(trainable: str, *, freeze_normalization: bool) -> Iterator[str]:
    yield "backbone.trainable = False"
    if trainable == "none":
        return
    yield "backbone.trainable = True  # Keras passes only a change on to the layers"
    if trainable != "all":
        yield "names = [layer.name for layer in backbone.layers]"
        yield f"first = next(i for i, name in enumerate(names) if name.startswith({trainable!r}))"
        yield "for layer in backbone.layers[:first]:"
        yield "    layer.trainable = False"
    if freeze_normalization:
        yield "for layer in backbone.layers:  # batch normalisation keeps the averages of pretraining"
        yield "    if isinstance(layer, keras.layers.BatchNormalization):"
        yield "        layer.trainable = False"


def _optimizer(train: TrainParams, phase: Phase) -> str:
    rate = train.learning_rate if phase.learning_rate is None else phase.learning_rate
    settings = [f"{rate}"]
    if train.optimizer == "sgd":
        settings.append(f"momentum={train.momentum}")
    if train.optimizer == "adamw":
        settings.append(f"weight_decay={train.weight_decay}")
    return f"keras.optimizers.{OPTIMIZERS[train.optimizer]}({', '.join(settings)})"


def _what_is_left_out(recipe: ResolvedRecipe) -> Iterator[str]:
    train, evaluate = recipe.train, recipe.evaluate
    left_out = [
        f"{name} {getattr(train, name)}" for name, plain in LEFT_OUT.items() if getattr(train, name) != plain
    ]
    schedule = train.schedule
    if schedule.warmup_epochs or schedule.decay != "none":
        left_out.append(f"schedule: {schedule.warmup_epochs} epochs of warm-up, decay {schedule.decay}")
    if evaluate.tta_views > 1:
        left_out.append(f"the mean over {evaluate.tta_views} augmented views of each new photo")
    if evaluate.temperature_scaling:
        left_out.append("temperature scaling")
    if len(train.phases) > 1:
        left_out.append("the best epoch of all phases is kept")
    if left_out:
        yield f"# not in these lines: {'; '.join(left_out)}"
