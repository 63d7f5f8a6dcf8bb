"""Check mixtures from many starts against closed forms."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jgen.applications import fit_mixture
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


@pytest.mark.slow
@pytest.mark.usefixtures("unoptimised")
def test_a_degenerate_restart_is_not_chosen_and_other_rows_compile_nothing():
    """Repeated rows attract a component; its likelihood is bounded by the lower bound of the scales."""
    rows = np.concatenate([np.random.default_rng(0).normal(size=(40, 2)), np.tile([[9.0, 9.0]], (10, 1))])
    found = fit_mixture(KEY, jnp.asarray(rows, jnp.float32), 2, num_restarts=8)
    assert found.degenerate.any()
    if not found.degenerate.all():
        interior = found.log_likelihood[~found.degenerate, -1].max()
        assert interior < found.log_likelihood[found.degenerate, -1].max()
    # a density in whitened units is at most (2 pi)^{-d/2} floor^{-d}
    log_det = np.linalg.slogdet(np.cov(rows.T, bias=True))[1] / 2
    assert (found.log_likelihood < 50 * (-np.log(2 * np.pi) - 2 * np.log(0.02) - log_det)).all()
    with count_compilations() as compiled:
        fit_mixture(jax.random.key(2), jnp.asarray(rows[::-1] + 1.0, jnp.float32), 2, num_restarts=8)
    assert compiled == []
