"""Test the start of chains: invalid starts, short chains in float32, counted cost."""

import jax
import jax.numpy as jnp
import pytest
from jax.tree_util import Partial

from jgen.samplers import direct, hmc, mala, metropolis, nuts
from jgen.samplers.state import no_state
from jgen.sampling.adaptation import step_size, window
from jgen.sampling.driver import sample
from jgen.targets import standard_gaussian
from jgen.types import DrawKind, Draws, Sampler

KEY = jax.random.key(20)


def gaussian(x):
    return -0.5 * jnp.sum(x**2)


def nan_gradient_at_zero(x):
    return -jnp.sum(jnp.where(x > 0, jnp.sqrt(x), 0.0))


def half_space(x):
    return jnp.where(x[0] > 0, gaussian(x), -jnp.inf)


def go(sampler, *, key=KEY, **options):
    options = {"position": jnp.zeros((4, 2)), "num_draws": 1} | options
    return lambda: sample(key, sampler, **options)


BAD_RUNS = {
    "a raw key": (go(mala(gaussian), key=jax.random.PRNGKey(0)), "typed key"),
    "half a chain": (go(mala(gaussian), first_chain=1.5), "first_chain counts, so it must be an integer"),
    "half precision": (
        go(mala(gaussian), position=jnp.zeros((4, 2), jnp.bfloat16)),
        r"astype\(jnp.float32\)",
    ),
    "inside jit": (lambda: jax.jit(lambda key: go(mala(gaussian), key=key)())(KEY), "call it outside"),
    "no draws": (go(mala(gaussian), num_draws=0), "num_draws must be at least 1"),
    "no chains": (go(mala(gaussian), num_chains=0), "num_chains must be at least 1"),
    "no chunk": (go(mala(gaussian), chunk_size=0), "chunk_size must be at least 1"),
    "no start": (go(mala(gaussian), position=None), "starts from a position"),
    "no chain axis": (go(mala(gaussian), position=jnp.zeros(2)), "first axis must be 4"),
    "integers": (go(mala(gaussian), position=jnp.zeros((4, 2), int)), "moves floats"),
    "a vector density": (go(mala(jnp.square)), "must be a scalar; it returned shape"),
    "an unfitting metric": (go(hmc(gaussian, inverse_mass_matrix=jnp.ones(3))), "matrix has shape"),
    "outside the support": (go(metropolis(half_space)), "4 of 4 chains start where the log_density is not"),
    "a NaN gradient": (go(nuts(nan_gradient_at_zero)), "the gradient is not finite"),
    "adaptation without warm-up": (go(mala(gaussian), adaptation=window()), "pass num_warmup"),
    "nothing to adapt": (go(direct(standard_gaussian(2)), num_warmup=1, adaptation=step_size()), "no tuning"),
}


@pytest.mark.parametrize("name", BAD_RUNS)
def test_invalid_input_raises(name):
    call, message = BAD_RUNS[name]
    with pytest.raises((ValueError, TypeError), match=message):
        call()


def costly_step(num_grads, key, state):
    info = {"num_grads": num_grads, "num_log_densities": jnp.int32(0)}
    return state, Draws(jax.random.normal(key), info, None, DrawKind.MARKOV)


def test_costs_are_counted_and_do_not_overflow():
    many = 2**31 - 1
    sampler = Sampler(Partial(no_state), Partial(costly_step, jnp.int32(many)))
    run = sample(KEY, sampler, num_chains=3, num_draws=300, num_warmup=10)
    assert (*run.cost, *run.warmup_cost) == (3 * 300 * many, 0, 3 * 10 * many, 0)
    assert isinstance(run.cost.num_grads, int)
