"""Check the density and the draws of symmetrised distributions."""

import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest

import jgen.distributions as d
from tests.helpers.random_keys import fresh_key


def test_density_of_symmetrised_is_the_mean_over_both_orders():
    x, swapped = jnp.array([0.1, 0.9, 2.2, 3.1]), jnp.array([2.2, 3.1, 0.1, 0.9])
    ordered = dist.Normal(jnp.arange(4.0), 0.5).to_event(1)
    q = d.symmetrised(ordered, 2)
    truth = np.logaddexp(*(float(ordered.log_prob(each)) for each in (x, swapped))) - np.log(2)
    np.testing.assert_allclose([q.log_prob(x), q.log_prob(swapped)], truth, rtol=1e-5)


@pytest.mark.slow
@pytest.mark.usefixtures("unoptimised")
def test_draws_of_symmetrised_follow_the_density_in_every_order():
    """Check that each order of three separated parts has probability 1/6; false-alarm rate 1.2e-8.

    Six binomials, each within 6 standard deviations.
    """
    q, n = d.symmetrised(dist.Normal(jnp.array([-9.0, 0.0, 9.0]), 1.0).to_event(1), 3), 6000
    draws = np.asarray(q.sample(fresh_key(), (n,)))
    _, counts = np.unique(np.argsort(draws, axis=1), axis=0, return_counts=True)
    assert len(counts) == 6
    assert np.abs(counts - n / 6).max() < 6 * np.sqrt(n * 5 / 36)
