"""Hold neighbours and counts in balls to all distances by differences, also where distances are equal."""

import numpy as np
import pytest
from scipy.spatial import cKDTree

from jgen.evaluation import nearest_neighbours
from jgen.evaluation.nearest_neighbours import ball_counts, in_order, nearest, to_unit
from tests.helpers.distances import all_squared, neighbours_of


def check_neighbours(module, rng, rows, k):
    """Compare neighbours of rows, without themselves, with a sort of all distances."""
    (x,) = to_unit(rows)
    found = module.nearest(x, k)
    squared, indices = neighbours_of(x, k)
    assert (found.squared == squared).all()
    assert (found.indices == indices).all()
    own = all_squared(x, x)
    np.fill_diagonal(own, np.inf)
    assert (found.num_balls == (own <= squared[:, -1:]).sum(0)).all()
    order = rng.permutation(len(x))
    assert (module.nearest(x[order], k).num_balls == found.num_balls[order]).all()


def check_balls(module, centres, points, k):
    """Compare counts of points in closed balls with a count over all distances."""
    x, y = to_unit(centres, points)
    radii = neighbours_of(x, k)[0][:, -1]
    radii = np.stack([radii, np.minimum(radii, np.median(radii)), -np.ones(len(x))])
    inside = all_squared(x, y)[None] <= radii[:, :, None]
    found = module.ball_counts(x, radii, y)
    assert (found.by_centre == inside.sum(2)).all()
    assert (found.by_point == inside.sum(1)).all()


def samples(rng, kind, dim):
    """Draw centres and points: generic, whole numbers, with copies, with one far row, far from the origin."""
    x, y = rng.normal(size=(83, dim)), rng.normal(size=(47, dim))
    if kind == "whole":
        return np.round(x), np.round(y)
    if kind == "copies":
        y[:20] = x[:20]
        x[30:40] = x[0]
    if kind == "far row":
        x[3] = 1e9
    shift = 1e8 if kind == "far origin" else 0.0
    return x + shift, y + shift


KINDS = ("generic", "whole", "copies", "far row", "far origin")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dim", [1, 3, 64])
def test_neighbours_and_balls_are_those_of_all_distances(kind, dim, rng, monkeypatch):
    x, y = samples(rng, kind, dim)
    for block in (200, nearest_neighbours.BLOCK):
        monkeypatch.setattr(nearest_neighbours, "BLOCK", block)
        for k in (1, 4):
            check_neighbours(nearest_neighbours, rng, x, k)
            check_balls(nearest_neighbours, x, y, k)


def test_compiled_products_and_wide_rows_give_the_same(rng, monkeypatch):
    x, y = samples(rng, "copies", 5)
    monkeypatch.setattr(nearest_neighbours, "COMPILED_FROM", 0)
    monkeypatch.setattr(nearest_neighbours, "BLOCK", 1000)
    check_neighbours(nearest_neighbours, rng, x, 3)
    check_balls(nearest_neighbours, x, y, 3)
    monkeypatch.setattr(nearest_neighbours, "WIDEST", 4)
    check_neighbours(nearest_neighbours, rng, x, 3)
    check_balls(nearest_neighbours, x, y, 3)


def test_queries_have_the_neighbours_of_a_tree(rng):
    x, y = rng.normal(size=(300, 6)), rng.normal(size=(100, 6))
    found = nearest(x, 5, y)
    distances, indices = cKDTree(x).query(y, 5)
    assert (found.indices == indices).all()
    np.testing.assert_allclose(np.sqrt(found.squared), distances, rtol=1e-12)  # a sum of six squares


@pytest.mark.parametrize("power", [-280, 0, 280])
def test_units_are_exact_and_squares_finite(power, rng):
    x = np.ldexp(rng.normal(size=(30, 2)), power)
    found = nearest(*to_unit(x), 2)
    assert np.isfinite(found.squared).all()
    assert (found.indices == nearest(np.ldexp(x, -power), 2).indices).all()


def test_order_of_rows_is_forgotten(rng):
    x = np.round(rng.normal(size=(50, 2)))
    assert (in_order(x) == in_order(x[rng.permutation(50)])).all()


def test_constant_rows_are_all_neighbours():
    x = np.ones((6, 3))
    found = nearest(x, 2)
    assert (found.squared == 0).all()
    assert (found.num_balls == 5).all()
    assert (ball_counts(x, np.zeros((1, 6)), x).by_centre == 6).all()
