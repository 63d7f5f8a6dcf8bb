"""Define shapes: 3 kinds x 3 scales x 4 angles x 8 rows x 8 columns, 2,304 images of 16x16 pixels."""

import numpy as np

from jgen.data.factor_grid import Grid

PIXELS, DOTS = 16, 4


class Builder(Grid):
    """Builder of squares, ellipses and hearts, every combination of factors once, all images distinct.

    2,304 images of a square, an ellipse or a heart: x holds how many of the 4x4 dots under each of 16x16
    pixels lie inside, 0 to 16, as in ``digits``; factors the shape, its scale, its angle, and the row and
    column of its centre.
    """

    factors = {  # noqa: RUF012
        "shape": ("square", "ellipse", "heart"),
        "scale": (2.0, 2.5, 3.0),
        "angle": (0.0, 22.5, 45.0, 67.5),
        **dict.fromkeys(("row", "column"), tuple(4.5 + i for i in range(8))),
    }
    shape = (PIXELS, PIXELS, 1)
    highest = DOTS**2
    homepage = "https://github.com/google-deepmind/dsprites-dataset"
    citation = "After L. Matthey et al., dSprites: Disentanglement testing Sprites dataset, 2017."

    def render(self, factors: np.ndarray) -> np.ndarray:
        """Render the images; a shape moved by a row or a column is the same dots moved by a pixel."""
        values = [np.array(of)[factors[:, i], None, None] for i, of in enumerate(self.factors.values())]
        _, scale, angle, row, column = values  # [image, 1, 1]
        at = (np.arange(PIXELS * DOTS) + 0.5) / DOTS
        right, up = at[None, None, :] - column, row - at[None, :, None]
        cos, sin = np.cos(np.radians(angle)), np.sin(np.radians(angle))
        u, v = (cos * right + sin * up) / scale, (cos * up - sin * right) / scale  # [image, dot, dot]
        kind = factors[:, 0, None, None]
        dots = np.where(kind == 0, square(u, v), np.where(kind == 1, ellipse(u, v), heart(u, v))) < 0
        pixels = dots.reshape(-1, PIXELS, DOTS, PIXELS, DOTS).sum((2, 4))
        return pixels[..., None].astype(np.uint8)  # [image, row, column, 1]


def square(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Return a function that is negative inside the square of half side 1."""
    return np.maximum(np.abs(u), np.abs(v)) - 1


def ellipse(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Return a function that is negative inside the ellipse of half axes 1.3 and 0.65."""
    return (u / 1.3) ** 2 + (v / 0.65) ** 2 - 1


def heart(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Return a function that is negative inside the heart (u^2 + v^2 - 1)^3 = u^2 v^3, scaled by 1.03."""
    u, v = u / 1.03, v / 1.03
    return (u**2 + v**2 - 1) ** 3 - u**2 * v**3
