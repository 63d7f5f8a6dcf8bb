"""A timed run makes the draws of ``sample``."""

import jax
import numpy as np
import numpyro.distributions as dist

from jgen.evaluation.timing import timed_sample
from jgen.samplers import importance
from jgen.sampling.driver import sample


def test_a_timed_run_is_the_run():
    sampler = importance(dist.Normal(0.0, 1.0).log_prob, dist.Normal(0.0, 2.0))
    timed, seconds = timed_sample(jax.random.key(4), sampler, num_draws=7, num_chains=3)
    plain = sample(jax.random.key(4), sampler, num_draws=7, num_chains=3)
    np.testing.assert_array_equal(timed.draws.value, plain.draws.value)
    assert seconds > 0
    assert timed.cost == plain.cost
