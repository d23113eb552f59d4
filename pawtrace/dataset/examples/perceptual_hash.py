"""What an image looks like, in 256 bits that similar images share."""

import cv2
import numpy as np
from scipy.fft import dctn

_SIDE_PX = 64  # of the thumbnail that is hashed
_NUM_FREQUENCIES = 16  # kept in each direction: 16 x 16 = 256 bits


def perceptual_hash(image: np.ndarray) -> np.ndarray:
    """What an image looks like, in 256 bits; similar images differ in few of them.

    Each bit says whether one of the lowest 16 x 16 spatial frequencies of the 64 px greyscale
    thumbnail lies above their median.

    Args:
      image: uint8 (height, width, 3), RGB.
    Returns:
      uint64 (4,).
    Source: Zauner 2010, "Implementation and benchmarking of perceptual image hash functions", pHash.
    """
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    thumbnail = cv2.resize(grey, (_SIDE_PX, _SIDE_PX), interpolation=cv2.INTER_AREA)
    frequencies = dctn(thumbnail.astype(np.float64), norm="ortho")[:_NUM_FREQUENCIES, :_NUM_FREQUENCIES]
    bits = frequencies.ravel() > np.median(frequencies)
    return np.packbits(bits).view(np.uint64)


def with_mirrored(image: np.ndarray) -> np.ndarray:
    """The perceptual hashes of an image and of its mirror image: uint64 (2, 4)."""
    return np.stack([perceptual_hash(image), perceptual_hash(image[:, ::-1])])
