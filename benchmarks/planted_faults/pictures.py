"""The pictures and networks of planted faults: healthy ones, and what spoils them."""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context
from pathlib import Path

import keras
import numpy as np

from benchmarks.photos import photos
from pawtrace.dataset.examples.pixels import resize_shorter_side
from pawtrace.dataset.sources.drawn.picture import draw_picture

Pictures = dict[str, list[tuple[int, np.ndarray]]]  # by split, label and uint8 (s, s, 3)
_NUM_PHOTOS = 4000  # of which each seed takes others
_STOCK, _PIECE = 4000, 250  # drawn pictures, likewise


def draw_stock(path: Path, size_px: int) -> None:
    """Draw the cats and dogs, in turn, from which each case takes its own: a .npy file, on all cores."""
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        pieces = list(pool.map(_drawn, range(0, _STOCK, _PIECE), [size_px] * (_STOCK // _PIECE)))
    np.save(path, np.concatenate(pieces))


def _drawn(start: int, size_px: int) -> np.ndarray:
    images = (draw_picture(n % 2, np.random.default_rng(n)) for n in range(start, start + _PIECE))
    return np.stack([_square(resize_shorter_side(image, size_px), size_px) for image in images])


def drawn_pictures(stock: Path, counts: dict[str, int], seed: int) -> Pictures:
    """Of a file of drawn pictures as many cats as dogs, other ones for each seed; counts are by split."""
    images = np.load(stock, mmap_mode="r")
    return _dealt(((n % 2, images[n]) for n in _order(len(images), seed)), counts)


def real_pictures(size_px: int, counts: dict[str, int], seed: int) -> Pictures:
    """Photos of the archive that PAWTRACE_PETS_ARCHIVE names, other ones for each seed."""
    known = _all_photos(size_px)
    return _dealt((known[n] for n in _order(len(known), seed)), counts)


def _order(number: int, seed: int) -> Iterator[int]:
    return iter(np.random.default_rng(seed).permutation(number).tolist())


def _dealt(source: Iterator[tuple[int, np.ndarray]], counts: dict[str, int]) -> Pictures:
    """Half cats and half dogs for each split."""
    waiting: dict[int, list[np.ndarray]] = {0: [], 1: []}
    pictures: Pictures = {}
    for split, count in counts.items():
        pictures[split] = []
        for number in range(count):
            wanted = number % 2
            while not waiting[wanted]:
                label, image = next(source)
                waiting[label].append(image)
            pictures[split].append((wanted, waiting[wanted].pop(0)))
    return pictures


@cache
def _all_photos(size_px: int) -> list[tuple[int, np.ndarray]]:
    source = photos()
    chosen = (next(source) for _ in range(_NUM_PHOTOS))
    return [(label, _square(resize_shorter_side(image, size_px), size_px)) for image, label in chosen]


def _square(image: np.ndarray, size_px: int) -> np.ndarray:
    """The middle of an image whose shorter side has this size."""
    top, left = ((side - size_px) // 2 for side in image.shape[:2])
    return np.ascontiguousarray(image[top : top + size_px, left : left + size_px])


def leak(pictures: Pictures, _: np.random.Generator, share: float) -> Pictures:
    """Put training pictures into test."""
    number = max(1, round(share * len(pictures["test"])))
    return pictures | {"test": [*pictures["test"][number:], *pictures["train"][:number]]}


def cut(pictures: Pictures, _: np.random.Generator, number: int) -> Pictures:
    """Keep so many training pictures."""
    return pictures | {"train": pictures["train"][:number]}


def thin(pictures: Pictures, _: np.random.Generator, share: float) -> Pictures:
    """Leave so many dogs, of all pictures, in train and validation; test shows what that does."""

    def thinned(all_pictures: list[tuple[int, np.ndarray]]) -> list[tuple[int, np.ndarray]]:
        cats = [picture for picture in all_pictures if picture[0] == 0]
        dogs = [picture for picture in all_pictures if picture[0] == 1]
        return [*cats, *dogs[: max(2, round(share / (1 - share) * len(cats)))]]

    return pictures | {split: thinned(pictures[split]) for split in ("train", "validation")}


def flip(pictures: Pictures, random: np.random.Generator, share: float) -> Pictures:
    """Give a share of all pictures the other label."""
    return {
        split: [(1 - label if random.random() < share else label, image) for label, image in of]
        for split, of in pictures.items()
    }


def shuffle(pictures: Pictures, random: np.random.Generator) -> Pictures:
    """Give the labels to other pictures."""
    return {
        split: [
            (of[other][0], image) for other, (_, image) in zip(random.permutation(len(of)), of, strict=True)
        ]
        for split, of in pictures.items()
    }


def save_network(path: Path, kind: str, *, normalizes: bool, seed: int) -> None:
    """Write a small convolutional backbone with random weights.

    Args:
      path: of the .keras file.
      kind: healthy; weak, dying and dead have ever smaller weights; narrow1 to narrow3 so few filters.
      normalizes: whether batch normalisation follows each convolution.
      seed: of the weights.
    """
    keras.utils.set_random_seed(seed)
    spreads = {"weak": 3e-2, "dying": 5e-3, "dead": 1e-4}
    start = keras.initializers.RandomNormal(stddev=spreads[kind]) if kind in spreads else "he_normal"
    filters = (int(kind[-1]),) * 2 if kind.startswith("narrow") else (16, 32, 64)
    x = inputs = keras.Input((None, None, 3))
    x = keras.layers.Rescaling(1 / 127.5, offset=-1)(x)
    for number, count in enumerate(filters, start=1):
        x = keras.layers.Conv2D(count, 3, padding="same", kernel_initializer=start, name=f"conv{number}")(x)
        if normalizes and kind not in spreads:
            x = keras.layers.BatchNormalization(momentum=0.9)(x)
        x = keras.layers.ReLU()(x)
        x = keras.layers.MaxPooling2D()(x)
    keras.Model(inputs, x).save(path)
