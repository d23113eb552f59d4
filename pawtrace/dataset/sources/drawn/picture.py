"""Drawn cats and dogs: pictures that need no download, yet must be learnt.

The classes differ in shape alone (ears, muzzle, eyes, whiskers, tail). Fur, size, place, pose,
background, light and camera have the same distribution in both, so that no colour and no
single place in the picture gives the class away.
"""

import cv2
import numpy as np

from pawtrace.config.sections import LABELS
from pawtrace.dataset.sources.drawn.animals import draw_body, draw_cat_head, draw_collar, draw_dog_head
from pawtrace.dataset.sources.drawn.camera import photograph
from pawtrace.dataset.sources.drawn.coat import random_look
from pawtrace.dataset.sources.drawn.pen import Image, pen_at
from pawtrace.dataset.sources.drawn.scene import draw_background, draw_obstacle

MIN_SIDE_PX, MAX_SIDE_PX = 100, 400
_FINE_PX = 200  # smaller pictures are drawn at twice their size, or whiskers would be bars


def draw_picture(label: int, rng: np.random.Generator) -> Image:
    """Draw one cat or dog.

    Args:
      label: index into LABELS.
      rng: decides everything else; equal streams give equal pictures.
    Returns:
      uint8 (height, width, 3), RGB; each side of 100..400 pixels.
    """
    height, width = _random_size(rng)
    scale = 2 if min(height, width) < _FINE_PX else 1
    scene = draw_background(scale * height, scale * width, rng)
    _draw_animal(scene, LABELS[label] == "dog", rng)
    if scale > 1:
        scene = cv2.resize(scene, (width, height), interpolation=cv2.INTER_AREA)
    return photograph(scene, rng)


def _random_size(rng: np.random.Generator) -> tuple[int, int]:
    """(height, width): landscape, portrait or square, up to 3 : 2."""
    area_side, ratio = rng.uniform(125, 325), np.exp(rng.uniform(-0.4, 0.4))
    sides = np.array([area_side / ratio**0.5, area_side * ratio**0.5])
    height, width = np.clip(np.rint(sides), MIN_SIDE_PX, MAX_SIDE_PX).astype(int)
    return int(height), int(width)


def _draw_animal(scene: Image, is_dog: bool, rng: np.random.Generator) -> None:
    height, width = scene.shape[:2]
    has_body = rng.random() < 0.65
    radius_px = min(height, width) * (rng.uniform(0.27, 0.34) if has_body else rng.uniform(0.30, 0.40))
    place = (width * rng.uniform(0.38, 0.62), height * rng.uniform(0.38, 0.58))
    head = pen_at(scene, place, radius_px, rng.uniform(-25, 25))
    trunk = pen_at(scene, place, radius_px, rng.uniform(-8, 8))
    look = random_look(head, rng)
    if has_body:
        draw_body(trunk, look, is_dog, rng)
        if rng.random() < 0.4:
            draw_collar(trunk, rng)
    (draw_dog_head if is_dog else draw_cat_head)(head, look, rng)
    if rng.random() < 0.2:
        draw_obstacle(head, rng)
