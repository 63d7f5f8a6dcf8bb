"""Check the rows and columns of a traversal."""

import numpy as np

from jgen import plots
from tests.helpers.drawn_images import framed


def test_each_latent_has_a_row_and_each_value_a_column():
    images = np.random.default_rng(0).uniform(size=(2, 4, 6, 5, 3))
    figure = plots.traversal(images, [-1.5, 0, 0.25, 3], ["size", "angle"])
    np.testing.assert_array_equal(framed(figure), images.reshape(8, 6, 5, 3))
    axis = figure.axes[0]
    assert [label.get_text() for label in axis.get_yticklabels()] == ["size", "angle"]
    assert [label.get_text() for label in axis.get_xticklabels()] == ["-1.5", "0", "0.25", "3"]
    np.testing.assert_array_equal(axis.get_xticks(), [2, 8, 14, 20])  # images are 5 wide, with gaps of 1
    np.testing.assert_array_equal(axis.get_yticks(), [2.5, 9.5])
