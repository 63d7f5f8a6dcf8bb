"""Check the multivariate normal with unrolled substitution against SciPy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from jgen.distributions.multivariate_normal import MAX_UNROLLED, MultivariateNormal

pytestmark = pytest.mark.usefixtures("x64")


@pytest.mark.parametrize(
    "dim", [4, MAX_UNROLLED + 1, *(pytest.param(dim, marks=pytest.mark.weekly) for dim in (1, MAX_UNROLLED))]
)
def test_density_and_gradient(dim, rng):
    factor = np.tril(rng.normal(size=(dim, dim)), -1) / dim + np.diag(rng.uniform(0.5, 2.0, dim))
    mean, points = rng.normal(size=dim), rng.normal(size=(7, dim))
    normal = MultivariateNormal(jnp.asarray(mean), scale_tril=jnp.asarray(factor))
    truth = stats.multivariate_normal(mean, factor @ factor.T)
    found = jax.vmap(normal.log_prob)(jnp.asarray(points))
    np.testing.assert_allclose(found, truth.logpdf(points), rtol=1e-10)
    slope = jax.grad(normal.log_prob)(jnp.asarray(points[0]))
    np.testing.assert_allclose(slope, -np.linalg.solve(factor @ factor.T, points[0] - mean), rtol=1e-8)


def test_batches_of_means_factors_and_values_broadcast(rng):
    means, factor = rng.normal(size=(3, 2)), np.array([[1.5, 0.0], [0.7, 0.6]])
    normal = MultivariateNormal(jnp.asarray(means), scale_tril=jnp.asarray(factor))  # [3]
    values = rng.normal(size=(5, 3, 2))
    known = [stats.multivariate_normal(m, factor @ factor.T) for m in means]
    truth = [known[i].logpdf(values[:, i]) for i in range(3)]
    np.testing.assert_allclose(normal.log_prob(values), np.stack(truth, 1), rtol=1e-10)
    same = np.broadcast_to(values[0, 0], (1, 3, 2))
    np.testing.assert_allclose(normal.log_prob(values[0, 0]), normal.log_prob(same)[0], rtol=1e-12)
