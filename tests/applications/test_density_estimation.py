"""Fits from many starts, and what they are worth on rows they have not seen."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest

from jgen.applications import cross_validate, fit_mixture
from jgen.data import load
from jgen.testing import count_compilations

KEY = jax.random.key(1)


def test_one_component_is_the_gaussian_of_the_data():
    """Maximum likelihood of one Gaussian is closed form: the mean and the biased covariance."""
    rows = np.asarray(load("iris")["x"], np.float64)
    found = fit_mixture(KEY, jnp.asarray(rows, jnp.float32), 1, num_restarts=2)
    covariance = np.cov(rows.T, bias=True)
    truth = -0.5 * len(rows) * (4 * np.log(2 * np.pi) + np.linalg.slogdet(covariance)[1] + 4)
    assert abs(found.log_likelihood[:, -1].max() - truth) < 0.01  # 150 rows, each to 7 digits of float32
    np.testing.assert_allclose(found.distribution.mean, rows.mean(0), rtol=1e-3)


def test_a_degenerate_restart_is_passed_over():
    """Repeated rows draw a component into a point; what is kept is no such solution."""
    rows = np.concatenate([np.random.default_rng(0).normal(size=(40, 2)), np.tile([[9.0, 9.0]], (10, 1))])
    found = fit_mixture(KEY, jnp.asarray(rows, jnp.float32), 2, num_restarts=8)
    assert found.degenerate.any()
    if not found.degenerate.all():
        kept = found.log_likelihood[~found.degenerate, -1].max()
        assert kept < found.log_likelihood[found.degenerate, -1].max()


def test_other_rows_compile_nothing():
    rows = jnp.asarray(load("iris")["x"], jnp.float32)
    fit_mixture(KEY, rows, 2, num_restarts=2, num_steps=20)
    with count_compilations() as compiled:
        fit_mixture(jax.random.key(2), rows[::-1] + 1.0, 2, num_restarts=2, num_steps=20)
    assert len(compiled) <= 2  # the reversal and the sum of this test itself


def gaussian_of(rows):
    return dist.Normal(rows.mean(), jnp.float32(2.0))


def test_held_out_rows_are_not_seen():
    rows = jnp.arange(12.0)
    found = cross_validate(KEY, rows, gaussian_of, num_folds=12)
    others = (rows.sum() - rows) / 11
    truth = jax.vmap(lambda row, mean: dist.Normal(mean, 2.0).log_prob(row))(rows, others)
    np.testing.assert_allclose(found, truth, rtol=1e-5)


def test_a_failed_fold_is_nan():
    fits = iter([None, dist.Normal(0.0, 1.0)])
    found = cross_validate(KEY, jnp.arange(4.0), lambda _: next(fits), num_folds=2)
    assert np.isnan(found).sum() == 2


@pytest.mark.parametrize("num_folds", [1, 5])
def test_impossible_folds_are_refused(num_folds):
    with pytest.raises(ValueError, match="num_folds must be 2 or more"):
        cross_validate(KEY, jnp.arange(4.0), gaussian_of, num_folds=num_folds)
