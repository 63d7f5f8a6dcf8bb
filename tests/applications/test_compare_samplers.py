"""Check that each sampler is scored independently of the others."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from jax.tree_util import Partial

from jgen.applications import compare_samplers
from jgen.distributions import log_prob_of
from jgen.samplers import direct, metropolis

NORMAL = dist.Normal(jnp.array([3.0, -1.0]), jnp.array([2.0, 1.0])).to_event(1)
MOMENTS = {"mean": NORMAL.mean, "variance": NORMAL.variance, "num_chains": 16, "num_draws": 8}
KEY = jax.random.key(0)


@pytest.mark.slow
@pytest.mark.usefixtures("unoptimised")
def test_samplers_are_scored_independently():
    exact = jax.vmap(jax.vmap(NORMAL.sample))(jax.random.split(KEY, (2, 16)))
    markov = metropolis(Partial(log_prob_of, NORMAL))
    entries = {"direct": (direct(NORMAL), None), "metropolis": (markov, 0.3)}
    calls = []
    found = compare_samplers(KEY, entries, exact, **MOMENTS, on_row=calls.append)
    assert calls == [1, 1]
    assert list(found.rows) == ["direct", "metropolis"]
    assert found.rows["direct"]["R-hat"] is None
    assert found.rows["metropolis"]["R-hat"] > 0
    assert found.draws["metropolis"].value.shape == (16, 8, 2)
    alone = compare_samplers(KEY, {"direct": entries["direct"]}, None, **MOMENTS)
    np.testing.assert_array_equal(alone.draws["direct"].value, found.draws["direct"].value)
