"""Test rejection sampling with a known or an estimated bound."""

import jax
import numpy as np
import pytest

from jgen.samplers import estimate_log_bound, rejection
from jgen.sampling.driver import sample
from jgen.targets import beta, normal_from_cauchy, normal_from_laplace
from tests.helpers.binomial import check_share
from tests.helpers.marking import first_of_each
from tests.helpers.random_keys import fresh_key

BETA = beta()


@pytest.mark.parametrize("make", first_of_each([beta, normal_from_cauchy, normal_from_laplace]))
def test_one_proposal_in_bound_is_accepted(make):
    """False alarm 1e-6."""
    target = make()
    sampler = rejection(target.log_density, target.proposal, target.log_bound)
    draws = sample(fresh_key(), sampler, num_chains=1000, num_draws=50).draws
    check_share(draws.info["accepted"], np.exp(-float(target.log_bound)))
    assert not draws.info["above_bound"].any()
    assert np.array_equal(draws.log_weight > -np.inf, draws.info["accepted"])


def test_densities_above_the_bound_are_flagged_and_counted():
    too_low = rejection(BETA.log_density, BETA.proposal, BETA.log_bound - 0.5)
    draws = sample(jax.random.key(8), too_low, num_chains=100, num_draws=50).draws
    excess = jax.vmap(jax.vmap(BETA.log_density))(draws.value) - (BETA.log_bound - 0.5)
    assert draws.info["above_bound"].sum() == (excess > 1e-5).sum() > 0


def test_estimate_log_bound_reports_violations():
    """That no ratio of so many lies within the margin of the bound has a probability far below 1e-9."""
    found = estimate_log_bound(fresh_key(), BETA.log_density, BETA.proposal)
    assert found.num_violations == 0
    assert 0 <= found.log_bound - BETA.log_bound <= 0.1 + 1e-5
    tight = estimate_log_bound(fresh_key(), BETA.log_density, BETA.proposal, num_samples=100, margin=-1.0)
    assert tight.num_violations > 0
    assert tight.max_excess > 0
