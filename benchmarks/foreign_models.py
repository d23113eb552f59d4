"""How often is the verdict on a foreign model right? Good models and spoiled ones, made from real photos.

    python -m benchmarks.foreign_models PHOTOS WEIGHTS FOLDER [CASE ...]

PHOTOS: an archive of cats and dogs; WEIGHTS: the folder of vgg16_imagenet_notop.weights.h5,
mobilenet_v2_notop.weights.h5 and squeezenet_1_1_imagenet_notop.keras; FOLDER: where the models go.
"""

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import keras
import numpy as np
from keras import layers

from benchmarks.foreign_workshop import NUM_TRAIN, SMALL_PX, Workshop, convolutions, flipped
from pawtrace.foreign.diagnosing import diagnose


class Case(NamedTuple):
    """A model and what is right to say of it."""

    name: str
    verdicts: tuple[str, ...]  # any of these is right
    model: Path
    test: Any
    train: Any = None
    history: Any = None
    says: str = ""  # a word that the answer must hold

    def is_right(self) -> bool:
        """Ask, and say whether the answer is right."""
        start = time.perf_counter()
        found = diagnose(self.model, self.test, self.train, self.history, say=_quietly)
        right = found.verdict in self.verdicts and self.says in found.text
        print(f"{'right' if right else 'WRONG'} {self.name}: {found.verdict} ({found.cause}), expected "
              f"{' or '.join(self.verdicts)}, {time.perf_counter() - start:.0f} s", flush=True)  # fmt: skip
        if not right:
            print(found.text, flush=True)
        return right


def _quietly(line: str) -> None:
    del line


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
    yield Case("mobile_raw", scaling, shop.frozen("mobile_raw", "mobile", raw)[0], test, train)
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
            layer.set_weights([layer.get_weights()[0], np.full(layer.filters, -1e6, np.float32)])
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
    rare = np.flatnonzero((shop.train_photos.labels == 0) | (np.arange(NUM_TRAIN) % 14 == 1))
    yield _imbalanced(shop, rare)
    yield Case(
        "fed_255",
        scaling,
        shop.frozen("fed_255", "mobile", tf)[0],
        (test[0] / 255, test[1]),
        says="You give the model",
    )


def _imbalanced(shop: Workshop, chosen: np.ndarray) -> Case:
    """Trained on fourteen times as many cats as dogs."""
    images, labels = shop.train()
    keras.utils.set_random_seed(4)
    size = (SMALL_PX, SMALL_PX)
    inputs = keras.Input((*size, 3))
    model = keras.Model(inputs, layers.Dense(1, activation="sigmoid")(convolutions(16, 32, 32)(inputs)))
    model.compile("adam", "binary_crossentropy")
    x = np.stack([cv2.resize(image, size) for image in images[chosen]]) / 255
    model.fit(x, labels[chosen], epochs=10, verbose=0)
    return Case("imbalanced", ("imbalance",), shop.save("imbalanced", model), shop.test(),
                (images[chosen], labels[chosen]))  # fmt: skip


def main() -> None:
    """Make the models and ask about each."""
    photos, weights, folder, *names = sys.argv[1:]
    shop = Workshop(Path(photos), Path(weights), Path(folder))
    for title, cases in (("good", good_cases), ("spoiled", spoiled_cases)):
        answers = [case.is_right() for case in cases(shop) if not names or case.name in names]
        print(f"{title}: right about {sum(answers)} of {len(answers)}", flush=True)


if __name__ == "__main__":
    main()
