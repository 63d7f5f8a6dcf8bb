"""Calibration: shipped procedures pass, and what no law of kernels can see is caught."""

import secrets
from functools import partial

import jax
import jax.numpy as jnp
import numpyro.distributions as dist
import pytest
from jax.tree_util import Partial
from planting import Bug, plant

from jgen.adaptation import window
from jgen.laws import LawBroken, calibration
from jgen.samplers import hmc, metropolis
from jgen.sampling import sample

NUM_CHAINS, DIM = 15, 2
PRIOR = dist.Normal(jnp.zeros(DIM), 1.0).to_event(1)
FAR = jnp.full((NUM_CHAINS, DIM), 4.0)
RUNNING = Bug(  # each chain's step follows where it stands
    "population",
    "    return RunState(state.keys, states, state.step + 1), draws",
    "    longer = 0.05 + 0.5 * jnp.linalg.norm(states.position, axis=1)\n"
    "    states = states._replace(tuning=states.tuning._replace(step_size=longer))\n"
    "    return RunState(state.keys, states, state.step + 1), draws",
    "sampling",
)


def likelihood(position):
    """Three numbers around the sum of the parameters: the posterior is a narrow ridge."""
    return dist.Normal(jnp.broadcast_to(position.sum(), (3,)), 0.5).to_event(1)


def check(sample, make, **options):
    """The last draw of each of some chains that start far out."""

    def infer(key, log_density):
        run = sample(key, make(log_density), num_chains=NUM_CHAINS, position=FAR, **options)
        return run.draws.value[:, -1]

    return calibration(infer, PRIOR, Partial(likelihood), jax.random.key(secrets.randbits(31)))


LONG = {"num_draws": 100, "num_warmup": 200}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("make", "target_acceptance"),
    [(partial(hmc, num_steps=3), 0.8), (metropolis, 0.35)],
    ids=["hmc", "metropolis"],
)
def test_shipped_procedures_are_calibrated(make, target_acceptance):
    check(sample, make, adaptation=window(target_acceptance), **LONG)


@pytest.mark.slow
def test_adaptation_left_running_is_caught(kills):
    with kills("6 adaptation left running, each chain on its own"):
        check(plant(RUNNING).sample, metropolis, **LONG)


@pytest.mark.slow
def test_chains_that_are_not_warm_are_caught():
    with pytest.raises(LawBroken, match="Was the warm-up long enough"):
        check(sample, partial(metropolis, step_size=0.5), num_draws=3)
