"""Check the conversion of images to colours."""

import numpy as np
from matplotlib.colors import to_rgb

from jgen.plots.image_canvas import pixels
from jgen.plots.style import PALETTE


def test_pixels_are_clipped_and_nan_is_orange():
    images = np.array([-1.0, 0.25, 2.0, np.nan]).reshape(1, 2, 2, 1)
    found = pixels(images, "images", ["image"]).reshape(4, 3)
    np.testing.assert_array_equal(found, [3 * [0.0], 3 * [0.25], 3 * [1.0], to_rgb(PALETTE[1])])
    colours = np.random.default_rng(0).uniform(size=(2, 3, 4, 5, 3))
    np.testing.assert_array_equal(pixels(colours, "images", ["row", "column"]), colours)
