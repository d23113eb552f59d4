"""Models as people bring them, good and spoiled, made from real photos and real weights.

Arrives: photos in an archive and the folder of pretrained weights. Leaves: for each case a model file, the
photos to ask with, and the verdicts that are right. Heads are trained on features that are computed once.
"""

from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import keras
import numpy as np
from keras import layers

from pawtrace.foreign.reading.array_values import scaled
from pawtrace.foreign.reading.photos import Photos, read_photos

_VGG_PX, _MOBILE_PX, _SMALL_PX = 64, 128, 48
_NUM_TRAIN, _NUM_TEST = 560, 400
Arrays = tuple[np.ndarray, np.ndarray]


class Case(NamedTuple):
    """A model and what is right to say of it."""

    name: str
    verdicts: tuple[str, ...]  # any of these is right
    model: Path
    test: Any
    train: Any = None
    history: Any = None
    says: str = ""  # a word that the answer must hold


class Workshop:
    """Makes the cases."""

    def __init__(self, archive: Path, weights: Path, folder: Path) -> None:
        """Take photos and weights from these places, put models into `folder`."""
        self._weights, self._folder = weights, folder
        folder.mkdir(parents=True, exist_ok=True)
        photos = read_photos(archive)
        self.train_photos = photos.first(_NUM_TRAIN)
        end = _NUM_TRAIN + _NUM_TEST
        self.test_photos = Photos(
            photos.ids[_NUM_TRAIN:end], photos.labels[_NUM_TRAIN:end], photos.encoded[_NUM_TRAIN:end], 0, 0
        )
        self._features: dict[tuple[str, str], Arrays] = {}

    def test(self, labels: np.ndarray | None = None) -> Arrays:
        """The test photos as arrays 0..255, with other labels where those are given."""
        return self._arrays(self.test_photos, labels)

    def train(self, number: int = _NUM_TRAIN, labels: np.ndarray | None = None) -> Arrays:
        """The first training photos, likewise."""
        return self._arrays(self.train_photos.first(number), labels)

    def _arrays(self, photos: Photos, labels: np.ndarray | None) -> Arrays:
        images = photos.images((_MOBILE_PX, _MOBILE_PX))
        return images, photos.labels if labels is None else labels

    @cached_property
    def _vgg(self) -> keras.Model:
        backbone = keras.applications.VGG16(
            include_top=False, weights=None, input_shape=(_VGG_PX, _VGG_PX, 3)
        )
        backbone.load_weights(self._weights / "vgg16_imagenet_notop.weights.h5")
        return backbone

    @cached_property
    def _mobile(self) -> keras.Model:
        backbone = keras.applications.MobileNetV2(
            include_top=False, weights=None, input_shape=(_MOBILE_PX, _MOBILE_PX, 3)
        )
        backbone.load_weights(self._weights / "mobilenet_v2_notop.weights.h5")
        return backbone

    @cached_property
    def _squeeze(self) -> keras.Model:
        return keras.saving.load_model(self._weights / "squeezenet_1_1_imagenet_notop.keras", compile=False)

    @cached_property
    def _random_vgg(self) -> keras.Model:
        keras.utils.set_random_seed(3)
        return keras.applications.VGG16(include_top=False, weights=None, input_shape=(_VGG_PX, _VGG_PX, 3))

    def backbone(self, name: str) -> tuple[keras.Model, int]:
        """A backbone and the side of its pictures."""
        return {
            "vgg": lambda: (self._vgg, _VGG_PX),
            "mobile": lambda: (self._mobile, _MOBILE_PX),
            "squeeze": lambda: (self._squeeze, _MOBILE_PX),
            "random": lambda: (self._random_vgg, _VGG_PX),
        }[name]()

    def features(self, name: str, convention: str, factor: float = 1.0) -> Arrays:
        """Averaged features of all photos under a convention: of train, of test."""
        key = (name, f"{convention} {factor}")
        if key not in self._features:
            backbone, side = self.backbone(name)
            found = []
            for photos in (self.train_photos, self.test_photos):
                images = photos.images((side, side))
                parts = [
                    backbone(factor * scaled(images[n : n + 32], convention), training=False)
                    for n in range(0, len(images), 32)
                ]
                maps = np.concatenate([keras.ops.convert_to_numpy(part) for part in parts])
                found.append(maps.mean(axis=(1, 2)))
            self._features[key] = (found[0], found[1])
        return self._features[key]

    def frozen(
        self,
        name: str,
        backbone: str,
        convention: str,
        *,
        inside: layers.Layer | None = None,
        factor: float = 1.0,
        units: int = 1,
        activation: str | None = "sigmoid",
        loss: Any = "binary_crossentropy",
        labels: np.ndarray | None = None,
        number: int = _NUM_TRAIN,
        epochs: int = 25,
        rate: float = 1e-3,
        hidden: int = 64,
    ) -> tuple[Path, dict[str, list[float]]]:
        """A frozen backbone under a new head; returns the file and the history."""
        keras.utils.set_random_seed(1)
        train, test = self.features(backbone, convention, factor)
        labels = self.train_photos.labels if labels is None else labels
        entry = keras.Input((train.shape[1],))
        x = layers.Dense(hidden, activation="relu")(entry) if hidden else entry
        head = keras.Model(entry, layers.Dense(units, activation=activation)(x))
        head.compile(keras.optimizers.Adam(rate), loss, metrics=["accuracy"])
        known = self.test_photos.labels
        targets = [keras.utils.to_categorical(part, 2) if units == 2 else part for part in (labels, known)]
        history = head.fit(
            train[:number], targets[0][:number], validation_data=(test, targets[1]), epochs=epochs, verbose=0
        ).history
        trunk, side = self.backbone(backbone)
        trunk.trainable = False
        images = keras.Input((side, side, 3))
        x = images if inside is None else inside(images)
        whole = keras.Model(images, head(layers.GlobalAveragePooling2D()(trunk(x, training=False))))
        whole.compile(keras.optimizers.Adam(rate), loss)
        return self.save(name, whole), history

    def save(self, name: str, model: keras.Model) -> Path:
        """Save a model."""
        path = self._folder / f"{name}.keras"
        model.save(path)
        return path

    def small(
        self,
        name: str,
        body: Callable[[Any], Any],
        *,
        number: int = _NUM_TRAIN,
        epochs: int = 10,
        rate: float = 1e-3,
        labels: np.ndarray | None = None,
        optimizer: Any = None,
        batch_size: int = 32,
    ) -> tuple[Path, dict[str, list[float]], keras.Model]:
        """A small network of its own on 0..1, trained from nothing."""
        keras.utils.set_random_seed(2)
        images = keras.Input((_SMALL_PX, _SMALL_PX, 3))
        model = keras.Model(images, layers.Dense(1, activation="sigmoid")(body(images)))
        model.compile(optimizer or keras.optimizers.Adam(rate), "binary_crossentropy", metrics=["accuracy"])
        size = (_SMALL_PX, _SMALL_PX)
        x, v = (
            photos.images(size).astype(np.float32) / 255 for photos in (self.train_photos, self.test_photos)
        )
        y = self.train_photos.labels if labels is None else labels
        history = model.fit(
            x[:number], y[:number], validation_data=(v, self.test_photos.labels), epochs=epochs,
            batch_size=batch_size, verbose=0,
        ).history  # fmt: skip
        return self.save(name, model), history, model


