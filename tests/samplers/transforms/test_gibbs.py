"""Test Gibbs draws from conditional distributions."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest

from jgen.samplers import cycle, gibbs
from jgen.sampling.driver import sample
from jgen.testing.sampler_checks import invariance
from jgen.testing.sampler_checks.target_draws import exact_draws
from tests.helpers import composed_samplers as composed
from tests.helpers.marking import first_of_each
from tests.helpers.random_keys import fresh_key

SWEEPS = [
    (composed.pair_sweep(composed.parts()), composed.pair),
    (composed.ising_sweep(composed.parts()), composed.ising),
    (composed.conjugate_sweep, composed.mixture),
]


@pytest.mark.parametrize("sweep", first_of_each(SWEEPS))
def test_sweeps_leave_their_target_invariant(sweep):
    """False alarm 1e-6."""
    make, target = sweep
    invariance(make, target(), fresh_key(), scales=(1.0,))


@pytest.mark.weekly
def test_the_autocorrelation_of_a_sweep_is_the_known_one():
    """Of x and then y, x is an AR(1) of coefficient rho^2 exactly; a correlation of n pairs has the standard
    error (1 - r^2) / sqrt n, and 6 of them are passed with probability 2e-9."""
    sweep, n = cycle(gibbs(composed.conditional, "x"), gibbs(composed.conditional, "y")), 40_000
    before = exact_draws(fresh_key(), composed.pair(), n)
    run = sample(fresh_key(), sweep, num_draws=1, num_chains=n, position=before)
    r = np.corrcoef(before["y"], run.draws.value["y"][:, 0])[0, 1]
    assert abs(r - composed.RHO**2) < 6 * (1 - composed.RHO**4) / np.sqrt(n)


def test_a_draw_that_is_not_finite_is_rejected_and_flagged():
    broken = gibbs(lambda rest: dist.Normal(jnp.nan * rest["y"], 1.0), "x")
    sampler = cycle(broken, gibbs(composed.conditional, "y"))
    position = {"x": jnp.ones(2), "y": jnp.ones(2)}
    run = sample(jax.random.key(5), sampler, num_draws=3, num_chains=2, position=position)
    assert (run.draws.value["x"] == 1.0).all()
    assert run.draws.info["invalid"].all()
