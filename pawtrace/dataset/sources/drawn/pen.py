"""Shapes, and a pen that draws them on a picture.

Shapes are float64 (n, 2) points (x to the right, y downwards) in units of an animal's head radius;
the pen knows where in the picture they lie. Colours are (red, green, blue), 0..255.
"""

from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]
Points = npt.NDArray[np.float64]
Place = tuple[float, float] | Points
Colour = tuple[float, float, float]

_SUBPIXEL_BITS = 4
_CIRCLE = np.linspace(0, 2 * np.pi, 28, endpoint=False)


class Pen(NamedTuple):
    """Draws on `canvas`, uint8 (height, width, 3), in place."""

    canvas: Image
    matrix: Points  # (2, 2): units to pixels, with the rotation in it
    centre_px: Points  # (2,): where the origin lies

    @property
    def unit_px(self) -> float:
        """Pixels per unit."""
        return float(np.hypot(*self.matrix[:, 0]))

    def on(self, canvas: Image) -> "Pen":
        """The same pen on another picture."""
        return self._replace(canvas=canvas)

    def fill(self, shape: Points, colour: Colour) -> None:
        """Fill a closed shape with one colour."""
        cv2.fillPoly(self.canvas, [self._fixed(shape)], colour, cv2.LINE_AA, _SUBPIXEL_BITS)

    def stroke(self, points: Points, colour: Colour, width: float, closed: bool = False) -> None:
        """Draw a line; `width` is in units, and at least one pixel."""
        width_px = max(1, round(width * self.unit_px))
        cv2.polylines(
            self.canvas, [self._fixed(points)], closed, colour, width_px, cv2.LINE_AA, _SUBPIXEL_BITS
        )

    def fill_with(self, shape: Points, texture: Image) -> None:
        """Fill a closed shape with what lies at the same place in a texture as large as the canvas."""
        pixels = shape @ self.matrix.T + self.centre_px
        height, width = self.canvas.shape[:2]
        left, top = np.clip(np.floor(pixels.min(axis=0)).astype(int) - 1, 0, (width, height))
        right, bottom = np.clip(np.ceil(pixels.max(axis=0)).astype(int) + 2, 0, (width, height))
        if right <= left or bottom <= top:
            return
        mask = np.zeros((bottom - top, right - left), np.uint8)
        cv2.fillPoly(mask, [_fixed_point(pixels - (left, top))], 255, cv2.LINE_AA, _SUBPIXEL_BITS)
        weight = mask[:, :, None].astype(np.uint16)
        part = self.canvas[top:bottom, left:right]
        part[:] = (texture[top:bottom, left:right] * weight + part * (255 - weight)) // 255

    def _fixed(self, points: Points) -> npt.NDArray[np.int32]:
        return _fixed_point(points @ self.matrix.T + self.centre_px)


def pen_at(canvas: Image, centre_px: tuple[float, float], unit_px: float, angle_degrees: float = 0) -> Pen:
    """A pen whose origin lies at `centre_px`, turned clockwise by `angle_degrees`."""
    angle = np.radians(angle_degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return Pen(canvas, turn * unit_px, np.array(centre_px, float))


def ellipse(centre: Place, radii: tuple[float, float]) -> Points:
    """An upright ellipse."""
    return np.stack([centre[0] + radii[0] * np.cos(_CIRCLE), centre[1] + radii[1] * np.sin(_CIRCLE)], axis=1)


def rounded(corners: Points | list[tuple[float, float]], times: int = 3) -> Points:
    """A closed shape with its corners cut off again and again (Chaikin 1974)."""
    points = np.asarray(corners, float)
    for _ in range(times):
        following = np.roll(points, -1, axis=0)
        points = np.stack([0.75 * points + 0.25 * following, 0.25 * points + 0.75 * following], axis=1)
        points = points.reshape(-1, 2)
    return points


def curve(*controls: Place) -> Points:
    """A quadratic or cubic Bezier curve through its first and its last control point."""
    points = np.asarray(controls, float)[:, None, :]  # (order + 1, 1, 2)
    along = np.linspace(0, 1, 14)[:, None]
    while len(points) > 1:
        points = (1 - along) * points[:-1] + along * points[1:]
    path: Points = points[0]
    return path


def moved(points: Points, right: float, down: float) -> Points:
    """One or more points, elsewhere."""
    shifted: Points = points + np.array((right, down))
    return shifted


def mirrored(shape: Points, side: int) -> Points:
    """The shape itself for side 1, its mirror image for side -1."""
    return shape * (side, 1)


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """A colour between two: `share` 0 gives the first, 1 the second."""
    red, green, blue = (a + (b - a) * share for a, b in zip(first, second, strict=True))
    return red, green, blue


def _fixed_point(pixels: Points) -> npt.NDArray[np.int32]:
    fixed: npt.NDArray[np.int32] = np.rint(pixels * 2**_SUBPIXEL_BITS).astype(np.int32)
    return fixed
