"""Check densities outside the support, and members gathered from a batch."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
import scipy.stats

from jgen.distributions import gather, log_prob_of
from tests.helpers.empirical_cdf import NUM_DRAWS, check_cdf


@pytest.mark.parametrize(
    ("distribution", "inside", "outside"),
    [
        (dist.HalfNormal(1.0), 1.0, -1.0),
        (dist.Uniform(0.0, 2.0), 1.0, 3.0),
        (dist.Exponential(jnp.ones(2)).to_event(1), jnp.ones(2), jnp.array([1.0, -1.0])),
        (dist.Beta(2.0, 2.0), 0.5, 1.5),
        (dist.Poisson(2.0), 1, -1),
    ],
)
@pytest.mark.parametrize("validate", [False, True])
def test_log_prob_of_is_minus_infinity_outside_the_support(distribution, inside, outside, validate):
    distribution._validate_args = validate  # python -O turns it off
    assert log_prob_of(distribution, inside) == distribution.log_prob(inside)
    assert log_prob_of(distribution, outside) == -jnp.inf


@pytest.mark.usefixtures("broadcasting")
def test_gathering_a_family_that_cannot_be_rebuilt():
    """Gather by evaluating the whole batch, inside ``Independent``; false-alarm rate 2e-6."""
    scales = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    index, x = np.array([2, 0, 2, 1]), np.arange(1.0, 9.0).reshape(4, 2)
    chosen = gather(dist.Weibull(jnp.asarray(scales), 2.0).to_event(1), jnp.asarray(index))
    truth = scipy.stats.weibull_min(2.0, scale=scales[index]).logpdf(x).sum(1)
    np.testing.assert_allclose(jax.jit(log_prob_of)(chosen, jnp.asarray(x)), truth, rtol=1e-5)
    draws = jax.jit(lambda made, key: made.sample(key, (NUM_DRAWS,)))(chosen, jax.random.key(20))
    assert draws.shape == (NUM_DRAWS, 4, 2)
    check_cdf(draws[:, 2, 1], scipy.stats.weibull_min(2.0, scale=6).cdf)
    check_cdf(draws[:, 3, 0], scipy.stats.weibull_min(2.0, scale=3).cdf)
