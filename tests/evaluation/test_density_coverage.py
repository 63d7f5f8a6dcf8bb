"""Hold density and coverage to closed forms at the null, to counts over all distances, and to faults."""

import sys

import numpy as np
import pytest
from scipy.special import comb
from scipy.stats import hypergeom

from jgen.evaluation import density_coverage, density_coverage_metric
from jgen.evaluation.density_coverage import calibrate, expected_coverage, expected_filling
from tests.helpers.distances import all_squared, neighbours_of
from tests.helpers.false_alarms import z_of

MODULE = sys.modules["jgen.evaluation.density_coverage"]


def brute_force(real, generated, k):
    """Compute the four numbers, the last before calibration, from all distances."""
    radii = neighbours_of(real, k)[0][:, -1]
    clipped = np.minimum(radii, np.median(radii))
    across, own = all_squared(real, generated), all_squared(real, real)
    np.fill_diagonal(own, np.inf)
    inside = across <= radii[:, None]
    density, coverage = inside.sum() / (k * len(generated)), inside.any(1).mean()
    of_real = np.minimum((own <= clipped[:, None]).sum(0) / k, 1).mean()
    of_generated = np.minimum((across <= clipped[:, None]).sum(0) / k, 1).mean()
    return density, coverage, of_generated / of_real, np.minimum(inside.sum(1) / k, 1).mean()


def check_counts(module):
    """Compare the values with a count, on samples with equal rows."""
    rng = np.random.default_rng(0)
    for digits in (9, 0):
        real, generated = (np.round(rng.normal(size=(size, 2)), digits) for size in (60, 40))
        found = module.density_coverage(real=real, generated=generated, k=3)
        *expected, filling = brute_force(real, generated, 3)
        read = [float(one.value) for one in found]
        np.testing.assert_allclose(read[:3], expected, rtol=1e-12)
        np.testing.assert_allclose(read[3], module.calibrate(filling, 60, 40, 3), rtol=1e-12)


def test_values_are_counts_over_all_distances():
    check_counts(MODULE)


@pytest.mark.parametrize(("size", "truth"), [(100, 0.97106972), (1000, 0.96898414)])
def test_coverage_of_one_distribution_is_the_known_answer(size, truth):
    assert abs(expected_coverage(size, size, 5) - truth) < 5e-9
    assert abs(expected_coverage(size, size, 5) - (1 - comb(size - 1, 5) / comb(2 * size - 1, 5))) < 1e-12


@pytest.mark.parametrize("k", [1, 3, 5])
def test_clipped_coverage_before_calibration_is_the_known_answer(k):
    """The sum over hypergeometric ranks is a second way to the finite value."""
    assert abs(expected_filling(10**6, 10**6, k) - (1 - comb(2 * k, k) / 4**k)) < 3e-6
    n, m = 20, 33
    ranks = [hypergeom.sf(c - 1, n - 1 + m, m, c + k - 1) for c in range(1, k + 1)]
    assert abs(expected_filling(n, m, k) - sum(ranks) / k) < 1e-12


def test_calibration_inverts_the_expectation():
    for good in (0, 1, 7, 40, 90):
        assert abs(calibrate(expected_filling(60, good, 5), 60, 40, 5) - good / 40) < 1e-9
    assert calibrate(1.0, 60, 40, 5) == 4
    assert np.isnan(calibrate(np.nan, 60, 40, 5))


def read(real, generated, k):
    """Return the four numbers without their intervals."""
    *values, filling = MODULE._reading_of_pair(k, real, generated).values
    return [*values, float(calibrate(filling, len(real), len(generated), k))]


def test_one_distribution_reads_the_nulls(rng):
    """The mean of 300 pairs; the ratio and the bent calibration have a bias of order 1/n, below 2 %."""
    found = np.array([read(rng.normal(size=(60, 2)), rng.normal(size=(40, 2)), 3) for _ in range(300)])
    errors = found.std(0, ddof=1) / np.sqrt(300)
    nulls = 1, 1, expected_coverage(60, 40, 3), 1
    assert (np.abs(found.mean(0) - nulls) < z_of(4) * errors + [0, 0.02, 0, 0.02]).all()


def test_clipped_coverage_reads_the_share_of_good_rows(rng):
    for share in (0.25, 0.5):
        found = []
        for _ in range(40):
            generated = rng.normal(size=(200, 2))
            generated[: int(200 * (1 - share))] += 50
            found.append(read(rng.normal(size=(200, 2)), generated, 5)[3])
        assert abs(np.mean(found) - share) < z_of(2) * np.std(found) / np.sqrt(39)


def test_one_far_real_row_moves_only_the_plain_density(rng):
    """Its ball, of k = 1, reaches from 1,000 to the other rows, and all generated rows at 500 are inside."""
    real = rng.normal(size=(50, 1))
    real[0] = 1000.0
    density, clipped, *_ = read(real, rng.normal(500, 1, size=(50, 1)), 1)
    assert (density, clipped) == (1, 0)


def test_collapse_to_one_row_has_density_and_no_coverage(rng):
    real = rng.normal(size=(200, 2))
    collapsed = density_coverage(real=real, generated=np.repeat(real[:1] * 0.1, 200, axis=0))
    assert float(collapsed.density.value) > 0.5
    assert float(collapsed.coverage.value) < 0.1
    assert float(collapsed.clipped_coverage.value) < 0.1


@pytest.mark.parametrize(
    ("samples", "options", "words"),
    [
        (((6, 2), (20, 2)), {"k": 5}, "7 or more rows"),
        (((20, 2), (20, 3)), {"k": 5}, "rows of one size"),
        (((20, 2), (20, 2)), {"k": 0}, "from 1"),
    ],
)
def test_bad_samples_are_refused(samples, options, words, rng):
    real, generated = (rng.normal(size=shape) for shape in samples)
    with pytest.raises(ValueError, match=words):
        density_coverage(real=real, generated=generated, **options)


def test_constant_rows_are_flagged():
    found = density_coverage(real=np.zeros((20, 2)), generated=np.zeros((20, 2)))
    assert all(any("radius 0" in flag for flag in one.flags) for one in found)


def test_batches_and_order_of_rows_do_not_matter(rng):
    real, generated = rng.normal(size=(40, 2)), rng.normal(size=(30, 2))
    metric = density_coverage_metric(k=2)
    state = metric.merge(
        metric.accumulate(metric.empty(), generated=generated[::-1]),
        metric.accumulate(metric.accumulate(metric.empty(), real=real[20:]), real=real[:20]),
    )
    assert repr(metric.compute(state)) == repr(density_coverage(real=real, generated=generated, k=2))
