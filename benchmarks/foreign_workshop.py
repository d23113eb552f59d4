"""Makes models as people bring them, from real photos and real weights; heads train on features made once."""

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers

from pawtrace.foreign.reading.array_values import scaled
from pawtrace.foreign.reading.photos import Photos, read_photos

_VGG_PX, _MOBILE_PX, SMALL_PX = 64, 128, 48
NUM_TRAIN, NUM_TEST = 560, 400
Arrays = tuple[np.ndarray, np.ndarray]


class Workshop:
    """Makes the cases."""

    def __init__(self, archive: Path, weights: Path, folder: Path) -> None:
        """Take photos and weights from these places, put models into `folder`."""
        self._weights, self._folder = weights, folder
        folder.mkdir(parents=True, exist_ok=True)
        photos = read_photos(archive)
        self.train_photos = photos.first(NUM_TRAIN)
        end = NUM_TRAIN + NUM_TEST
        self.test_photos = Photos(
            photos.ids[NUM_TRAIN:end], photos.labels[NUM_TRAIN:end], photos.encoded[NUM_TRAIN:end], 0
        )
        self._features: dict[tuple[str, str], Arrays] = {}

    def test(self, labels: np.ndarray | None = None) -> Arrays:
        """The test photos as arrays 0..255, with other labels where those are given."""
        return self._arrays(self.test_photos, labels)

    def train(self, number: int = NUM_TRAIN, labels: np.ndarray | None = None) -> Arrays:
        """The first training photos, likewise."""
        return self._arrays(self.train_photos.first(number), labels)

    def _arrays(self, photos: Photos, labels: np.ndarray | None) -> Arrays:
        images = photos.images((_MOBILE_PX, _MOBILE_PX))
        return images, photos.labels if labels is None else labels

    @cached_property
    def _vgg(self) -> keras.Model:
        return self._published(keras.applications.VGG16, _VGG_PX, "vgg16_imagenet_notop.weights.h5")

    @cached_property
    def _mobile(self) -> keras.Model:
        return self._published(keras.applications.MobileNetV2, _MOBILE_PX, "mobilenet_v2_notop.weights.h5")

    def _published(self, application: Callable[..., keras.Model], size_px: int, file: str) -> keras.Model:
        backbone = application(include_top=False, weights=None, input_shape=(size_px, size_px, 3))
        backbone.load_weights(self._weights / file)
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
                    backbone.predict_on_batch(factor * scaled(images[n : n + 32], convention))
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
        number: int = NUM_TRAIN,
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
        number: int = NUM_TRAIN,
        epochs: int = 10,
        rate: float = 1e-3,
        labels: np.ndarray | None = None,
        optimizer: Any = None,
        batch_size: int = 32,
    ) -> tuple[Path, dict[str, list[float]], keras.Model]:
        """A small network of its own on 0..1, trained from nothing."""
        keras.utils.set_random_seed(2)
        images = keras.Input((SMALL_PX, SMALL_PX, 3))
        model = keras.Model(images, layers.Dense(1, activation="sigmoid")(body(images)))
        model.compile(optimizer or keras.optimizers.Adam(rate), "binary_crossentropy", metrics=["accuracy"])
        size = (SMALL_PX, SMALL_PX)
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
