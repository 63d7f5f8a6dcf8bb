"""Test the variance of SGHMC draws under gradients of known noise."""

import pytest

from jgen.samplers import sghmc
from jgen.samplers.unadjusted.sghmc import biased_variance
from jgen.samplers.unadjusted.sgld import biased_variance as sgld_variance
from tests.helpers.end_variance import POSTERIOR, check_posterior, check_variance, estimate, noisy_normal


@pytest.mark.weekly
def test_on_a_gaussian_the_variance_is_the_known_one():
    """False alarm 2e-9."""
    sampler = sghmc(noisy_normal(4.0, 0.7), step_size=1.6, friction=0.8, gradient_variance=0.2)
    check_variance(sampler, 4.0, biased_variance(1.6, 0.8, 0.49, 0.2, 4.0))


@pytest.mark.weekly
def test_without_friction_the_variance_is_that_of_unadjusted_leapfrogs():
    """On N(m, 1) it is 1 / (1 - e^2 / 4); so little friction adds half a percent; false alarm 2e-9."""
    check_variance(sghmc(noisy_normal(1.0, 0.0), step_size=1.0, friction=0.02), 1.0, 1 / (1 - 1 / 4))


@pytest.mark.weekly
def test_on_batches_of_data_the_variance_is_the_known_one():
    """False alarm 2e-9."""
    noise, variance = POSTERIOR.noise, POSTERIOR.variance
    sampler = sghmc(estimate(), step_size=0.4, friction=0.3, gradient_variance=0.5 * noise)
    check_posterior(sampler, biased_variance(0.4, 0.3, noise, 0.5 * noise, variance))


def test_limits_of_the_stated_variance():
    """Without friction it is that of the leapfrog, 1 / (1 - e^2 / 4); with friction 1 a step is Langevin's
    with e = step_size^2, hence a step size sqrt(2) times as long."""
    assert biased_variance(0.8, 1e-9) == pytest.approx(1 / (1 - 0.64 / 4))
    assert biased_variance(0.8, 1.0, 0.3) == pytest.approx(sgld_variance(0.8 * 2**0.5, 0.3))
