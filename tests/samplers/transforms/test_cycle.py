"""Test cycles of kernels that share a position."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jgen.samplers import cycle, direct, ghmc, jittered_hmc, mala, metropolis, thin
from jgen.sampling.driver import sample
from jgen.targets import banana
from jgen.testing import check_sampler
from jgen.testing.sampler_checks.target_draws import positions
from tests.helpers.marking import first_of_each

KEY = jax.random.key(5)
TARGET = banana()


def walk(target, scale):
    return metropolis(target.log_density, step_size=0.3 * scale, inverse_mass_matrix=target.variance)


def slide(target, scale):
    return mala(target.log_density, step_size=0.3 * scale, inverse_mass_matrix=target.variance)


def both(target, scale):
    return cycle(walk(target, scale), slide(target, scale))


def nested_twice(target, scale):
    return thin(cycle(thin(walk(target, scale), 2), slide(target, scale)), 2)


@pytest.mark.usefixtures("optimised")
@pytest.mark.slow
@pytest.mark.parametrize("make", first_of_each([both, nested_twice]))
def test_cycles_pass_all_checks(make):
    """False alarm 1e-6."""
    check_sampler(make, TARGET, reversible=False)


def test_every_kernel_knows_the_density_of_the_last_position():
    run = sample(KEY, both(TARGET, 1.0), num_chains=4, num_draws=20, position=positions(TARGET, 4))
    last = run.state.states[-1]
    value, gradient = jax.vmap(jax.value_and_grad(TARGET.log_density))(last.position)
    rounding = 1e3 * np.finfo(np.float32).eps  # a curvature of up to 1e3 between two programs' roundings
    np.testing.assert_allclose(last.log_density, value, rtol=rounding, atol=rounding)
    np.testing.assert_allclose(last.gradient, gradient, rtol=rounding, atol=rounding)
    assert np.array_equal(run.draws.value[:, -1], last.position)


def test_every_kernel_keeps_its_tuning():
    sampler = both(TARGET, 1.0)
    first, second = sampler.init(KEY, TARGET.start)
    tuned = second._replace(tuning=second.tuning._replace(step_size=jnp.float32(0.7)))
    after, _ = jax.jit(sampler.step)(KEY, (first, tuned))
    assert float(after[0].tuning.step_size) == float(first.tuning.step_size)
    assert float(after[1].tuning.step_size) == np.float32(0.7)


def test_persistent_parts_of_a_state_last_through_a_cycle():
    """A cycle initialises its members at every step, but for the count of draws and the momentum."""
    three = cycle(
        metropolis(TARGET.log_density, step_size=0.1),
        jittered_hmc(TARGET.log_density, step_size=0.2),
        ghmc(TARGET.log_density, step_size=1e-3, damping=1e-3),
    )
    state, step, momenta = three.init(KEY, jnp.ones(2)), jax.jit(three.step), []
    for key in jax.random.split(KEY, 4):
        state, _ = step(key, state)
        momenta.append(state[2].persistent.momentum)
    assert state[1].persistent == 4
    change = momenta[-1] - momenta[0]
    # Three steps of 1e-3 under a force of at most 10, and noise of sd sqrt(2 * 1e-6) each.
    assert np.abs(change).max() < 0.05


def test_a_member_that_is_no_markov_kernel_raises():
    mixed = cycle(slide(TARGET, 1.0), direct(TARGET))
    with pytest.raises((ValueError, TypeError), match=r"cycle (composes Markov kernels|moves its members)"):
        sample(KEY, mixed, num_chains=2, num_draws=1, position=positions(TARGET, 2))
