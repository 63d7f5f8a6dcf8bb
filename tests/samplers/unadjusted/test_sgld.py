"""Test the variance of SGLD draws under gradients of known noise."""

import jax
import pytest

from jgen.samplers import sgld
from jgen.samplers.unadjusted.sgld import biased_variance
from jgen.targets import standard_gaussian
from jgen.testing import check_sampler
from jgen.testing.sampler_checks import CheckFailed, invariance, metropolised
from tests.helpers.end_variance import POSTERIOR, check_posterior, check_variance, estimate, noisy_normal


@pytest.mark.weekly
def test_on_a_gaussian_the_variance_is_the_known_one():
    """False alarm 2e-9."""
    sampler = sgld(noisy_normal(4.0, 0.7), step_size=1.6)
    check_variance(sampler, 4.0, biased_variance(1.6, 0.49, 4.0))


@pytest.mark.weekly
def test_on_batches_of_data_the_variance_is_the_known_one():
    """False alarm 2e-9."""
    check_posterior(
        sgld(estimate(), step_size=0.6), biased_variance(0.6, POSTERIOR.noise, POSTERIOR.variance)
    )


def test_a_sampler_that_does_not_state_its_bias_is_rejected():
    def make(target, scale):
        del target
        return sgld(noisy_normal(1.0, 0.0), step_size=scale)

    with pytest.raises(CheckFailed, match="says by how much"):
        check_sampler(make, standard_gaussian(1))
    with pytest.raises(ValueError, match="needs info"):
        invariance(metropolised(make), standard_gaussian(1), jax.random.key(12))
