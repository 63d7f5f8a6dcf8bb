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


@pytest.mark.parametrize("name", first_of_each(["mala", "importance"]))
def test_a_chain_is_the_same_in_float32(name):
    """Chains alone and together are two programs, which may round differently; over a few steps of
    float32 that stays far below the square root of its epsilon. All samplers: test_family."""
    together = run(name, num_chains=5, num_draws=4)
    alone = run(name, num_chains=1, num_draws=4, first_chain=3)
    tolerance = float(np.sqrt(np.finfo(np.float32).eps))
    np.testing.assert_allclose(
        together.draws.value[3:4], alone.draws.value, rtol=tolerance, atol=10 * tolerance
    )


def test_chunks_do_not_change_a_draw():
    runs = [run(num_draws=7, chunk_size=size) for size in (1, 3, 7, 64)]
    assert all(same(runs[0].draws, other.draws) for other in runs)


def test_one_compilation_serves_any_length():
    run(num_draws=3)
    run(num_draws=4, store=False, reducers={"moments": moments()})
    with count_compilations() as compiled:
        run(num_draws=11)
        run(num_draws=1)
        run(num_draws=400, store=False, reducers={"moments": moments()})
    assert compiled == []


def test_the_warmup_length_compiles_nothing():
    options = {"adaptation": window(0.574)}
    run(num_warmup=10, **options)
    with count_compilations() as compiled:
        run(num_warmup=300, **options)
    assert compiled == []


def gaussian(x):
    return -0.5 * jnp.sum(x**2)


def scaled(data, x):
    return -0.5 * jnp.sum((x / data) ** 2)


METRIC = jnp.array([1.0, 2.0])
REBUILT = {
    "data": (lambda: hmc(Partial(scaled, METRIC)), lambda: hmc(Partial(scaled, 3 * METRIC))),
    "step size": (lambda: mala(gaussian, step_size=0.1), lambda: mala(gaussian, step_size=0.2)),
    "diagonal metric": (
        lambda: hmc(gaussian, inverse_mass_matrix=METRIC),
        lambda: hmc(gaussian, inverse_mass_matrix=2 * METRIC),
    ),
    "dense metric": (
        lambda: nuts(gaussian, inverse_mass_matrix=jnp.diag(METRIC)),
        lambda: nuts(gaussian, inverse_mass_matrix=jnp.diag(2 * METRIC)),
    ),
    "number of steps": (lambda: hmc(gaussian, num_steps=3), lambda: hmc(gaussian, num_steps=7)),
    "thinning": (lambda: thin(mala(gaussian), 2), lambda: thin(mala(gaussian), 5)),
    "proposal": (
        lambda: importance(gaussian, dist.Normal(METRIC, METRIC).to_event(1)),
        lambda: importance(gaussian, dist.Normal(-METRIC, 3 * METRIC).to_event(1)),
    ),
    "mixture": (
        lambda: direct(mixture(jnp.array([0.5, 0.5]), dist.Normal(METRIC, METRIC))),
        lambda: direct(mixture(jnp.array([0.1, 0.9]), dist.Normal(-METRIC, METRIC))),
    ),
    "the same depth": (
        lambda: nuts(gaussian, max_depth=3),
        lambda: nuts(gaussian, max_depth=3, step_size=0.2),
    ),
}


@pytest.mark.parametrize("what", first_of_each(REBUILT))
def test_a_rebuilt_sampler_compiles_nothing(what):
    first, second = (make() for make in REBUILT[what])
    options = {"num_chains": 2, "num_draws": 3, "position": jnp.ones((2, 2)), "num_warmup": 2}
    sample(KEY, first, **options)
    with count_compilations() as compiled:
        sample(KEY, second, **options)
    assert compiled == []


def test_another_structure_does_compile():
    """Structural options compile again, and the count shows it."""
    options = {"num_chains": 2, "num_draws": 3, "position": jnp.ones((2, 2))}
    sample(KEY, nuts(gaussian, max_depth=3), **options)
    with count_compilations() as compiled:
        sample(KEY, nuts(gaussian, max_depth=4), **options)
    assert compiled


def test_reduced_is_the_same_as_stored():
    stored = run(num_draws=50, reducers={"moments": moments()})
    folded = run(num_draws=50, reducers={"moments": moments()}, store=False)
    assert folded.draws is None
    assert same(stored.reduced, folded.reduced)
    # Welford in compensated float32 against NumPy in float64: a few roundings of the largest term.
    values = stored.draws.value.reshape(-1, 2).astype(np.float64)
    tolerance = 8 * np.finfo(np.float32).eps
    np.testing.assert_allclose(
        folded.reduced["moments"].mean, values.mean(0), rtol=tolerance, atol=100 * tolerance
    )


def test_constant_entries_are_stored_once_and_counted_for_all_draws():
    sampler = hmc(gaussian, step_size=0.5)
    state = start(KEY, sampler, position=jnp.zeros((4, 2)))[0]
    run = resume(state, sampler, num_draws=100)
    stored_once = {name for name, entry in run.draws.info.items() if entry.strides[1] == 0}
    assert stored_once == {"n_steps", "num_grads", "num_log_densities", "step_size"} == run.draws.constant
    assert run.cost.num_grads == run.executed == 4 * 100 * 10


def test_stop_is_called_after_each_chunk():
    seen = []

    def stop(so_far):
        seen.append(so_far.draws.value.shape[1])
        return seen[-1] >= 8

    stopped = run(num_draws=100, stop=stop)
    assert seen == [4, 8]
    assert stopped.draws.value.shape == (3, 8, 2)
    assert same(stopped.draws, run(num_draws=8).draws)


def test_a_saved_run_continues():
    saved = []
    whole = run(num_draws=12, save=saved.append)
    assert [int(so_far.state.step) for so_far in saved] == [4, 8, 12]
    rest = resume(saved[1].state, SAMPLERS["mala"], num_draws=4, chunk_size=4)
    assert same(jax.tree.map(lambda a: a[:, 8:], whole.draws), rest.draws)


def test_progress_changes_nothing():
    assert same(run(progress=True).draws, run().draws)


def test_step_sizes_are_vmapped_over():
    def acceptance(size):
        sampler = hmc(TARGET.log_density, step_size=size, num_steps=4)
        state = sampler.init(KEY, TARGET.start)
        return sampler.step(KEY, state)[1].info["acceptance_rate"]

    rates = jax.vmap(acceptance)(jnp.array([1e-3, 10.0]))
    assert rates[0] > 0.99 > rates[1]


def test_adaptation_is_off_in_sampling():
    """Bug 6: the tuning after many draws is bit for bit the tuning after warm-up."""
    state, _ = start(
        KEY, SAMPLERS["hmc"], num_chains=3, position=positions(TARGET, 3), num_warmup=60, adaptation=window()
    )
    after = resume(state, SAMPLERS["hmc"], num_draws=40)
    assert same(state.states.tuning, after.state.states.tuning)
    assert np.unique(after.draws.info["step_size"]).size == 1


def test_importance_draws_are_weighted_by_the_ratio():
    draws = sample(KEY, importance(TARGET.log_density, TARGET.proposal), num_chains=2, num_draws=3).draws
    ratios = jax.vmap(jax.vmap(lambda x: TARGET.log_density(x) - TARGET.proposal.log_prob(x)))(draws.value)
    # Log densities of this size in two programs: a few roundings each.
    np.testing.assert_allclose(draws.log_weight, ratios, atol=64 * np.finfo(np.float32).eps * 10)
