"""Test log Z by thermodynamic integration on a Gaussian."""

import math
from importlib import import_module

import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from jax.tree_util import Partial

from jgen.evaluation.evidence import stepping_stones, thermodynamic
from jgen.evaluation.evidence.ladder_draws import read_ladder
from jgen.samplers import AnnealingPath, hmc, tempering
from jgen.sampling import sample
from tests.helpers.random_keys import fresh_key
from tests.helpers.tempered_gaussian import BETAS, MEAN, SD, check_estimate


def trapezoid():
    """Apply the corrected trapezoid rule to the exact mean and variance of the log ratio.

    It is a quadratic of a Gaussian, so that a quadrature of eight nodes is exact.
    """
    nodes, weights = np.polynomial.hermite_e.hermegauss(8)
    x = MEAN[None] + SD[None] * nodes[:, None]
    ratio = -0.5 * (x - 2.0) ** 2 + x**2 / 8 + 0.5 * math.log(8 * math.pi)
    mean = weights @ ratio / weights.sum()
    variance = weights @ (ratio - mean[None]) ** 2 / weights.sum()
    rise = np.diff(np.asarray(BETAS))
    return np.sum(rise / 2 * (mean[1:] + mean[:-1]) - rise**2 / 12 * np.diff(variance))


def check_rule(module):
    """Check the rule on a ladder so coarse that its own error shows: ``thermodynamic`` refuses it."""

    def by_rule(draws, betas):
        return read_ladder(draws, betas, module._estimate, "thermodynamic", "trapezoid")

    check_estimate(by_rule, trapezoid())


@pytest.mark.slow
def test_log_z_is_that_of_the_trapezoid_rule():
    """False alarm 7e-7."""
    check_rule(import_module("jgen.evaluation.evidence.thermodynamic"))


@pytest.mark.slow
def test_noise_of_a_heavy_base_does_not_hide_a_ladder_that_is_too_coarse():
    """Eight schools under log tau ~ N(5, 1), whose log Z is -36.13: integration has -32 or more."""
    y, errors = jnp.array([28.0, 8, -3, 7, -1, 1, 18, 12]), jnp.array([15.0, 10, 16, 11, 9, 11, 10, 18])
    places, widths = jnp.array([0.0, 5.0] + [0.0] * 8), jnp.array([10.0, 1.0] + [1.0] * 8)
    prior = dist.Normal(places, widths).to_event(1)

    def log_density(x):
        return prior.log_prob(x) + dist.Normal(x[0] + jnp.exp(x[1]) * x[2:], errors).log_prob(y).sum()

    betas = jnp.linspace(0.0, 1.0, 16) ** 3
    kernel = Partial(hmc, step_size=0.1, num_steps=8)
    sampler = tempering(AnnealingPath(prior, log_density), kernel, betas)
    draws = sample(fresh_key(), sampler, num_chains=16, num_draws=500, num_warmup=200).draws
    found = stepping_stones(draws, betas)
    assert abs(found.value - -36.13) < 6 * found.standard_error + 0.01
    try:
        integrated = thermodynamic(draws, betas)
    except ValueError:
        return  # refused, about every second time
    assert (
        integrated.value - 1.5 * (integrated.value - integrated.low) < -36.13
    )  # else wide enough, or nearly
