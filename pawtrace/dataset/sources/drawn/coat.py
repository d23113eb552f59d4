"""Fur, eyes and the rest of an animal's looks: drawn alike for cats and dogs, so they give nothing away."""

from typing import NamedTuple

import cv2
import numpy as np

from pawtrace.dataset.sources.drawn.pen import Colour, Image, Pen, Points, ellipse, mix, moved

_BLACK: Colour = (12, 10, 10)
_WHITE: Colour = (250, 246, 238)
_FURS: tuple[Colour, ...] = (
    (38, 34, 34), (84, 82, 84), (136, 134, 136), (100, 112, 128), (236, 232, 224), (232, 210, 172),
    (216, 142, 70), (188, 112, 52), (158, 114, 72), (112, 74, 46), (76, 48, 34), (196, 166, 124),
)  # fmt: skip
_EYES: tuple[Colour, ...] = (
    (150, 176, 70), (206, 168, 48), (196, 112, 40), (120, 160, 200), (126, 80, 40), (90, 140, 110),
)  # fmt: skip
_NOSES: tuple[Colour, ...] = ((30, 26, 28), (38, 34, 36), (62, 44, 40), (196, 124, 118), (124, 78, 66))


class Look(NamedTuple):
    """One animal's looks. `coat` is uint8, as large as the picture: what its fur is cut from."""

    coat: Image
    fur: Colour
    ears: Colour
    muzzle: Colour
    outline: Colour
    eyes: Colour
    nose: Colour
    tongue: Colour
    whiskers: Colour
    yaw: float  # -1..1: how far the head is turned to a side
    pitch: float  # -1..1: how far it looks down


def random_look(pen: Pen, rng: np.random.Generator) -> Look:
    """Draw looks from the same distribution for both classes; the pattern lies where `pen` points."""
    fur, second = _varied(_FURS, rng), _varied(_FURS, rng)
    return Look(
        coat=_coat(pen, fur, second, rng),
        fur=fur,
        ears=second if rng.random() < 0.35 else mix(fur, _BLACK, rng.uniform(0, 0.3)),
        muzzle=mix(fur, _WHITE, rng.choice([rng.uniform(0.1, 0.3), rng.uniform(0.5, 0.9)])),
        outline=mix(fur, _BLACK, rng.uniform(0.4, 0.75)),
        eyes=_varied(_EYES, rng),
        nose=_varied(_NOSES, rng),
        tongue=_varied(((222, 112, 118),), rng),
        whiskers=_WHITE if sum(fur) < 500 else mix(fur, _BLACK, 0.7),
        yaw=rng.uniform(-1, 1),
        pitch=rng.uniform(-1, 1),
    )


def _coat(pen: Pen, fur: Colour, second: Colour, rng: np.random.Generator) -> Image:
    """Plain, patched, striped or spotted fur."""
    coat = np.empty_like(pen.canvas)
    coat[:] = np.array(fur, np.uint8)
    brush = pen.on(coat)
    pattern = rng.choice(["plain", "patches", "stripes", "spots"], p=[0.35, 0.25, 0.25, 0.15])
    if pattern == "patches":
        for x, y in rng.uniform((-2, -1.5), (2, 3), (rng.integers(8, 16), 2)):
            brush.fill(_blob(x, y, rng.uniform(0.3, 0.8), rng), second)
    elif pattern == "stripes":
        _stripes(brush, mix(fur, second if rng.random() < 0.5 else _BLACK, rng.uniform(0.35, 0.8)), rng)
    elif pattern == "spots":
        for x, y in rng.uniform((-2, -1.5), (2, 3), (rng.integers(50, 100), 2)):
            brush.fill(_blob(x, y, rng.uniform(0.06, 0.16), rng), second)
    return _hairy(coat, rng)


def _stripes(brush: Pen, colour: Colour, rng: np.random.Generator) -> None:
    """Wavy bands across everything, in any direction."""
    angle, spacing = rng.uniform(0, np.pi), rng.uniform(0.28, 0.5)
    along = np.array([np.cos(angle), np.sin(angle)])
    across = np.array([-along[1], along[0]])
    steps = np.linspace(-4, 4, 24)
    for offset in np.arange(-4, 4, spacing):
        waves = offset + 0.1 * np.sin(3 * steps + rng.uniform(0, 6))
        brush.stroke(
            steps[:, None] * along + waves[:, None] * across, colour, rng.uniform(0.25, 0.5) * spacing
        )


def _blob(x: float, y: float, size: float, rng: np.random.Generator) -> Points:
    shape = ellipse((0, 0), (size, size * rng.uniform(0.6, 1.4)))
    wobble = 1 + 0.25 * np.sin(rng.integers(2, 5) * np.linspace(0, 2 * np.pi, len(shape)) + rng.uniform(0, 6))
    return moved(shape * wobble[:, None], x, y)


def _hairy(coat: Image, rng: np.random.Generator) -> Image:
    """With fine streaks of light and dark."""
    height, width = coat.shape[:2]
    streaks = rng.normal(0, rng.uniform(3, 12), (48, 90)).astype(np.float32)
    streaks = cv2.resize(streaks, (width, height), interpolation=cv2.INTER_LINEAR)
    haired: Image = np.clip(coat + streaks[:, :, None], 0, 255).astype(np.uint8)
    return haired


def _varied(colours: tuple[Colour, ...], rng: np.random.Generator) -> Colour:
    chosen = np.array(colours[rng.integers(len(colours))]) + rng.normal(0, 10) + rng.normal(0, 5, 3)
    red, green, blue = np.clip(chosen, 0, 255)
    return float(red), float(green), float(blue)
