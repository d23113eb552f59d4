"""Cats and dogs, seen from the front: the shapes that tell them apart.

A pen's unit is the radius of the head, its origin the middle of the head.
"""

import cv2
import numpy as np

from pawtrace.dataset.sources.drawn.coat import Look
from pawtrace.dataset.sources.drawn.pen import (
    Colour,
    Pen,
    Points,
    curve,
    ellipse,
    mirrored,
    mix,
    moved,
    rounded,
)

_SIDES = (-1, 1)
_DARK: Colour = (24, 20, 20)
_WHITE: Colour = (250, 248, 244)
_DOG_EARS = (
    np.array([(0.45, -0.95), (0.95, -0.85), (1.3, 0.1), (1.32, 1.05), (0.9, 1.1), (0.72, 0.0)]),
    np.array([(0.4, -0.98), (0.95, -0.98), (1.4, -0.1), (1.2, 0.5), (0.82, 0.1)]),
    np.array([(0.25, -0.8), (0.6, -1.35), (0.95, -1.2), (1.5, -0.3), (1.3, -0.1), (0.75, -0.55)]),
)
_TONGUE_OUT = 0.35  # of the cats, too: else pink alone would say dog


def draw_cat_head(pen: Pen, look: Look, rng: np.random.Generator) -> None:
    """Pointed ears, a round face, slit pupils, a small triangular nose, whiskers."""
    _cat_ears(pen, look, rng)
    width = rng.uniform(0.94, 1.08)
    skull = _both_halves([(0.0, -0.9), (0.6, -0.84), (1.02, -0.25), (1.06, 0.35), (0.55, 0.86), (0.0, 0.92)])
    _furry(pen, skull * (width, 1), look)
    middle = np.array((0.2 * look.yaw, 0.06 * look.pitch))
    _cat_muzzle(pen, moved(middle, 0.06 * look.yaw, 0.3), look, rng)
    tilt, size = rng.uniform(-0.05, 0.08), rng.uniform(0.85, 1.15)
    for side in _SIDES:
        almond = rounded([(-0.27, tilt), (-0.02, -0.22), (0.27, -tilt), (0.02, 0.2)], 2) * size
        centre = moved(middle, side * 0.43 - 0.06 * look.yaw, -0.14)
        _eye(pen, mirrored(almond, side) + centre, ellipse(centre, (0.06, 0.16 * size)), look)


def draw_dog_head(pen: Pen, look: Look, rng: np.random.Generator) -> None:
    """Hanging ears, a long muzzle with a big nose, round pupils, sometimes a tongue."""
    skull = _both_halves([(0.0, -0.95), (0.55, -0.92), (0.86, -0.45), (0.84, 0.2), (0.55, 0.75), (0.0, 0.85)])
    _furry(pen, skull * (rng.uniform(0.94, 1.08), 1), look)
    _dog_ears(pen, look, rng)
    middle = np.array((0.16 * look.yaw, 0.06 * look.pitch - 0.22))
    size = rng.uniform(0.85, 1.15)
    for side in _SIDES:
        centre = moved(middle, side * 0.37 - 0.06 * look.yaw, 0)
        eye, pupil = (ellipse(centre, (radius * size, radius * size)) for radius in (0.15, 0.09))
        _eye(pen, eye, pupil, look)
    _dog_muzzle(pen, look, rng)


def draw_body(pen: Pen, look: Look, is_dog: bool, rng: np.random.Generator) -> None:
    """Sitting or lying, with legs and a tail: thin and long for a cat, thick and short for a dog."""
    side = int(rng.choice(_SIDES))
    stoutness = rng.uniform(0.85, 1.15) * (1.08 if is_dog else 0.95)
    if rng.random() < 0.6:
        _tail(pen, look, (0.8 * side, 2.7), side, is_dog, rng)
        _sitting(pen, look, stoutness)
    else:
        _tail(pen, look, (3.3 * side, 1.1), side, is_dog, rng)
        _lying(pen, look, side, stoutness)


