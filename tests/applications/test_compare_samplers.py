"""Check that each sampler is scored independently of the others."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from jax.tree_util import Partial

from jgen.applications import Entry, compare_samplers
from jgen.distributions import log_prob_of
from jgen.samplers import AnnealingPath, direct, metropolis, smc
from jgen.sampling.adaptation import step_size

NORMAL = dist.Normal(jnp.array([3.0, -1.0]), jnp.array([2.0, 1.0])).to_event(1)
MOMENTS = {"mean": NORMAL.mean, "variance": NORMAL.variance, "num_chains": 16, "num_draws": 8}
KEY = jax.random.key(0)


@pytest.mark.slow
@pytest.mark.usefixtures("unoptimised")
def test_samplers_are_scored_independently():
    exact = jax.vmap(jax.vmap(NORMAL.sample))(jax.random.split(KEY, (2, 16)))
    markov = metropolis(Partial(log_prob_of, NORMAL))
    entries = {"direct": Entry(direct(NORMAL)), "metropolis": Entry(markov, 0.3)}
    calls = []
    found = compare_samplers(KEY, entries, exact, **MOMENTS, on_row=calls.append)
    assert calls == [1, 1]
    assert list(found.rows) == ["direct", "metropolis"]
    assert found.rows["direct"]["R-hat"] is None
    assert found.rows["metropolis"]["R-hat"] > 0
    assert found.draws["metropolis"].value.shape == (16, 8, 2)
    alone = compare_samplers(KEY, {"direct": entries["direct"]}, None, **MOMENTS)
    np.testing.assert_array_equal(alone.draws["direct"].value, found.draws["direct"].value)


@pytest.mark.slow
@pytest.mark.usefixtures("unoptimised")
def test_an_entry_may_have_its_own_adaptation_and_number_of_chains():
    log_density = Partial(log_prob_of, NORMAL)
    exact = jax.vmap(jax.vmap(NORMAL.sample))(jax.random.split(KEY, (2, 16)))
    population = smc(AnnealingPath(NORMAL, log_density), metropolis, num_particles=4)
    entries = {
        "few": Entry(metropolis(log_density), step_size(0.3), num_chains=5),
        "smc": Entry(population, num_chains=2),
    }
    found = compare_samplers(KEY, entries, exact, **MOMENTS)
    assert found.draws["few"].value.shape == (5, 8, 2)
    assert found.draws["smc"].value.shape == (2, 8, 4, 2)
    assert abs(found.rows["smc"]["log Z"]) < 1e-5  # base and target are the same
