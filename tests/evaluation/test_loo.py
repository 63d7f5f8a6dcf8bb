"""Hold PSIS-LOO to conjugate regression, whose leave-one-out densities the hat matrix gives, and to ArviZ."""

import numpy as np
import pytest

from jgen.evaluation import loo
from tests.helpers.arviz import arviz_before_1


def regression(rng, size=50, noise=0.7, prior=2.0, num_draws=1000, outlier=0.0):
    """Return log likelihoods ``[chain, draw, observation]`` and the exact leave-one-out log densities."""
    x = rng.normal(size=(size, 3))
    y = x @ rng.normal(size=3) + noise * rng.normal(size=size)
    y[0] += outlier
    covariance = np.linalg.inv(x.T @ x / noise**2 + np.eye(3) / prior**2)
    mean = covariance @ x.T @ y / noise**2
    draws = mean + rng.normal(size=(4, num_draws, 3)) @ np.linalg.cholesky(covariance).T
    values = -0.5 * ((y - draws @ x.T) / noise) ** 2 - 0.5 * np.log(2 * np.pi * noise**2)
    leverage = np.einsum("ij,jk,ik->i", x, covariance, x) / noise**2
    variance = noise**2 / (1 - leverage)
    exact = -0.5 * ((y - x @ mean) / (1 - leverage)) ** 2 / variance - 0.5 * np.log(2 * np.pi * variance)
    refit = np.linalg.inv(x[1:].T @ x[1:] / noise**2 + np.eye(3) / prior**2)
    first = x[0] @ refit @ x[1:].T @ y[1:] / noise**2, noise**2 + x[0] @ refit @ x[0]
    assert (
        abs(exact[0] - (-0.5 * (y[0] - first[0]) ** 2 / first[1] - 0.5 * np.log(2 * np.pi * first[1]))) < 1e-9
    )
    return values, exact


def test_conjugate_regression_is_met(rng):
    """Of 6,000 draws and weights of small k an observation errs by less than .1, 50 of them by .15 in sum."""
    values, exact = regression(rng)
    found = loo(values, relative_efficiency=1.0)
    assert np.abs(found.values - exact).max() < 0.1
    assert abs(float(found.elpd.value) - exact.sum()) < 0.15
    assert abs(float(found.mean.value) * 50 - float(found.elpd.value)) < 1e-9
    assert 1.5 < found.num_effective < 5
    assert found.elpd.flags == ()


def test_an_observation_far_off_is_flagged(rng):
    values, _ = regression(rng, size=8, outlier=40.0)
    found = loo(values.reshape(-1, 8))
    assert found.pareto_k[0] > 0.7
    assert "refit" in found.elpd.flags[-1]


@pytest.mark.slow  # ArviZ imports for seconds
def test_values_are_those_of_arviz(rng):
    az = arviz_before_1()
    values, _ = regression(rng, outlier=5.0)
    data = az.from_dict(posterior={"b": np.zeros(values.shape[:2])}, log_likelihood={"y": values})
    expected = az.loo(data, pointwise=True, reff=0.8)
    found = loo(values, relative_efficiency=0.8)
    np.testing.assert_allclose(found.values, expected.loo_i.values, atol=1e-6)
    np.testing.assert_allclose(found.pareto_k, expected.pareto_k.values, atol=1e-6)
    assert abs(float(found.elpd.value) - expected.elpd_loo) < 1e-4
    assert abs(found.num_effective - expected.p_loo) < 1e-4


@pytest.mark.slow  # compiles twice more
def test_chains_that_move_slowly_have_longer_tails(rng):
    """Each draw ten times: the relative efficiency is .1, by which the tail takes more draws."""
    values, _ = regression(rng, size=5, num_draws=100)
    repeated = np.repeat(values, 10, axis=1)
    by_itself = loo(repeated)
    np.testing.assert_allclose(by_itself.pareto_k, loo(repeated, relative_efficiency=0.1).pareto_k, atol=0.3)


@pytest.mark.parametrize(
    ("shape", "entry", "words"),
    [((10,), 0.0, "log_likelihood"), ((10, 1), 0.0, "two observations"), ((10, 3), np.nan, "NaN")],
)
def test_bad_values_are_refused(shape, entry, words):
    with pytest.raises(ValueError, match=words):
        loo(np.full(shape, entry))
