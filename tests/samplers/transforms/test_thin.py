"""Test thinned kernels."""

import jax
import jax.numpy as jnp
import pytest

from jgen.samplers import metropolis, thin
from jgen.sampling.driver import sample
from jgen.targets import banana
from jgen.testing import check_sampler, count_compilations
from jgen.testing.sampler_checks.target_draws import positions

KEY = jax.random.key(5)


def thinned(target, scale, interval=3):
    walk = metropolis(target.log_density, step_size=0.3 * scale, inverse_mass_matrix=target.variance)
    return thin(walk, interval)


@pytest.mark.slow
@pytest.mark.usefixtures("optimised")
def test_a_thinned_kernel_passes_all_checks():
    """False alarm 1e-6."""
    check_sampler(thinned, banana())


def test_another_interval_compiles_nothing():
    def run(interval):
        sampler = thinned(banana(), 1.0, interval)
        sample(KEY, sampler, num_chains=2, num_draws=2, position=positions(banana(), 2))

    run(2)
    with count_compilations() as compiled:
        run(5)
    assert compiled == []


@pytest.mark.slow
@pytest.mark.usefixtures("unoptimised")
def test_flags_of_draws_thinned_away_are_kept():
    def cliff(x):
        return jnp.where(jnp.sum(x) < 0.5, -0.5 * jnp.sum(x**2), jnp.nan)

    options = {"num_chains": 8, "num_draws": 20, "position": jnp.zeros((8, 2))}
    plain = sample(KEY, metropolis(cliff), **options)
    every_tenth = sample(KEY, thin(metropolis(cliff), 10), **options)
    assert every_tenth.draws.info["invalid"].mean() > plain.draws.info["invalid"].mean()
    assert every_tenth.cost.num_log_densities == 10 * plain.cost.num_log_densities
