"""Test ancestral sampling and likelihood weighting on the Asia network."""

import functools

import jax
import jax.numpy as jnp
import numpy as np

from jgen.samplers import ancestral
from jgen.sampling.driver import sample
from jgen.targets.asia import CONDITIONALS, probability
from tests.helpers.binomial import FALSE_ALARM, check_share
from tests.helpers.random_keys import fresh_key

KEY = jax.random.key(8)


@functools.cache
def run(*observed):
    """Return fresh draws given that these findings are present."""
    sampler = ancestral(CONDITIONALS, {name: jnp.array(1) for name in observed})
    return sample(fresh_key(), sampler, num_chains=1000, num_draws=100).draws


def test_draws_have_the_marginals_of_the_network():
    """False alarm 3e-6."""
    draws = run()
    for name, p in {"either": 0.064828, "xray": 0.11029004, "dysp": 0.43597060}.items():
        check_share(draws.value[name] == 1, p)
    assert not draws.log_weight.any()


def test_weighted_draws_have_the_posterior_mean():
    """E[w (lung - p)] = 0, and w is a product of probabilities, so that terms lie in an interval of length 1:
    the empirical Bernstein bound of Maurer and Pontil (2009), theorem 4, on each side; false alarm 1e-6."""
    draws = run("xray", "dysp")
    weight = np.exp(draws.log_weight.astype(np.float64))
    terms = (weight * (draws.value["lung"] - 0.62125280)).ravel()
    log_odds = np.log(4 / FALSE_ALARM)
    bound = np.sqrt(2 * terms.var(ddof=1) * log_odds / terms.size) + 7 * log_odds / (3 * (terms.size - 1))
    assert abs(terms.mean()) < bound
    assert bound < 0.05 * weight.mean()  # so that a twentieth would be seen
    assert np.all(draws.value["xray"] == 1)


def test_lp_is_the_joint_log_probability():
    for draws in (run(), run("xray", "dysp")):
        values = [{name: int(column[i, 0]) for name, column in draws.value.items()} for i in range(50)]
        joint = np.log([probability(value) for value in values])
        np.testing.assert_allclose(draws.info["lp"][:50, 0], joint, rtol=1e-4)


def test_order_of_the_conditionals_does_not_change_the_draws():
    keys = jax.random.split(KEY, 100)
    first, second = (
        jax.jit(jax.vmap(ancestral(conditionals).step, (0, None)))(keys, ())[1].value
        for conditionals in (CONDITIONALS, dict(reversed(CONDITIONALS.items())))
    )
    assert all(np.array_equal(first[name], second[name]) for name in first)
