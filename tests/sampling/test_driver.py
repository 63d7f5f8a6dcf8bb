"""Test the driver: chunks, compilations, reducers, stops and saves do not change a draw."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from jax.tree_util import Partial

from jgen.distributions import mixture
from jgen.samplers import direct, hmc, importance, mala, nuts, thin
from jgen.sampling.adaptation import window
from jgen.sampling.driver import resume, sample, start
from jgen.sampling.reducers import moments
from jgen.testing import count_compilations
from jgen.testing.sampler_checks.target_draws import positions
from tests.helpers.aimed_samplers import AIMED, SAMPLERS, TARGET, same
from tests.helpers.marking import first_of_each

KEY = jax.random.key(20)


def run(name="mala", num_chains=3, **options):
    position = positions(AIMED[name], num_chains)
    options = {"num_draws": 7, "position": position, "chunk_size": 4} | options
    return sample(KEY, SAMPLERS[name], num_chains=num_chains, **options)


@pytest.mark.slow
@pytest.mark.parametrize("name", first_of_each(["mala", "importance"]))
def test_a_chain_is_the_same_in_float32(name):
    """Chains alone and together are two programs, which may round differently; over a few steps of
    float32 that stays far below the square root of its epsilon. All samplers: test_family."""
    together = run(name, num_chains=5, num_draws=4)
    alone = run(name, num_chains=1, num_draws=4, first_chain=3)
    tolerance = float(np.sqrt(np.finfo(np.float32).eps))
    np.testing.assert_allclose(together.draws.value[3:4], alone.draws.value, tolerance, 10 * tolerance)


@pytest.mark.parametrize("num_lanes", first_of_each([None, 2], rest="slow"))
def test_chunks_stops_saves_and_reducers_change_nothing(num_lanes):
    """All chains together, and over lanes."""
    saved, options = [], {"name": "slice_sampler", "num_lanes": num_lanes, "reducers": {"moments": moments()}}
    whole = run(num_draws=12, chunk_size=12, **options)
    watch = {"save": saved.append, "stop": lambda so_far: so_far.draws.value.shape[1] == 8, "progress": True}
    some = run(num_draws=20, **options, **watch)
    assert [int(so_far.state.step) for so_far in saved] == [4, 8]
    assert same(some.draws, saved[1].draws)
    rest = resume(saved[0].state, SAMPLERS["slice_sampler"], num_draws=8, chunk_size=3, num_lanes=num_lanes)
    assert same(whole.draws, jax.tree.map(lambda *a: np.concatenate(a, 1), saved[0].draws, rest.draws))
    folded = run(num_draws=12, store=False, **options)
    assert folded.draws is None
    assert same((folded.reduced, folded.cost), (whole.reduced, whole.cost))


@pytest.mark.parametrize("num_lanes", [None, 2])
def test_one_compilation_serves_any_length(num_lanes):
    options = {"name": "slice_sampler", "num_lanes": num_lanes}
    folded = options | {"store": False, "reducers": {"moments": moments()}}
    run(num_draws=3, **options)
    run(num_draws=4, **folded)
    with count_compilations() as compiled:
        run(num_draws=11, **options)
        run(num_draws=1, **options)
        run(num_draws=400, **folded)
    assert compiled == []


def gaussian(x):
    return -0.5 * jnp.sum(x**2)


def scaled(data, x):
    return -0.5 * jnp.sum((x / data) ** 2)


METRIC = jnp.array([1.0, 2.0])
DENSE = jnp.diag(METRIC)
NORMAL, OTHER = (dist.Normal(sign * METRIC, METRIC) for sign in (1, -1))
REBUILT = {
    "data": (hmc(Partial(scaled, METRIC)), hmc(Partial(scaled, 3 * METRIC))),
    "step size": (mala(gaussian, step_size=0.1), mala(gaussian, step_size=0.2)),
    "diagonal metric": [hmc(gaussian, inverse_mass_matrix=metric) for metric in (METRIC, 2 * METRIC)],
    "dense metric": [nuts(gaussian, inverse_mass_matrix=metric) for metric in (DENSE, 2 * DENSE)],
    "number of steps": (hmc(gaussian, num_steps=3), hmc(gaussian, num_steps=7)),
    "thinning": (thin(mala(gaussian), 2), thin(mala(gaussian), 5)),
    "proposal": (importance(gaussian, NORMAL.to_event(1)), importance(gaussian, OTHER.to_event(1))),
    "mixture": (direct(mixture(METRIC / 3, NORMAL)), direct(mixture(METRIC[::-1] / 3, OTHER))),
    "the same depth": (nuts(gaussian, max_depth=3), nuts(gaussian, max_depth=3, step_size=0.2)),
}


@pytest.mark.parametrize("what", first_of_each(REBUILT))
def test_a_rebuilt_sampler_and_a_longer_warm_up_compile_nothing(what):
    first, second = REBUILT[what]
    options = {"num_chains": 2, "num_draws": 3, "position": jnp.ones((2, 2))}
    options["adaptation"] = window() if hasattr(first.init(KEY, jnp.ones(2)), "tuning") else None
    sample(KEY, first, num_warmup=2, **options)
    with count_compilations() as compiled:
        sample(KEY, second, num_warmup=300, **options)
    assert compiled == []


def test_constant_entries_are_stored_once_and_counted_for_all_draws():
    sampler = hmc(gaussian, step_size=0.5)
    state = start(KEY, sampler, position=jnp.zeros((4, 2)))[0]
    run = resume(state, sampler, num_draws=100)
    stored_once = {name for name, entry in run.draws.info.items() if entry.strides[1] == 0}
    assert stored_once == {"n_steps", "num_grads", "num_log_densities", "step_size"} == run.draws.constant
    assert run.cost.num_grads == run.executed == 4 * 100 * 10


def test_step_sizes_are_vmapped_over():
    def acceptance(size):
        sampler = hmc(TARGET.log_density, step_size=size, num_steps=4)
        state = sampler.init(KEY, TARGET.start)
        return sampler.step(KEY, state)[1].info["acceptance_rate"]

    rates = jax.vmap(acceptance)(jnp.array([1e-3, 10.0]))
    assert rates[0] > 0.99 > rates[1]
