"""What lies behind a drawn animal, and what stands in front of a part of it."""

import cv2
import numpy as np

from pawtrace.dataset.sources.drawn.pen import (
    Colour,
    Image,
    Pen,
    Points,
    curve,
    ellipse,
    mix,
    moved,
    pen_at,
    rounded,
)


def draw_background(height: int, width: int, rng: np.random.Generator) -> Image:
    """Paint a background: a gradient, a room, a landscape, blurred lights or clutter.

    Returns:
      uint8 (height, width, 3), RGB.
    """
    paint = (_studio, _room, _landscape, _lights, _clutter)[rng.integers(5)]
    canvas = _gradient(height, width, _any_colour(rng), _any_colour(rng), rng)
    # One unit is the picture's size in each direction's mean, so that shapes keep their proportions.
    paint(pen_at(canvas, (0, 0), (height * width) ** 0.5), (width / height) ** 0.5, rng)
    return _grained(canvas, rng)


def draw_obstacle(pen: Pen, rng: np.random.Generator) -> None:
    """Put a bar, a leaf or a cushion in front of a part of the animal whose head the pen is on."""
    colour = _any_colour(rng)
    kind = rng.integers(3)
    if kind == 0:
        _bar(pen, colour, rng)
    elif kind == 1:
        _leaf(pen, colour, rng)
    else:
        _cushion(pen, colour, rng)


def _bar(pen: Pen, colour: Colour, rng: np.random.Generator) -> None:
    angle = rng.uniform(0, np.pi)
    along = np.array([np.cos(angle), np.sin(angle)])
    middle = np.array([-along[1], along[0]]) * rng.choice([-1, 1]) * rng.uniform(0.3, 1)
    ends = np.stack([middle - 9 * along, middle + 9 * along])
    width = rng.uniform(0.12, 0.3)
    pen.stroke(ends, mix(colour, (0, 0, 0), 0.4), width)
    pen.stroke(ends, colour, 0.7 * width)


def _leaf(pen: Pen, colour: Colour, rng: np.random.Generator) -> None:
    turn, reach = rng.uniform(0, 2 * np.pi), rng.uniform(0.8, 1.2)
    place = (float(reach * np.cos(turn)), float(reach * np.sin(turn)))
    angle = rng.uniform(0, 180)
    leaf = pen_at(pen.canvas, tuple(pen.centre_px + pen.matrix @ place), pen.unit_px, angle)
    green = mix(colour, (60, 120, 40), 0.5)
    outline = rounded([(-0.9, 0), (-0.2, -0.5), (0.5, -0.3), (0.9, 0), (0.5, 0.3), (-0.2, 0.5)], 2)
    leaf.fill(outline, green)
    leaf.stroke(np.array([(-0.8, 0.0), (0.9, 0.0)]), mix(green, (255, 255, 255), 0.3), 0.05)


def _cushion(pen: Pen, colour: Colour, rng: np.random.Generator) -> None:
    left, top = rng.uniform(-2.2, -0.6), rng.uniform(0.55, 1.0)
    right, bottom = left + rng.uniform(1.5, 3), top + 2.5
    outline = rounded([(left, top), (right, top), (right, bottom), (left, bottom)], 3)
    pen.fill(outline, colour)
    pen.stroke(outline, mix(colour, (0, 0, 0), 0.35), 0.06, closed=True)


def _studio(pen: Pen, right: float, rng: np.random.Generator) -> None:
    """Nothing but the gradient, or a floor's edge."""
    if rng.random() < 0.5:
        _below(pen, right, rng.uniform(0.6, 0.9) / right, _any_colour(rng))


def _room(pen: Pen, right: float, rng: np.random.Generator) -> None:
    """Wallpaper, a window or a picture, a floor."""
    bottom = 1 / right
    wall = _any_colour(rng)
    if rng.random() < 0.5:
        for x in np.arange(0, right, rng.uniform(0.06, 0.2)):
            pen.stroke(np.array([(x, 0), (x, bottom)]), wall, rng.uniform(0.01, 0.04))
    for _ in range(rng.integers(1, 4)):
        x, y = rng.uniform(-0.1, 0.9) * right, rng.uniform(-0.1, 0.4) * bottom
        frame = _box(x, y, rng.uniform(0.15, 0.45), rng.uniform(0.15, 0.45))
        pen.fill(frame, _any_colour(rng))
        pen.stroke(frame, _any_colour(rng), 0.03, closed=True)
    _below(pen, right, rng.uniform(0.55, 0.85) * bottom, _any_colour(rng))


