"""Distances in blocks against SciPy's differences, and orders that depend on values alone."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist, pdist

from jgen.evaluation.distances import pairwise_distances


@pytest.mark.parametrize("offset", [0.0, 1e8])
def test_distances_are_those_of_differences_at_any_offset(rng, offset):
    x = rng.normal(size=(30, 5)) + offset
    y = np.concatenate([x[:3], rng.normal(size=(20, 5)) + offset, rng.normal(size=(2, 5)) * 1e6])
    exact = cdist(x, y, "sqeuclidean")
    squared = pairwise_distances.squared_distances(x, y)
    np.testing.assert_allclose(squared, exact, rtol=1e-8)
    assert (squared[np.arange(3), np.arange(3)] == 0).all()


def test_two_clusters_far_apart_keep_their_inner_distances(rng):
    x = rng.normal(size=(40, 3)) + 1e7 * (np.arange(40) % 2)[:, None]
    np.testing.assert_allclose(
        pairwise_distances.squared_distances(x, x), cdist(x, x, "sqeuclidean"), rtol=1e-8
    )


def test_blocks_make_up_the_matrix(rng, monkeypatch):
    x, y = rng.normal(size=(11, 2)), rng.normal(size=(7, 2))
    monkeypatch.setattr(pairwise_distances, "BLOCK", 3 * 7)
    blocks = list(pairwise_distances.distance_blocks(x, y))
    assert [block.stop - block.start for block, _ in blocks] == [3, 3, 3, 2]
    joined = np.concatenate([values for _, values in blocks])
    np.testing.assert_allclose(joined, cdist(x, y, "sqeuclidean"), rtol=1e-9)


def test_order_depends_on_values_alone(rng):
    x = np.concatenate([rng.normal(size=(20, 3)), [[0.0, 1.0, 2.0], [-0.0, 1.0, 2.0]]])
    shuffled = x[rng.permutation(len(x))]
    first, second = (rows[pairwise_distances.canonical_order(rows)] for rows in (x, shuffled))
    np.testing.assert_array_equal(first, second)


def test_median_is_that_of_pairs_to_six_digits(rng, monkeypatch):
    x = rng.normal(size=(50, 3))
    assert pairwise_distances.median_distance(x) == float(f"{np.median(pdist(x)):.6g}")
    monkeypatch.setattr(pairwise_distances, "MOST_IN_MEDIAN", 40)
    assert pairwise_distances.median_distance(x) == pairwise_distances.median_distance(x[::-1])
    assert 0.8 < pairwise_distances.median_distance(x) / np.median(pdist(x)) < 1.25
