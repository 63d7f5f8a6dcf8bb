"""Shipped adaptations lead to calibrated runs, and a warm-up that fails is detected; 1e-6 a false alarm."""

import jax.numpy as jnp
import numpyro.distributions as dist
import pytest
from jax.tree_util import Partial

from jgen.samplers import AnnealingPath, cycle, ghmc, hmc, jittered_hmc, mala, metropolis, tempering
from jgen.sampling.adaptation import chees, fisher, ladder, low_rank, meads, per_member, step_size, window
from jgen.targets import standard_gaussian
from jgen.testing.sampler_checks import CheckFailed, warm_up
from tests.helpers.random_keys import fresh_key


def scaled(make, **options):
    """A kernel in the units of its target."""
    return lambda target, scale: make(
        target.log_density, step_size=scale, inverse_mass_matrix=target.variance, **options
    )


def tempered(target, scale):
    """The base is wider than the prior, hence than any posterior."""
    path = AnnealingPath(dist.Normal(jnp.zeros(2), 1.5).to_event(1), target.log_density)
    return tempering(path, Partial(metropolis, step_size=0.5 * scale), jnp.linspace(0.0, 1.0, 4))


def both(target, scale):
    return cycle(scaled(metropolis)(target, scale), scaled(mala)(target, scale))


PROCEDURES = {
    "meads": (scaled(ghmc), meads()),
    "chees": (scaled(jittered_hmc), chees()),
    "dense window": (scaled(mala), window(0.574, dense=True)),
    "fisher": (scaled(hmc, num_steps=3), fisher(0.8)),
    "low_rank": (scaled(mala), low_rank(0.574, rank=1)),
    "ladder": (tempered, ladder()),
    "per_member": (both, per_member(step_size(0.35), window(0.574))),
}


@pytest.mark.slow
def test_a_shipped_procedure_is_calibrated():
    warm_up(scaled(metropolis), standard_gaussian(2), fresh_key(), adaptation=window(0.35))


@pytest.mark.weekly
@pytest.mark.parametrize("name", PROCEDURES)
def test_each_adaptation_leads_to_a_calibrated_run(name):
    """400 posteriors instead of 2000: ranks that are 0.28 off are never missed, and those of adaptation left
    running are 0.3 off."""
    make, adaptation = PROCEDURES[name]
    warm_up(make, standard_gaussian(2), fresh_key(), adaptation=adaptation, num_replications=400)


@pytest.mark.slow
def test_a_warm_up_that_leaves_chains_at_their_start_is_detected():
    """It aims to reject one proposal in a million, and its steps are too short to get anywhere."""
    options = {"adaptation": step_size(1 - 1e-6), "num_replications": 400}
    with pytest.raises(CheckFailed, match="a warm-up that is too short"):
        warm_up(scaled(metropolis), standard_gaussian(2), fresh_key(), **options)
