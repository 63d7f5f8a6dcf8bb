"""Check affine transformations of Gaussians, of mixtures and of other distributions."""

import functools

import jax
import numpy as np
import numpyro.distributions as dist
import pytest
import scipy.stats

from jgen.distributions import affine, log_prob_of
from tests.helpers.gaussian_spaces import BY_KIND, DIM, POINTS, check_density, log_density, parts, spaces

pytestmark = pytest.mark.usefixtures("x64")


@pytest.mark.parametrize("name", BY_KIND)
def test_elementwise_and_by_a_matrix(name, rng):
    weights, means, covariances = parts(name)
    shift, scale = rng.normal(size=DIM), np.array([2.0, -0.5, 1.5])
    matrices = (np.diag(scale), rng.normal(size=(DIM, DIM)), rng.normal(size=(2, DIM)))
    for given, matrix in zip((scale, *matrices[1:]), matrices, strict=True):
        moved = matrix @ means.T + shift[: len(matrix), None], matrix @ covariances @ matrix.T
        made = affine(spaces()[name], shift[: len(matrix)], given)
        assert isinstance(made, (type(spaces()[name]), dist.MultivariateNormal))
        truth = functools.partial(log_density, weights, moved[0].T, moved[1])
        check_density(made, truth, POINTS[:, : len(matrix)])


def test_gaussian_factor_is_lower_with_a_positive_diagonal():
    made = affine(spaces()["full"], 0.0, np.array([2.0, -0.5, 1.5]))
    assert np.all(np.diagonal(made.scale_tril) > 0)
    assert np.all(np.triu(made.scale_tril, 1) == 0)


@pytest.mark.parametrize("scale", [pytest.param(3.0, marks=pytest.mark.weekly), -3.0])
def test_any_continuous_distribution(scale):
    """Check the log-Jacobian, and a support that flips with the sign even when the sign is traced.

    A mean of draws, false-alarm rate 1e-6.
    """
    made = affine(dist.Gamma(2.0, 1.0), 1.0, scale)
    evaluate = jax.jit(log_prob_of)
    grid = np.linspace(-40.0, 40.0, 17)
    truth = scipy.stats.gamma(2.0).logpdf((grid - 1) / scale) - np.log(3)
    np.testing.assert_allclose([evaluate(made, x) for x in grid], truth, atol=1e-8)
    draws = made.sample(jax.random.key(0), (20_000,))
    assert abs(draws.mean() - (1 + 2 * scale)) < 4.9 * 3 * np.sqrt(2 / 20_000)  # CLT at 1e-6
    np.testing.assert_allclose([made.mean, made.variance], [1 + 2 * scale, 18], atol=1e-12)
