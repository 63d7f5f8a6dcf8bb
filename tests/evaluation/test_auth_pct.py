"""Hold the share of authentic rows to its closed form for fresh rows, and to planted copies."""

import sys

import numpy as np
import pytest

from jgen.evaluation import auth_pct
from jgen.evaluation.auth_pct import memorised_pair
from jgen.evaluation.nearest_neighbours import nearest
from tests.helpers.distances import all_squared, neighbours_of

MODULE = sys.modules["jgen.evaluation.auth_pct"]


def brute_force(training, generated):
    """Compute the share of authentic rows from all distances."""
    across = all_squared(generated, training)
    closest = across.argmin(1)
    return (neighbours_of(training, 1)[0][closest, 0] < across.min(1)).mean()


def check_share(module):
    """Compare the share with a count, and on training rows of which each has a twin."""
    rng = np.random.default_rng(0)
    training, generated = rng.normal(size=(80, 3)), rng.normal(size=(50, 3))
    found = module.auth_pct(real=training, generated=generated)
    assert abs(float(found.authentic.value) - brute_force(training, generated)) < 1e-12
    twins = module.auth_pct(real=np.repeat(training, 2, axis=0), generated=training)
    assert [float(twins.authentic.value), float(twins.copies.value)] == [0, 1]


@pytest.mark.parametrize(("dim", "truth"), [(1, 1 / 3), (2, 0.37849510), (3, 11 / 27)])
def test_fresh_rows_read_the_known_answer(dim, truth, rng):
    """Rows left out and fresh rows, 6,000 of each: sd .0087 as pairs go by two; borders of a cube add .01."""
    training, fresh = rng.uniform(size=(2, 6000, dim))
    own, across = nearest(training, 1), nearest(training, 1, fresh)
    authentic = (own.squared[across.indices[:, 0], 0] < across.squared[:, 0]).mean()
    assert abs(MODULE._null(own) - truth) < 0.044 + 0.005 * (dim - 1)
    assert abs(authentic - truth) < 0.044 + 0.005 * (dim - 1)


def test_shares_are_counts_over_all_distances():
    check_share(MODULE)


def test_memorised_rows_are_flagged_and_fresh_ones_not(rng):
    found = auth_pct(**memorised_pair(rng, 300, 300, 1.0))
    assert found.minus_null.flags[0].startswith("memorised")
    assert float(found.copies.value) == 0
    share = np.exp(-1)  # of fresh rows; sd of the share is .03
    assert abs(float(found.authentic.value) - share * 0.378) < 0.15
    far = auth_pct(real=rng.normal(size=(100, 2)), generated=rng.normal(50, 1, (100, 2)))
    assert float(far.authentic.value) == 1
    assert far.minus_null.flags == ()


def test_too_few_rows_are_refused(rng):
    with pytest.raises(ValueError, match="3 or more rows"):
        auth_pct(real=rng.normal(size=(2, 2)), generated=rng.normal(size=(9, 2)))
