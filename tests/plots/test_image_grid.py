"""Check the order and the titles of images in a grid."""

import numpy as np

from jgen import plots
from tests.helpers.drawn_images import canvas_of, framed, frames_of, grey

GREY = np.random.default_rng(0).uniform(size=(11, 6, 5, 1))


def test_every_image_is_drawn_once_in_order():
    figure = plots.image_grid(GREY, columns=4)
    np.testing.assert_array_equal(framed(figure), grey(GREY))
    assert canvas_of(figure).shape == (3 * 6 + 2, 4 * 5 + 3, 3)
    assert canvas_of(plots.image_grid(GREY)).shape == (2 * 6 + 1, 8 * 5 + 7, 3)
    np.testing.assert_array_equal(canvas_of(plots.image_grid(GREY[:1])), grey(GREY[0]))


def test_titles_are_above_their_images():
    figure = plots.image_grid(GREY, [str(i) for i in range(11)], columns=4)
    np.testing.assert_array_equal(framed(figure), grey(GREY))
    for i, (text, frame) in enumerate(zip(figure.axes[0].texts, frames_of(figure), strict=True)):
        assert text.get_text() == str(i)
        x, y = text.get_position()
        assert x == (frame[:, 0].min() + frame[:, 0].max()) / 2
        assert 0 < frame[:, 1].min() - y < 1
