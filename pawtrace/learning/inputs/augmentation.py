"""Augmented views of an example: an Albumentations policy, and the randomness of each view.

A view depends on (seed, epoch, example id) and on nothing else: not on the order in which
examples come, not on the number of workers.
"""

import hashlib
import random
import threading
from collections.abc import Sequence
from typing import Any

import albumentations as A
import cv2
import numpy as np

from pawtrace.base.errors import ParamsError, in_one_line
from pawtrace.config.train_params import Transform


def build_policy(transforms: Sequence[Transform]) -> A.Compose:
    """Build the transforms that params name, in their order.

    Raises:
      ParamsError: Albumentations has no such image transform, or refuses an argument.
    """
    built = []
    for number, transform in enumerate(transforms):
        where = f"params.yaml: train.augmentation.{number} ({transform.name})"
        kind = getattr(A, transform.name, None)
        if not (isinstance(kind, type) and issubclass(kind, (A.DualTransform, A.ImageOnlyTransform))):
            raise ParamsError(f"{where}: expected the name of an Albumentations image transform")
        try:
            built.append(_strictly(kind, transform.arguments))
        except (ValueError, TypeError) as error:
            raise ParamsError(f"{where}: {in_one_line(str(error), 300)}") from None
    # No seed here: Compose would hand the same random stream to every transform.
    return A.Compose(built)


def _strictly(kind: type[A.BasicTransform], arguments: dict[str, Any]) -> A.BasicTransform:
    """Build a transform; raise where it does not know an argument.

    Albumentations ignores unknown arguments unless told `strict`. Those few transforms that have an
    __init__ but no schema of their own, RandomRotate90 and MedianBlur among them, do not know that
    word; Python refuses what they do not know.
    """
    owner = next(base for base in kind.__mro__ if "__init__" in vars(base))
    strict = {"strict": True} if "InitSchema" in vars(owner) else {}
    return kind(**arguments, **strict)


def check_policy(transforms: Sequence[Transform], size_px: int) -> None:
    """Try every transform on an image, here and now instead of in a worker thread.

    Args:
      transforms: as params have them.
      size_px: side of the images that training will show them, pixels.
    Raises:
      ParamsError: a transform is unknown, refuses an argument or an image of this size, or does
        not give an RGB image of bytes back.
    """
    for number, transform in enumerate(transforms):
        policy = build_policy([transform])
        policy.transforms[0].p = 1.0
        where = f"params.yaml: train.augmentation.{number} ({transform.name})"
        try:
            image = policy(image=np.full((size_px, size_px, 3), 127, np.uint8))["image"]
        except Exception as error:  # each transform has its own
            raise ParamsError(
                f"{where}: fails on an image of {size_px} px: {in_one_line(str(error))}"
            ) from error
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
            raise ParamsError(
                f"{where}: expected an image of bytes with 3 channels from it, "
                f"found {image.dtype} {image.shape}"
            )


class AugmentedView:
    """Makes the view of an example in an epoch; safe from any thread, and in a copy in another process."""

    def __init__(self, transforms: Sequence[Transform], seed: int) -> None:
        """Take the policy as params have it; it is built where it is used."""
        self._transforms, self._seed = transforms, seed
        self._local = threading.local()

    def __call__(self, image: np.ndarray, example_id: str, epoch: int) -> np.ndarray:
        """The view: uint8 (s, s, 3), as the image is."""
        if not hasattr(self._local, "policy"):
            self._local.policy = build_policy(self._transforms)  # one a thread: it carries random state
        key = [self._seed, epoch, int.from_bytes(hashlib.sha256(example_id.encode()).digest()[:8])]
        numbers = np.random.default_rng(key)
        self._local.policy.set_random_state(numbers, random.Random(int(numbers.integers(2**63))))
        return _same_size(np.asarray(self._local.policy(image=image)["image"]), image.shape[0])

    def __reduce__(self) -> tuple[type["AugmentedView"], tuple[Sequence[Transform], int]]:
        """What a thread has built stays with it."""
        return AugmentedView, (self._transforms, self._seed)


def _same_size(image: np.ndarray, size_px: int) -> np.ndarray:
    """Undo what a cropping transform did to the size."""
    if image.shape[:2] == (size_px, size_px):
        return image
    return np.asarray(cv2.resize(image, (size_px, size_px), interpolation=cv2.INTER_AREA))