def draw_collar(pen: Pen, rng: np.random.Generator) -> None:
    """A band around the neck with a tag; cats and dogs wear the same."""
    colour = (float(rng.uniform(20, 230)), float(rng.uniform(20, 200)), float(rng.uniform(20, 230)))
    pen.stroke(curve((-0.62, 0.78), (0, 1.25), (0.62, 0.78)), colour, 0.16)
    pen.fill(ellipse((0, 1.12), (0.12, 0.12)), (226, 190, 80))


def _cat_ears(pen: Pen, look: Look, rng: np.random.Generator) -> None:
    tip = np.array((rng.uniform(0.62, 0.95), rng.uniform(-1.75, -1.4)))
    inside = mix(look.muzzle, look.tongue, rng.uniform(0.05, 0.45))
    for side in _SIDES:
        lean = rng.uniform(-0.1, 0.1) - 0.08 * side * look.yaw
        end = moved(tip, lean, 0)
        ear = np.concatenate([curve((0.1, -0.7), (0.32, -1.25), end), curve(end, (1.08, -0.9), (1.02, -0.2))])
        pen.fill(mirrored(ear, side), look.ears)
        pen.stroke(mirrored(ear, side), look.outline, 0.05)
        pen.fill(mirrored((ear - (0.6, -0.8)) * 0.6 + (0.6, -0.85), side), inside)


def _cat_muzzle(pen: Pen, nose: Points, look: Look, rng: np.random.Generator) -> None:
    if rng.random() < _TONGUE_OUT:
        _tongue(pen, moved(nose, 0, 0.36), (0.11, rng.uniform(0.13, 0.2)), look)
    for side in _SIDES:
        pen.fill(ellipse(moved(nose, side * 0.2, 0.17), (0.27, 0.21)), look.muzzle)
    pen.fill(np.array([(-0.13, -0.07), (0.13, -0.07), (0.0, 0.1)]) + nose, look.nose)
    for side in _SIDES:
        lip = curve((0, 0.1), (0.02, 0.32), (0.26, 0.26))
        pen.stroke(mirrored(lip, side) + nose, look.outline, 0.04)
        for rise in (-0.16, 0.0, 0.16):
            end = (rng.uniform(0.95, 1.25), rise + rng.uniform(-0.1, 0.15))
            whisker = curve((0.26, 0.17 + 0.3 * rise), (0.6, 0.1 + rise), end)
            pen.stroke(mirrored(whisker, side) + nose, look.whiskers, 0.018)


def _dog_ears(pen: Pen, look: Look, rng: np.random.Generator) -> None:
    """Long and hanging, short and hanging, or upright with a folded tip."""
    ear = _DOG_EARS[rng.integers(len(_DOG_EARS))] * (1, rng.uniform(0.85, 1.15))
    for side in _SIDES:
        swing = rng.uniform(-0.04, 0.06) * (ear[:, 1:] + 1)  # the further down, the more
        shape = moved(mirrored(rounded(ear + swing * (1, 0)), side), -0.08 * look.yaw, 0)
        pen.fill(shape, look.ears)
        pen.stroke(shape, look.outline, 0.05, closed=True)


