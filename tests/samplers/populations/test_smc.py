"""Test that sequential Monte Carlo has an unbiased Z however it is set up."""

import jax.numpy as jnp
import pytest

from jgen.diagnostics.weights import multinomial, stratified
from jgen.samplers import smc
from jgen.samplers.annealing_path import path_recipe
from jgen.samplers.tempering_schedule import dense_covariance, diagonal_covariance
from jgen.targets import double_well
from jgen.testing.sampler_checks import importance_weights
from tests.helpers.random_keys import fresh_key

BETAS = jnp.linspace(0.0, 1.0, 5)
OPTIONS = {
    "a fixed schedule": {"betas": BETAS},
    "stratified": {"betas": BETAS, "resample": stratified, "resample_below": 1.0},
    "multinomial": {"betas": BETAS, "resample": multinomial, "resample_below": 1.0},
    "a diagonal mass matrix": {"inverse_mass_matrix": diagonal_covariance},
    "a dense mass matrix, on a fixed schedule": {"inverse_mass_matrix": dense_covariance, "betas": BETAS},
}


def check_weights(**options):
    """Check E[Z-hat] / Z = 1 and weighted means, over 5,000 populations of eight particles."""

    def make(target, scale):
        return path_recipe(smc, target, scale, num_particles=8, **options).sampler

    importance_weights(make, double_well(), fresh_key())


@pytest.mark.weekly
@pytest.mark.parametrize("name", OPTIONS)
def test_z_is_unbiased(name):
    """False alarm 1e-6 each."""
    check_weights(**OPTIONS[name])