def flipped(labels: np.ndarray, share: float) -> np.ndarray:
    """Labels, a share of which is the other one."""
    wrong = np.random.default_rng(5).random(len(labels)) < share
    return np.where(wrong, 1 - labels, labels)


def convolutions(*filters: int, normalized: float | None = None, flat: int = 0) -> Callable[[Any], Any]:
    """A plain stack of convolutions; `flat`: units of a dense layer on the flattened map."""

    def body(x: Any) -> Any:
        for number in filters:
            x = layers.Conv2D(number, 3, padding="same", activation="relu")(x)
            if normalized is not None:
                x = layers.BatchNormalization(momentum=normalized)(x)
            x = layers.MaxPooling2D()(x)
        return (
            layers.Dense(flat, activation="relu")(layers.Flatten()(x))
            if flat
            else (layers.GlobalAveragePooling2D()(x))
        )

    return body


def good_cases(shop: Workshop) -> Iterator[Case]:
    """Models with which nothing is wrong."""
    test, train = shop.test(), shop.train()
    ok = ("healthy",)
    tf = "minus_one_to_one"
    yield Case("mobile", ok, shop.frozen("mobile", "mobile", tf)[0], test, train)
    inside = layers.Rescaling(1 / 127.5, offset=-1)
    yield Case("mobile_inside", ok, shop.frozen("mobile_inside", "mobile", tf, inside=inside)[0], test, train)
    path, history = shop.frozen("mobile_history", "mobile", tf)
    yield Case("mobile_history", ok, path, test, train, history)
    yield Case("squeeze", ok, shop.frozen("squeeze", "squeeze", "zero_to_255")[0], test)
    logit = keras.losses.BinaryCrossentropy(from_logits=True)
    yield Case(
        "logit", ok, shop.frozen("logit", "mobile", tf, activation=None, loss=logit)[0], test, says="logit"
    )
    two = shop.frozen("two", "mobile", tf, units=2, activation="softmax", loss="categorical_crossentropy")[0]
    yield Case("two", ok, two, test, train)
    other = 1 - shop.train_photos.labels
    yield Case(
        "reversed", ok, shop.frozen("reversed", "mobile", tf, labels=other)[0], test, says="class 1 is cat"
    )
    sigmoids = shop.frozen("two_sigmoids", "mobile", tf, units=2)[0]
    yield Case("two_sigmoids", ok, sigmoids, test, says="Two units with binary")
    yield Case("linear_head", ok, shop.frozen("linear_head", "mobile", tf, hidden=0)[0], test, train)
    flip = keras.Sequential([layers.RandomFlip("horizontal"), layers.Rescaling(1 / 127.5, offset=-1)])
    yield Case(
        "augments_inside", ok, shop.frozen("augments_inside", "mobile", tf, inside=flip)[0], test, train
    )


