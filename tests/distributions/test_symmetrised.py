"""Check distributions symmetrised over the order of their parts."""

import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest

from jgen.distributions import symmetrised
from tests.helpers.random_keys import fresh_key


def test_density_is_the_mean_over_both_orders():
    base = dist.Normal(jnp.array([0.0, 1.0, 2.0, 3.0]), 0.5).to_event(1)
    x = jnp.array([0.1, 0.9, 2.2, 3.1])
    swapped = jnp.array([2.2, 3.1, 0.1, 0.9])
    q = symmetrised(base, 2)
    truth = np.logaddexp(float(base.log_prob(x)), float(base.log_prob(swapped))) - np.log(2)
    np.testing.assert_allclose([float(q.log_prob(x)), float(q.log_prob(swapped))], [truth, truth], rtol=1e-5)


def test_draws_follow_the_density_in_every_order():
    """Check that each order of three separated parts has probability 1/6; false-alarm rate 1.2e-8.

    Six binomials, each within 6 standard deviations.
    """
    q = symmetrised(dist.Normal(jnp.array([-9.0, 0.0, 9.0]), 1.0).to_event(1), 3)
    n = 6000
    draws = np.asarray(q.sample(fresh_key(), (n,)))
    _, counts = np.unique(np.argsort(draws, axis=1), axis=0, return_counts=True)
    assert len(counts) == 6
    assert np.abs(counts - n / 6).max() < 6 * np.sqrt(n * 5 / 36)


@pytest.mark.parametrize(("dim", "parts"), [(4, 3), (8, 8), (4, 0)])
def test_parts_that_do_not_fit_raise(dim, parts):
    with pytest.raises(ValueError, match="parts"):
        symmetrised(dist.Normal(jnp.zeros(dim), 1.0).to_event(1), parts)
