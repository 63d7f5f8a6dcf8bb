"""Test every sampler with the checks of ``jgen.testing``, and what several samplers share."""

import secrets
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jgen import targets
from jgen.samplers import adjusted_mclmc, barker, hmc, langevin, mala, mclmc, metropolis, nuts, sghmc, sgld
from jgen.testing import check_sampler
from jgen.testing.check_sampler import FALSE_ALARM
from jgen.testing.sampler_checks import invariance
from tests.helpers.marking import first_of_each
from tests.helpers.members import SAMPLERS
from tests.helpers.multiplicative_walk import check_walk, walk
from tests.helpers.random_keys import fresh_key

KEY = jax.random.key(8)
EXAMPLES = ("importance", "mala")
"""Samplers of weighted draws and of Markov chains; for biased ones see ``unadjusted``."""
KERNELS = ("mala", "hmc", "metropolis", "nuts")
TUNED = [adjusted_mclmc, barker, hmc, mala, metropolis, nuts]


def aim(name):
    return lambda target, scale: SAMPLERS[name].recipe(target, scale).sampler


def stated_variance(name):
    """Return the variance a biased sampler states on a standard Gaussian; None if it states nothing."""
    recipe, target = SAMPLERS[name].recipe, targets.standard_gaussian(2)
    if getattr(recipe(target), "biased_variance", None) is None:
        return None
    return lambda scale: recipe(target, scale).biased_variance


@pytest.mark.usefixtures("optimised")
@pytest.mark.parametrize(
    "name", [name if name in EXAMPLES else pytest.param(name, marks=pytest.mark.slow) for name in SAMPLERS]
)
@pytest.mark.parametrize("generator", ["threefry2x32", pytest.param("unsafe_rbg", marks=pytest.mark.weekly)])
def test_sampler_passes_all_checks(name, generator):
    """False alarm 1e-6 each; on the first of these targets that the sampler claims."""
    known = (targets.banana(), targets.asia(), targets.hidden_markov(), targets.beta(), targets.three_modes())
    aimed = ((target, SAMPLERS[name].recipe(target)) for target in known)
    target, recipe = next((target, recipe) for target, recipe in aimed if recipe is not None)
    seed = secrets.randbits(31)
    print(f"seed {seed}")
    check_sampler(
        aim(name),
        target,
        key=jax.random.key(seed, impl=generator),
        reversible=recipe.reversible,
        biased_variance=stated_variance(name),
    )


def test_false_alarms_of_all_checks_sum_to_less_than_one_in_ten_thousand(request):
    """Counts the tests of this run that call ``check_sampler``: 1e-6 each, a bound for exact kernels, by the
    central limit theorem for others. Tests of a single check or fact have 1e-6 of their own, or less."""
    functions = [item.function for item in request.session.items if hasattr(item, "function")]
    num_checks = sum("check_sampler" in function.__code__.co_names for function in functions)
    assert max(num_checks, len(SAMPLERS)) * FALSE_ALARM < 1e-4


@pytest.mark.weekly
@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("make", [targets.double_well, targets.eight_schools])
def test_kernels_leave_hard_targets_invariant(name, make):
    """Exact starts need no crossing between modes; chains of NUTS wait for the longest trajectory, so their
    runs are shorter. False alarm 1e-6 each."""
    target = replace(make(), traits=frozenset())
    invariance(aim(name), target, fresh_key(), num_steps=3 if name == "nuts" else 10)


@pytest.mark.weekly
def test_a_multiplicative_walk_with_its_jacobian_is_invariant():
    """False alarm 1e-6."""
    check_walk(walk)


def step(sampler, position):
    return jax.jit(lambda x: sampler.step(KEY, sampler.init(KEY, x)))(position)


@pytest.mark.parametrize("make", first_of_each(TUNED))
def test_a_mass_matrix_is_a_change_of_coordinates(make, x64):
    """Inverse mass S on p(x) is the identity on p(Lx), L Lᵀ = S: the same noise, the same acceptance."""
    factor = jnp.array([[1.0, 0.0], [1.5, 0.5]])

    def plain(y):
        return -0.25 * jnp.sum(y**4) + y[0] * y[1]

    def stretched(x):
        return plain(jnp.linalg.solve(factor, x))

    y = jnp.array([0.3, -0.4])
    _, inside = step(make(plain, step_size=0.9), y)
    _, outside = step(make(stretched, step_size=0.9, inverse_mass_matrix=factor @ factor.T), factor @ y)
    np.testing.assert_allclose(factor @ inside.value, outside.value, atol=1e-12)
    np.testing.assert_allclose(inside.info["acceptance_rate"], outside.info["acceptance_rate"], atol=1e-12)
    del x64


@pytest.mark.parametrize("make", [*TUNED, langevin, mclmc, sgld, sghmc])
def test_positions_keep_float32_under_float64_data(make, x64):
    """Kernels of stochastic gradients call the density with a key first."""
    data, position = jnp.array([1.0, 2.0], jnp.float64), jnp.zeros(2, jnp.float32)
    sampler = make(lambda *arguments: -jnp.sum((arguments[-1] - data) ** 2))
    before = sampler.init(KEY, position)
    after, draws = jax.eval_shape(sampler.step, KEY, before)
    assert [leaf.dtype for leaf in jax.tree.leaves(after)] == [leaf.dtype for leaf in jax.tree.leaves(before)]
    assert (after.position.dtype, after.log_density.dtype) == (jnp.float32, jnp.float64)
    assert draws.info.get("lp", after.log_density).dtype == jnp.float64
    del x64


@pytest.mark.parametrize("make", first_of_each([hmc, nuts]))
def test_a_diverging_trajectory_is_flagged_and_rejected(make):
    state, draws = step(make(targets.standard_gaussian(2).log_density, step_size=1e3), jnp.ones(2))
    assert bool(draws.info["diverging"])
    assert np.array_equal(state.position, jnp.ones(2))