def spoiled_cases(shop: Workshop) -> Iterator[Case]:
    """Models with one thing wrong each."""
    test, train = shop.test(), shop.train()
    unit, tf, raw = "zero_to_one", "minus_one_to_one", "zero_to_255"
    scaling = ("input_scaling",)
    yield Case("vgg_255", scaling, shop.frozen("vgg_255", "vgg", unit)[0], test, says="255")
    inside = layers.Rescaling(1 / 255)
    yield Case("vgg_255_inside", scaling, shop.frozen("vgg_255_inside", "vgg", unit, inside=inside)[0], test)
    path = shop.frozen("vgg_twice", "vgg", unit, inside=layers.Rescaling(1 / 255), factor=1 / 255)[0]
    yield Case("vgg_twice", scaling, path, test)
    yield Case("mobile_raw", scaling, shop.frozen("mobile_raw", "mobile", raw)[0], test)
    yield Case("mobile_255", scaling, shop.frozen("mobile_255", "mobile", unit)[0], test, train)
    softmax = shop.frozen("softmax_1", "mobile", tf, activation="softmax")[0]
    yield Case("softmax_1", ("dead",), softmax, test, train, says="softmax")
    random = ("dead", "underfitting")
    yield Case("frozen_random", random, shop.frozen("frozen_random", "random", unit)[0], test, says="random")
    path, history, _ = shop.small("overfit", convolutions(32, 64, flat=256), number=240, epochs=25)
    yield Case("overfit", ("overfitting",), path, test, shop.train(240), history)
    path = shop.frozen("leak", "mobile", tf)[0]
    mixed = tuple(
        np.concatenate(pair) for pair in zip(shop.train(200), (test[0][:120], test[1][:120]), strict=True)
    )
    yield Case("leak", ("leaking",), path, test, mixed)
    body = convolutions(16, 32, 32, normalized=0.999)
    path, history, _ = shop.small("bn_lag", body, epochs=8)
    yield Case("bn_lag", ("normalization_lag",), path, test, train, history)
    path, _, model = shop.small("dead_relu", convolutions(16, 32), epochs=1)
    for layer in model.layers:
        if isinstance(layer, layers.Conv2D):
            layer.set_weights([layer.get_weights()[0], np.full(layer.filters, -50, np.float32)])
    yield Case("dead_relu", ("dead",), shop.save("dead_relu", model), test)
    model.layers[1].set_weights([np.full_like(w, np.nan) for w in model.layers[1].get_weights()])
    yield Case("nan", ("unstable",), shop.save("nan", model), test)
    path, history, _ = shop.small("too_low", convolutions(16, 32, 32), rate=1e-7, epochs=3)
    yield Case("too_low", ("stalled",), path, test, train, history)
    noisy = flipped(shop.test_photos.labels, 0.2)
    noisy_train = flipped(shop.train_photos.labels, 0.2)
    path = shop.frozen("noise", "mobile", tf, labels=noisy_train, epochs=5)[0]
    yield Case("noise", ("label_noise",), path, shop.test(noisy), shop.train(labels=noisy_train))
    path, history, _ = shop.small("too_few", convolutions(16, 32, flat=64), number=40, epochs=20)
    yield Case("too_few", ("too_few",), path, test, shop.train(40))
    path, history, _ = shop.small("too_high", convolutions(16, 32, 32), rate=0.5, epochs=4)
    yield Case("too_high", ("unstable", "dead"), path, test, train, history)
    path, history, _ = shop.small("weak", convolutions(4), epochs=12)
    yield Case("weak", ("underfitting", "undertrained"), path, test, train, history)
    path, history, _ = shop.small("short", convolutions(32, 64, 64), epochs=3)
    yield Case("short", ("undertrained", "underfitting"), path, test, train, history)
    rare = np.flatnonzero((shop.train_photos.labels == 0) | (np.arange(_NUM_TRAIN) % 14 == 1))
    yield _imbalanced(shop, rare)
    yield Case(
        "fed_255", scaling, shop.frozen("fed_255", "mobile", tf)[0], (test[0] / 255, test[1]), says="You feed"
    )


def _imbalanced(shop: Workshop, chosen: np.ndarray) -> Case:
    """Trained on fourteen times as many cats as dogs."""
    images, labels = shop.train()
    keras.utils.set_random_seed(4)
    size = (_SMALL_PX, _SMALL_PX)
    inputs = keras.Input((*size, 3))
    model = keras.Model(inputs, layers.Dense(1, activation="sigmoid")(convolutions(16, 32, 32)(inputs)))
    model.compile("adam", "binary_crossentropy")
    x = np.stack([cv2.resize(image, size) for image in images[chosen]]) / 255
    model.fit(x, labels[chosen], epochs=10, verbose=0)
    return Case("imbalanced", ("imbalance",), shop.save("imbalanced", model), shop.test(),
                (images[chosen], labels[chosen]))  # fmt: skip
