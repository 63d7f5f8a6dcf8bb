"""Mutant of the driver that only calibration detects: each kernel alone is correct."""

import jax.numpy as jnp
import numpyro.distributions as dist
from jax.tree_util import Partial

from jgen.samplers import metropolis
from jgen.testing.sampler_checks import calibration
from jgen.testing.sampler_checks.warm_up import DIM, likelihood
from tests.helpers.mutant import Mutant
from tests.helpers.random_keys import fresh_key

NUM_CHAINS = 15


def check_calibration(driver):
    """Calibrate last draws of chains that start far out; ranks of the mutant are 0.3 off, 0.28 suffices."""
    size = {"num_chains": NUM_CHAINS, "num_draws": 100, "num_warmup": 200}
    far = jnp.full((NUM_CHAINS, DIM), 4.0)

    def infer(key, log_density):
        return driver.sample(key, metropolis(log_density), position=far, **size).draws.value[:, -1]

    prior = dist.Normal(jnp.zeros(DIM), 1.0).to_event(1)
    calibration(infer, prior, Partial(likelihood), fresh_key(), num_replications=400)


MUTANTS = {
    "6 adaptation left running, each chain on its own": Mutant(  # each chain's step follows its position
        "sampling.chains",
        "    return RunState(state.keys, states, state.step + 1), draws",
        "    longer = 0.02 + 0.5 * jnp.linalg.norm(states.position, axis=1) ** 2\n"
        "    states = states._replace(tuning=states.tuning._replace(step_size=longer))\n"
        "    return RunState(state.keys, states, state.step + 1), draws",
        "sampling.driver",
        check_calibration,
        "not distributed like draws of their posteriors",
    ),
}
