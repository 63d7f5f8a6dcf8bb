"""Test kernels with a burn-in."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jgen.samplers import burn_in, metropolis
from jgen.sampling.driver import start
from jgen.targets import banana
from jgen.testing import check_sampler


def walk(target, scale):
    return metropolis(target.log_density, step_size=0.3 * scale, inverse_mass_matrix=target.variance)


@pytest.mark.weekly
@pytest.mark.usefixtures("optimised")
def test_a_kernel_with_burn_in_passes_all_checks():
    """False alarm 1e-6."""
    check_sampler(lambda target, scale: burn_in(walk(target, scale), 3), banana(), reversible=False)


def test_burn_in_moves_the_start():
    options = {"num_chains": 64, "position": jnp.full((64, 2), 40.0)}
    key, kernel = jax.random.key(5), walk(banana(), 1.0)
    cold, _ = start(key, kernel, **options)
    warm, _ = start(key, burn_in(kernel, 500), **options)
    assert np.all(warm.states.log_density > cold.states.log_density)
