"""Check the distance of two Gaussians against closed forms, SciPy's square root, and derivatives."""

import numpy as np
import pytest
import scipy.linalg

from jgen.evaluation.feature_moments import Moments, moments_of
from jgen.evaluation.gaussian_transport import (
    Gaussian,
    distance,
    from_moments,
    gaussian_influence_variance,
    gaussian_of,
    influences,
    quick_distance,
    transport_maps,
)

SQUARE = np.array([[0.0, 0.0], [0.0, 2.0], [2.0, 0.0], [2.0, 2.0]])


def normals(shape):
    """Draw the two samples of KNOWN_ANSWERS."""
    return np.random.default_rng(1).normal(size=shape), np.random.default_rng(2).normal(size=shape) + 0.5


def by_eigenvalues(x, y):
    """Compute the distance by the eigenvalues of the product of covariances, as others do."""
    s, t, shift = np.cov(x.T), np.cov(y.T), x.mean(0) - y.mean(0)
    product = np.maximum(np.linalg.eigvals(s @ t).real, 0.0)
    return shift @ shift + np.trace(s) + np.trace(t) - 2 * np.sqrt(product).sum()


@pytest.mark.parametrize("compute", [distance, quick_distance])
@pytest.mark.parametrize(("shape", "value"), [((64, 256), 376.68912), ((256, 64), 25.816827)])
def test_known_values_in_more_and_in_fewer_dimensions_than_rows(compute, shape, value):
    x, y = normals(shape)
    found = compute(gaussian_of(x), gaussian_of(y))
    assert abs(found - value) < 5e-6
    assert abs(found - by_eigenvalues(x, y)) < 1e-4  # its eigenvalues that are 0 are rounding, by its root


def test_the_corners_of_a_square():
    assert abs(distance(gaussian_of(SQUARE), gaussian_of(2 * SQUARE + 1)) - 32 / 3) < 1e-13


def test_diagonal_covariances_have_the_closed_form(rng):
    """The distance is that of the means and of the standard deviations."""
    s, t, means = rng.exponential(size=6), rng.exponential(size=6), rng.normal(size=(2, 6))
    turn = np.linalg.qr(rng.normal(size=(6, 6)))[0]
    pair = [from_moments(Moments(m, (turn * v) @ turn.T, 50)) for m, v in zip(means, (s, t), strict=True)]
    exact = ((means[0] - means[1]) ** 2).sum() + ((np.sqrt(s) - np.sqrt(t)) ** 2).sum()
    np.testing.assert_allclose(distance(*pair), exact, rtol=1e-13)
    np.testing.assert_allclose(quick_distance(*pair), exact, rtol=1e-12)


@pytest.mark.parametrize(
    "rows",
    [
        lambda rng: rng.normal(size=(40, 90)),
        lambda rng: rng.normal(size=(200, 60)),
        lambda rng: rng.normal(size=(200, 60)) * np.logspace(0, -9, 60),
        lambda rng: rng.normal(size=(200, 60)) * (np.arange(60) < 50),
        lambda rng: rng.normal(size=(200, 3)) @ rng.normal(size=(3, 60)) + 100,
        lambda rng: rng.integers(2, size=(200, 1)) * np.ones(60),
        lambda rng: 0 * rng.normal(size=(20, 4)) + 7,
    ],
    ids=["few", "many", "ill-conditioned", "constant columns", "rank 3", "equal columns", "constant"],
)
def test_a_sample_with_itself_is_at_0(rows, rng):
    """Within rounding of the trace, from which it is a difference."""
    x = rows(rng)
    found = distance(gaussian_of(x), gaussian_of(x[rng.permutation(len(x))]))
    assert 0 <= found <= 1e-11 * (np.cov(x.T).trace() + 1e-3)


def test_the_maps_move_one_gaussian_to_the_other(rng):
    """T S T = S', T symmetric and positive, and SciPy's square root gives the same."""
    x, y = rng.normal(size=(30, 4)), rng.normal(size=(40, 4)) @ rng.normal(size=(4, 4))
    s, t = np.cov(x.T), np.cov(y.T)
    there, back = transport_maps(gaussian_of(x), gaussian_of(y))
    root = scipy.linalg.sqrtm(s)
    inverse = np.linalg.inv(root)
    np.testing.assert_allclose(there, inverse @ scipy.linalg.sqrtm(root @ t @ root) @ inverse, atol=1e-9)
    np.testing.assert_allclose(there @ s @ there, t, atol=1e-10)
    np.testing.assert_allclose(there @ back, np.eye(4), atol=1e-9)


@pytest.mark.parametrize("shapes", [((30, 5), (40, 5)), ((5, 30), (6, 30)), ((7, 9), (40, 9))])
def test_influences_are_derivatives(shapes, rng):
    """Along a mixture with a point at the row: the distance by weighted rows, differenced; of float32."""
    x, y = (rng.normal(size=shape) * (1 + i) + i for i, shape in enumerate(shapes))
    first, second = weighted(x, 0, 0.0), weighted(y, 0, 0.0)
    there, back = transport_maps(first, second)
    for rows, here, other, transport in ((x, first, second, there), (y, second, first, back)):
        found = influences(rows, here, other, transport)
        for index in (0, 3):
            up, down = (distance(weighted(rows, index, step), other) for step in (1e-5, -1e-5))
            assert abs((up - down) / 2e-5 - found[index]) < 1e-4 * np.abs(found).max()


def weighted(rows, index, step):
    """Return the Gaussian of rows, over n, where the weight of one is larger by a step."""
    weights = np.full(len(rows), (1 - step) / len(rows))
    weights[index] += step
    mean = weights @ rows
    return Gaussian(mean, ((rows - mean) * np.sqrt(weights)[:, None]).T, len(rows))


def test_the_variance_of_gaussian_rows_is_that_of_their_influences(rng):
    x, y = rng.normal(size=(40_000, 3)), rng.normal(size=(50, 3)) * 2 + 1
    first, second = from_moments(moments_of(x)), gaussian_of(y)
    there, _ = transport_maps(first, second)
    simulated = influences(x, first, second, there).var()
    exact = gaussian_influence_variance(first, second, there)
    assert abs(simulated / exact - 1) < 6 * np.sqrt(15 / 40_000)  # kurtosis of a quadratic form is 15 at most