def _landscape(pen: Pen, right: float, rng: np.random.Generator) -> None:
    """Hills, trees as balls and as triangles, a meadow with blades of grass."""
    bottom, horizon = 1 / right, rng.uniform(0.35, 0.7) / right
    ground = mix(_any_colour(rng), (90, 130, 60), 0.6)
    for _ in range(rng.integers(0, 4)):
        centre = (rng.uniform(0, right), horizon + 0.1)
        pen.fill(
            ellipse(centre, (rng.uniform(0.2, 0.6), rng.uniform(0.1, 0.4))),
            mix(ground, _any_colour(rng), 0.3),
        )
    for _ in range(rng.integers(0, 6)):
        x, size = rng.uniform(0, right), rng.uniform(0.08, 0.25)
        colour = mix(ground, _any_colour(rng), 0.4)
        if rng.random() < 0.5:
            pen.fill(ellipse((x, horizon - size), (size, size)), colour)
        else:
            pen.fill(np.array([(x - size, horizon), (x, horizon - 2.5 * size), (x + size, horizon)]), colour)
    _below(pen, right, horizon, ground)
    for x, y in rng.uniform((0, horizon), (right, bottom), (40, 2)):
        lean = rng.uniform(-0.02, 0.02)
        pen.stroke(
            np.array([(x, y), (x + lean, y - 0.05)]), mix(ground, (20, 40, 10), rng.uniform(0, 0.6)), 0.008
        )


def _lights(pen: Pen, right: float, rng: np.random.Generator) -> None:
    """Circles, as lights far out of focus."""
    for x, y in rng.uniform((0, 0), (right, 1 / right), (rng.integers(8, 30), 2)):
        radius = rng.uniform(0.03, 0.15)
        pen.fill(ellipse((x, y), (radius, radius)), _any_colour(rng))


def _clutter(pen: Pen, right: float, rng: np.random.Generator) -> None:
    """Triangles, boxes and blobs, so that no such shape gives a class away."""
    for x, y in rng.uniform((0, 0), (right, 1 / right), (rng.integers(5, 18), 2)):
        size = rng.uniform(0.08, 0.3)
        corners = moved(rng.uniform(-size, size, (rng.integers(3, 6), 2)), x, y)
        pen.fill(rounded(corners) if rng.random() < 0.5 else corners, _any_colour(rng))


def _below(pen: Pen, right: float, top: float, colour: Colour) -> None:
    pen.fill(_box(-0.1, top, right + 0.2, 2), colour)
    pen.stroke(curve((0, top), (right, top)), mix(colour, (0, 0, 0), 0.3), 0.012)


def _box(left: float, top: float, width: float, height: float) -> Points:
    return np.array([(left, top), (left + width, top), (left + width, top + height), (left, top + height)])


def _any_colour(rng: np.random.Generator) -> Colour:
    """Mostly muted, of any hue and brightness."""
    grey = rng.uniform(30, 235)
    red, green, blue = np.clip(grey + rng.normal(0, 28, 3), 0, 255)
    return float(red), float(green), float(blue)


def _gradient(height: int, width: int, first: Colour, second: Colour, rng: np.random.Generator) -> Image:
    """From one colour to another, in any direction."""
    share = rng.uniform(0, 1, (2, 2))
    corners = np.array([[mix(first, second, value) for value in row] for row in share], np.float32)
    smooth: Image = cv2.resize(corners, (width, height), interpolation=cv2.INTER_LINEAR).astype(np.uint8)
    return smooth


def _grained(canvas: Image, rng: np.random.Generator) -> Image:
    """With a texture: coarse or fine, faint or strong."""
    height, width = canvas.shape[:2]
    cells = int(rng.integers(6, 60))
    grain = rng.normal(0, rng.uniform(0, 14), (cells, cells)).astype(np.float32)
    grain = cv2.resize(grain, (width, height), interpolation=cv2.INTER_LINEAR)
    textured: Image = np.clip(canvas + grain[:, :, None], 0, 255).astype(np.uint8)
    return textured
