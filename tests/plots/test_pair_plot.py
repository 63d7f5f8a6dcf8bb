"""Check the panels of the pair plot."""

import numpy as np

from jgen import plots

DATA = np.random.default_rng(0).normal(size=(30, 3))
SCALES = np.array([1.0, 3.0, 9.0])


def log_prob(dims, points):
    """A normal with a different scale in each coordinate, so that swapped coordinates are detected."""
    scales = SCALES[list(dims)]
    return np.sum(-0.5 * (points / scales) ** 2 - np.log(scales * np.sqrt(2 * np.pi)), axis=-1)


def test_panels_have_data_below_the_diagonal_draws_above_and_the_right_marginals():
    data = 4 * DATA * SCALES
    axes = np.array(plots.pair_plot(data, data[:5], log_prob).axes).reshape(3, 3)
    np.testing.assert_array_equal(axes[2, 0].collections[0].get_offsets(), data[:, [0, 2]])
    np.testing.assert_array_equal(axes[0, 2].collections[0].get_offsets(), data[:5, [2, 0]])
    line = axes[1, 1].lines[0]
    np.testing.assert_allclose(line.get_ydata(), np.exp(log_prob((1,), line.get_xdata()[:, None])))
    assert [axis.get_xlabel() for axis in axes[2]] == ["x0", "x1", "x2"]
    outer = axes[2, 1].collections[1].get_paths()[0].vertices
    radius = np.sqrt(-2 * np.log(0.05))  # the 95 % region of two independent normals
    np.testing.assert_allclose(np.abs(outer).max(0), SCALES[1:] * radius, rtol=0.05)  # a grid of 80 points


def test_draws_and_contours_are_optional():
    axes = np.array(plots.pair_plot(DATA[:, :2]).axes).reshape(2, 2)
    assert not axes[0, 1].get_visible()
    flat = plots.pair_plot(DATA[:, :2], None, lambda _, points: np.zeros(len(points)))
    assert len(flat.axes[2].collections) == 1  # a flat density has no contours
