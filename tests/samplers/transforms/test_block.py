"""Test kernels of one block of a position."""

import jax
import jax.numpy as jnp
import pytest
from jax.tree_util import Partial

from jgen.samplers import block, cycle, enumerate_states
from jgen.sampling.driver import sample
from jgen.testing import check_sampler, count_compilations
from jgen.testing.sampler_checks.target_draws import exact_draws
from tests.helpers.composed_samplers import mixture, mixture_sweep, parts

KEY = jax.random.key(5)


@pytest.mark.slow
def test_continuous_and_discrete_blocks_pass_all_checks():
    """A gradient, a sweep and a list, one after the other; false alarm 1e-6."""
    check_sampler(mixture_sweep(parts()), mixture(), reversible=False)


def test_a_block_that_the_rest_determines_is_flagged():
    """Whatever the value of a label, no other has any probability."""

    def tied(position):
        return jnp.where(position["z"] == position["sign"], 0.0, -jnp.inf)

    start = {"z": jnp.zeros(3, int), "sign": jnp.zeros(3, int)}
    members = [
        block(Partial(enumerate_states, candidates={name: jnp.arange(2)}), tied, name) for name in start
    ]
    run = sample(KEY, cycle(*members), num_draws=10, num_chains=3, position=start)
    assert run.draws.info["stuck"].all()


def test_composed_kernels_compile_nothing_for_other_options():
    def run(step_size):
        sampler = mixture_sweep(parts())(mixture(), step_size)
        sample(KEY, sampler, num_chains=2, num_draws=2, position=exact_draws(KEY, mixture(), 2))

    run(0.5)
    with count_compilations() as compiled:
        run(0.7)
    assert compiled == []
