"""Test draws from a list of candidates."""

import jax
import jax.numpy as jnp

from jgen.samplers import enumerate_states
from jgen.sampling.driver import sample

KEY = jax.random.key(5)
CANDIDATES = jnp.array([1.0, 2.0])


def test_a_position_that_is_not_listed_is_flagged():
    sampler = enumerate_states(lambda x: -x, candidates=CANDIDATES)
    run = sample(KEY, sampler, num_draws=3, num_chains=2, position=jnp.array([0.0, 1.0]))
    assert run.draws.info["unlisted"][:, 0].tolist() == [True, False]
    assert not run.draws.info["unlisted"][:, 1:].any()
    assert (run.draws.value > 0).all()


def test_the_position_is_kept_where_no_candidate_has_a_density():
    sampler = enumerate_states(lambda x: jnp.nan * x, candidates=CANDIDATES)
    run = sample(KEY, sampler, num_draws=3, num_chains=1, position=jnp.ones(1))
    assert (run.draws.value == 1.0).all()
    assert run.draws.info["invalid"].all()
    assert run.draws.info["stuck"].all()
