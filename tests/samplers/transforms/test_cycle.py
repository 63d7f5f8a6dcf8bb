"""A transformed sampler keeps every law of a sampler, and does what its name says."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jgen.samplers import burn_in, cycle, direct, hmc, mala, metropolis, nuts, thin
from jgen.sampling.adaptation import window
from jgen.sampling.driver import sample, start
from jgen.targets import banana
from jgen.testing import check_sampler, count_compilations
from jgen.testing.sampler_checks.target_draws import positions

KEY = jax.random.key(5)
TARGET = banana()


def walk(target, scale):
    return metropolis(target.log_density, step_size=0.3 * scale, inverse_mass_matrix=target.variance)


def slide(target, scale):
    return mala(target.log_density, step_size=0.3 * scale, inverse_mass_matrix=target.variance)


TRANSFORMED = {
    "thin": lambda target, scale: thin(walk(target, scale), 3),
    "burn_in": lambda target, scale: burn_in(walk(target, scale), 3),
    "cycle": lambda target, scale: cycle(walk(target, scale), slide(target, scale)),
    "thin of cycle of thin": lambda target, scale: thin(
        cycle(thin(walk(target, scale), 2), slide(target, scale)), 2
    ),
}


@pytest.mark.usefixtures("optimised")
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name != "thin" else ()) for name in TRANSFORMED]
)
def test_a_transformed_sampler_keeps_every_law(name):
    check_sampler(TRANSFORMED[name], TARGET, reversible=name == "thin")


def test_thin_compiles_nothing_for_another_interval():
    def run(interval):
        sampler = thin(walk(TARGET, 1.0), interval)
        sample(KEY, sampler, num_chains=2, num_draws=2, position=positions(TARGET, 2))

    run(2)
    with count_compilations() as compiled:
        run(5)
    assert compiled == []


def test_thin_never_loses_a_flag():
    """A divergence in a draw that is thinned away is still reported."""

    def cliff(x):
        return jnp.where(jnp.sum(x) < 0.5, -0.5 * jnp.sum(x**2), jnp.nan)

    options = {"num_chains": 8, "num_draws": 20, "position": jnp.zeros((8, 2))}
    plain = sample(KEY, metropolis(cliff), **options)
    thinned = sample(KEY, thin(metropolis(cliff), 10), **options)
    assert thinned.draws.info["invalid"].mean() > plain.draws.info["invalid"].mean()
    assert thinned.cost.num_log_densities == 10 * plain.cost.num_log_densities


def test_burn_in_moves_the_start_only():
    far = jnp.full((64, 2), 40.0)
    cold, _ = start(KEY, walk(TARGET, 1.0), num_chains=64, position=far)
    warm, _ = start(KEY, burn_in(walk(TARGET, 1.0), 500), num_chains=64, position=far)
    assert np.all(warm.states.log_density > cold.states.log_density)


def test_cycle_leaves_no_kernel_with_a_stale_density():
    sampler = cycle(walk(TARGET, 1.0), slide(TARGET, 1.0))
    run = sample(KEY, sampler, num_chains=4, num_draws=20, position=positions(TARGET, 4))
    last = run.state.states[-1]
    value, gradient = jax.vmap(jax.value_and_grad(TARGET.log_density))(last.position)
    rounding = 1e3 * np.finfo(np.float32).eps  # a curvature of up to 1e3 between two programs' roundings
    np.testing.assert_allclose(last.log_density, value, rtol=rounding, atol=rounding)
    np.testing.assert_allclose(last.gradient, gradient, rtol=rounding, atol=rounding)
    assert np.array_equal(run.draws.value[:, -1], last.position)


def test_cycle_keeps_what_each_kernel_learned():
    kernel = nuts(TARGET.log_density, inverse_mass_matrix=TARGET.variance)
    state, _ = start(
        KEY, kernel, num_chains=2, num_warmup=40, adaptation=window(), position=positions(TARGET, 2)
    )
    learned = jax.tree.map(lambda leaf: leaf[0], state.states)
    fixed = jax.tree.map(
        lambda leaf: leaf[0],
        start(KEY, hmc(TARGET.log_density), num_chains=1, position=positions(TARGET, 1))[0].states,
    )
    both = cycle(hmc(TARGET.log_density), kernel)
    after, _ = both.step(KEY, (fixed, learned))
    assert float(after[1].tuning.step_size) == float(learned.tuning.step_size)
    assert float(after[0].tuning.step_size) == 1.0


def test_cycle_refuses_what_is_no_kernel():
    mixed = cycle(slide(TARGET, 1.0), direct(TARGET))
    with pytest.raises((ValueError, TypeError), match=r"cycle (composes Markov kernels|moves its members)"):
        sample(KEY, mixed, num_chains=2, num_draws=1, position=positions(TARGET, 2))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: thin(direct(TARGET), 0), "num_steps must be at least 1"),
        (lambda: burn_in(direct(TARGET), -1), "num_steps must be at least 0"),
        (lambda: cycle(walk(TARGET, 1.0)), "two samplers or more"),
    ],
)
def test_bad_input_is_told_so(call, message):
    with pytest.raises(ValueError, match=message):
        call()
