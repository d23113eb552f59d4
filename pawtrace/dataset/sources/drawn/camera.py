"""What light and a camera do to a drawn picture: nothing here depends on the animal in it."""

import cv2
import numpy as np
import numpy.typing as npt

from pawtrace.dataset.sources.drawn.pen import Image


def photograph(scene: Image, rng: np.random.Generator) -> Image:
    """Light, blur and sensor noise.

    Args:
      scene: uint8 (height, width, 3), RGB.
      rng: draws how strong each is.
    Returns:
      uint8 (height, width, 3), RGB: another array.
    """
    exposed = _blurred(scene, rng) * _light(scene.shape[:2], rng)
    exposed += _noise(scene.shape[:2], rng)
    picture: Image = np.clip(np.rint(exposed), 0, 255).astype(np.uint8)
    return picture


def _light(shape: tuple[int, int], rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Factors, float32 (height, width, 3): brightness, colour temperature, direction, vignette."""
    across = np.linspace(-1, 1, shape[1], dtype=np.float32)[None, :]
    down = np.linspace(-1, 1, shape[0], dtype=np.float32)[:, None]
    slope_x, slope_y = rng.uniform(-0.25, 0.25, 2).astype(np.float32)
    vignette = np.float32(rng.uniform(0, 0.3))
    field = 1 + slope_x * across + slope_y * down - vignette * (across**2 + down**2) / 2
    warmth = rng.normal(0, 0.08)
    gains = rng.uniform(0.65, 1.25) * np.array([1 + warmth, 1, 1 - warmth], np.float32)
    factors: npt.NDArray[np.float32] = field[:, :, None] * gains.astype(np.float32)
    return factors


def _blurred(scene: Image, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Out of focus, moved, or sharp; in proportion to the picture's size."""
    strength_px = rng.uniform(0.2, 1) * min(scene.shape[:2]) / 120
    kind = rng.choice(["sharp", "focus", "motion"], p=[0.5, 0.35, 0.15])
    image: npt.NDArray[np.float32] = scene.astype(np.float32)
    if kind == "focus":
        image = cv2.GaussianBlur(image, (0, 0), strength_px)
    elif kind == "motion":
        length_px = 1 + 2 * round(strength_px)
        kernel = np.zeros((length_px, length_px), np.float32)
        end = rng.integers(0, length_px, 2)
        cv2.line(kernel, end.tolist(), (length_px - 1 - end).tolist(), 1.0)
        image = cv2.filter2D(image, -1, kernel / kernel.sum())
    return image


def _noise(shape: tuple[int, int], rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Sensor noise, float32 (height, width, 3): fine in brightness, coarse and weaker in colour."""
    sigma = np.float32(rng.uniform(0, 12))
    brightness = rng.standard_normal(shape, dtype=np.float32)
    coarse = rng.standard_normal((shape[0] // 3 + 1, shape[1] // 3 + 1, 3), dtype=np.float32)
    colour: npt.NDArray[np.float32] = cv2.resize(coarse, shape[::-1], interpolation=cv2.INTER_LINEAR)
    return sigma * (brightness[:, :, None] + np.float32(0.6) * colour)
