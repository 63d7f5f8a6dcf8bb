"""Hold precision and recall to known answers, to counts over all distances, and to their resolution."""

import sys

import numpy as np
import pytest

from jgen.evaluation import precision_recall
from tests.helpers.distances import all_squared, neighbours_of

MODULE = sys.modules["jgen.evaluation.precision_recall"]


def brute_force(real, generated, k):
    """Compute both from all distances."""
    across = all_squared(real, generated)
    of_real, of_generated = (neighbours_of(sample, k)[0][:, -1] for sample in (real, generated))
    return (across <= of_real[:, None]).any(0).mean(), (across <= of_generated[None]).any(1).mean()


def check_counts(module):
    """Compare the values with a count, on samples with equal rows."""
    rng = np.random.default_rng(0)
    for digits in (9, 0):
        real, generated = (np.round(rng.normal(size=(size, 2)), digits) for size in (60, 40))
        found = module.precision_recall(real=real, generated=generated, k=2)
        read = [float(one.value) for one in found]
        np.testing.assert_allclose(read, brute_force(real, generated, 2), rtol=1e-12)


def check_collapse(module):
    """Check that a collapsed generator has precision and no recall: published code read a recall of .99."""
    rng = np.random.default_rng(1)
    found = module.precision_recall(
        real=rng.normal(size=(200, 2)), generated=0.01 * rng.normal(size=(200, 2))
    )
    assert float(found.precision.value) > 0.9
    assert float(found.recall.value) < 0.1


def check_null(module):
    """Check the null in 1-D with k = 1, 3/4, at 2,000 rows: 5 sd of a share of pairs are .06."""
    rng = np.random.default_rng(2)
    real = rng.uniform(size=(2000, 1))
    found = module.precision_recall(real=real, generated=rng.uniform(size=(50, 1)), k=1)
    assert abs(float(found.precision.null.value) - 0.75) < 0.06


def test_values_are_counts_over_all_distances():
    check_counts(MODULE)


def test_a_collapsed_generator_has_no_recall():
    check_collapse(MODULE)


def test_the_null_of_one_dimension():
    check_null(MODULE)


@pytest.mark.parametrize(("dim", "truth"), [(2, 0.979), (16, 0.787), (64, 0.623)])
def test_the_null_of_normals(dim, truth, rng):
    """The known answers, from rows left out, and from the mean of fresh pairs; sd of one is .02 at most."""
    read = []
    for _ in range(2):
        real, generated = rng.normal(size=(2, 1000, dim))
        balls = MODULE.nearest(real, 3)
        inside = MODULE.ball_counts(real, balls.squared[:, -1][None], generated).by_point > 0
        read += [inside.mean(), (balls.num_balls > 0).mean()]
    assert (np.abs(np.array(read) - truth) < 0.1).all()
    assert abs(np.mean(read) - truth) < 0.05


@pytest.mark.parametrize(("dim", "reads", "is_flagged"), [(1, 0.2, False), (8, 0.78, True), (64, 0.87, True)])
def test_shifted_cubes_are_flagged_where_precision_does_not_see_them(dim, reads, is_flagged, rng):
    """Cubes that overlap by .2. Disjoint halves read .6 of the null at D = 8, and half is the limit."""
    real, generated = rng.uniform(size=(2, 1000, dim))
    found = precision_recall(real=real, generated=generated + 1 - 0.2 ** (1 / dim), k=5)
    assert abs(float(found.precision.value) - reads) < 0.08
    assert ("beyond_resolution" in found.precision.flags) == is_flagged
    assert ("beyond_resolution" in found.recall.flags) == is_flagged


def test_normals_are_flagged_in_many_dimensions_alone(rng):
    for dim, is_flagged in [(2, False), (32, True)]:
        real, generated = rng.normal(size=(2, 400, dim))
        found = precision_recall(real=real, generated=generated)
        assert ("beyond_resolution" in found.precision.flags) == is_flagged


def test_too_few_rows_are_refused(rng):
    with pytest.raises(ValueError, match="5 or more rows of each sample; got 4 of generated"):
        precision_recall(real=rng.normal(size=(9, 2)), generated=rng.normal(size=(4, 2)))


def test_samples_too_small_for_a_variance_are_flagged(rng):
    found = precision_recall(real=rng.normal(size=(6, 2)), generated=rng.normal(size=(6, 2)))
    assert "the standard error is not known" in found.precision.flags


def test_constant_rows_are_flagged():
    found = precision_recall(real=np.zeros((20, 2)), generated=np.zeros((20, 2)))
    assert any("radius 0" in flag for flag in found.precision.flags)
