"""Test how the core types are displayed: two short lines, no arrays."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jgen import decoders, encoders, models, targets
from jgen.samplers import hmc, nuts, thin
from jgen.sampling import sample
from jgen.types import Result

TARGET = targets.banana()
VAE = models.vae(decoders.MLP((3,), hidden=()), encoders.MLPEncoder(2, hidden=()), latent_dim=2, shape=(3,))


@pytest.mark.parametrize(
    ("thing", "first", "second"),
    [
        (nuts(TARGET.log_density), "Sampler(nuts)", "bound data: 3 arrays, 3 numbers"),
        (thin(hmc(TARGET.log_density), 2), "Sampler(thin)", "bound data"),
        (TARGET, "Target(banana, 2 numbers, log Z 0)", "known: sample, mean, variance, proposal, log_bound"),
        (targets.asia(), "Target(asia, 8 numbers", "traits: discrete"),
        (VAE, "LatentModel(decoder MLP, encoder MLPEncoder)", "bound data"),
        (models.linear_vae(3, 2), "LatentModel(decoder linear_decoder", "bound data"),
    ],
)
def test_a_display_is_two_lines(thing, first, second):
    above, below = repr(thing).splitlines()
    assert first in above
    assert second in below


@pytest.mark.parametrize(
    ("numbers", "line"),
    [
        ((-31.3114, -31.3512, -31.2716), "-31.311 (95 % interval -31.351 to -31.272)"),
        ((1234.567, 1200.0, 1270.0), "1235 (95 % interval 1200 to 1270)"),
        ((0.0, 0.0, 0.0), "0"),
        ((np.nan, np.nan, np.nan), "nan (95 % interval nan to nan)"),
        ((1e-9, -1e-9, 3e-9), "1e-09 (95 % interval -1e-09 to 3e-09)"),
        ((2.0, -np.inf, np.inf), "2 (95 % interval -inf to inf)"),
    ],
)
def test_a_result_prints_its_value_and_interval_to_two_digits_of_the_error(numbers, line):
    assert repr(Result(*numbers, 9, "a method", {})).splitlines() == [line, "  n = 9, a method"]


def test_a_result_of_several_numbers_prints_its_shape():
    assert "shape (2,)" in repr(Result(jnp.ones(2), jnp.ones(2), jnp.ones(2), 9, "a method", {}))


def test_a_run_prints_its_size_and_cost():
    sampler, position = hmc(TARGET.log_density, num_steps=3), jnp.zeros((2, 2))
    run = sample(jax.random.key(0), sampler, num_chains=2, num_draws=5, position=position)
    first, second = repr(run).splitlines()
    assert first == "Run(2 chains, 5 markov draws each)"
    assert "30 gradients" in second
    assert "no draws stored" in repr(run._replace(draws=None))