def _dog_muzzle(pen: Pen, look: Look, rng: np.random.Generator) -> None:
    """The muzzle points where the head looks; the nose sits on its end."""
    width = rng.uniform(0.36, 0.46)
    end = np.array((0.42 * look.yaw, 0.52 + 0.1 * look.pitch))
    root = ellipse((0.18 * look.yaw, -0.05), (0.6 * width, 0.3))
    tip = ellipse(end, (width, 0.42))
    muzzle = _hull(np.concatenate([root, tip]))
    if rng.random() < _TONGUE_OUT:
        _tongue(pen, moved(end, rng.uniform(-0.1, 0.1), 0.48), (0.16, rng.uniform(0.2, 0.36)), look)
    pen.fill(muzzle, look.muzzle)
    pen.stroke(tip, look.outline, 0.035)
    nose = rounded([(-0.3, -0.22), (0.3, -0.22), (0.24, 0.08), (0.0, 0.2), (-0.24, 0.08)], 2)
    pen.fill(nose * rng.uniform(0.95, 1.2) + moved(end, 0, -0.12), look.nose)
    pen.fill(ellipse(moved(end, -0.06, -0.24), (0.07, 0.03)), mix(look.nose, _WHITE, 0.6))
    for side in _SIDES:
        lip = curve((0, 0.05), (0.02, 0.32), (0.3, 0.2))
        pen.stroke(mirrored(lip, side) + end, look.outline, 0.045)


def _tongue(pen: Pen, centre: Points, radii: tuple[float, float], look: Look) -> None:
    tongue = ellipse(centre, radii)
    pen.fill(tongue, look.tongue)
    pen.stroke(tongue, mix(look.tongue, _DARK, 0.4), 0.03, closed=True)


def _eye(pen: Pen, eye: Points, pupil: Points, look: Look) -> None:
    pen.fill(eye, look.eyes)
    pen.fill(pupil, _DARK)
    pen.stroke(eye, _DARK, 0.05, closed=True)
    glint = moved(pupil.mean(axis=0), 0.05, -0.06)
    pen.fill(ellipse(glint, (0.035, 0.035)), _WHITE)


def _sitting(pen: Pen, look: Look, stoutness: float) -> None:
    torso = [(0.0, 0.4), (0.55, 0.45), (0.9, 1.6), (1.25, 2.7), (0.95, 3.35), (0.0, 3.4)]
    _furry(pen, _both_halves(torso) * (stoutness, 1), look)
    for side in _SIDES:
        leg = rounded([(0.1, 1.6), (0.5, 1.6), (0.48, 3.1), (0.62, 3.5), (0.08, 3.5)])
        _furry(pen, mirrored(leg, side), look)


def _lying(pen: Pen, look: Look, side: int, stoutness: float) -> None:
    torso = [(-0.7, 0.3), (0.6, 0.3), (2.2, 0.2), (3.5, 0.7), (3.5, 1.7), (1.0, 1.8), (-0.7, 1.7)]
    _furry(pen, mirrored(rounded(torso) * (1, stoutness), side), look)
    for start in (-0.75, 0.15):
        paw = rounded([(start, 1.15), (start + 0.7, 1.15), (start + 0.7, 1.85), (start, 1.85)])
        _furry(pen, mirrored(paw, side), look)


def _tail(
    pen: Pen, look: Look, root: tuple[float, float], side: int, is_dog: bool, rng: np.random.Generator
) -> None:
    reach, rise = rng.uniform((0.6, 0.9), (1.1, 1.4)) if is_dog else rng.uniform((1.0, 1.4), (1.7, 2.4))
    bow = (root[0] + side * reach * 1.2, root[1] + 0.2)
    tip = (root[0] + side * reach * rng.uniform(0.5, 1), root[1] - rise)
    width = rng.uniform(0.32, 0.42) if is_dog else rng.uniform(0.16, 0.24)
    tail = curve(root, bow, tip)
    pen.stroke(tail, look.outline, width + 0.08)
    pen.stroke(tail, look.ears, width)


def _furry(pen: Pen, shape: Points, look: Look) -> None:
    pen.fill_with(shape, look.coat)
    pen.stroke(shape, look.outline, 0.05, closed=True)


def _both_halves(right: list[tuple[float, float]]) -> Points:
    """A symmetric rounded shape from its right half, which runs from the top to the bottom."""
    left = [(-x, y) for x, y in reversed(right) if x]
    return rounded(right + left)


def _hull(points: Points) -> Points:
    hull: Points = cv2.convexHull(points.astype(np.float32))[:, 0].astype(np.float64)
    return hull
