"""Test rejection sampling that proposes until a draw is accepted."""

import jax
import numpy as np
import numpyro.distributions as dist
import pytest
from scipy import stats

from jgen.diagnostics.summary import log_evidence, summary
from jgen.samplers import accept_reject, rejection
from jgen.sampling.driver import sample
from jgen.sampling.reducers import log_evidence as log_evidence_reducer
from jgen.targets import beta, normal_from_laplace
from tests.helpers.marking import first_of_each
from tests.helpers.random_keys import fresh_key

KEY = jax.random.key(23)
FALSE_ALARM = 1e-6
BETA = beta()
OPTIONS = (BETA.log_density, BETA.proposal, BETA.log_bound)


@pytest.mark.parametrize("make", first_of_each([beta, normal_from_laplace]))
def test_numbers_of_proposals_are_geometric(make):
    """The acceptance rate is 1 / B: in all they are negative binomial, to the tail; each is geometric, to the
    bound of Dvoretzky, Kiefer and Wolfowitz; false alarm 1e-6 in all."""
    target = make()
    rate = np.exp(-float(target.log_bound))
    sampler = accept_reject(target.log_density, target.proposal, target.log_bound)
    run = sample(fresh_key(), sampler, num_chains=1000, num_draws=20, num_lanes=100)
    tries = run.draws.info["num_log_densities"]
    refused = int(tries.sum()) - tries.size
    assert stats.nbinom.cdf(refused, tries.size, rate) > FALSE_ALARM / 3
    assert stats.nbinom.sf(refused - 1, tries.size, rate) > FALSE_ALARM / 3
    place = np.arange(1, tries.max() + 1)
    found = (tries.ravel()[:, None] <= place).mean(axis=0)
    distance = np.abs(found - stats.geom.cdf(place, rate)).max()
    assert distance < np.sqrt(np.log(6 / FALSE_ALARM) / (2 * tries.size))
    assert not (run.draws.info["above_bound"] | run.draws.info["exhausted"]).any()


def test_draws_are_the_first_that_rejection_accepts():
    """One attempt, shared: a draw is the first that is accepted of a stream of the same attempts."""
    _, draws = jax.jit(accept_reject(*OPTIONS).step)(KEY, ())
    keys = jax.vmap(jax.random.fold_in, (None, 0))(KEY, np.arange(20))
    _, stream = jax.jit(jax.vmap(rejection(*OPTIONS).step, (0, None)))(keys, ())
    first = np.argmax(stream.info["accepted"])
    assert draws.info["num_log_densities"] == first + 1
    np.testing.assert_allclose(draws.value, stream.value[first], rtol=1e-5)  # the rounding of two programs


def test_log_z_is_unknown():
    sampler = accept_reject(*OPTIONS)
    draws = sample(KEY, sampler, num_chains=4, num_draws=4).draws
    with pytest.raises(ValueError, match="normaliser is unknown from independent draws"):
        log_evidence(draws)
    with pytest.raises(ValueError, match="log"):
        sample(KEY, sampler, num_chains=4, num_draws=4, reducers={"log Z": log_evidence_reducer()})
    assert "log_evidence" not in summary(draws).totals


@pytest.mark.slow
@pytest.mark.usefixtures("unoptimised")
def test_a_bound_too_low_is_flagged_and_one_too_loose_exhausts_the_proposals():
    low = accept_reject(BETA.log_density, BETA.proposal, BETA.log_bound - 0.5)
    assert summary(sample(KEY, low, num_chains=100, num_draws=10).draws).totals["num_above_bound"] > 0
    hopeless = accept_reject(BETA.log_density, BETA.proposal, 60.0, max_proposals=50)
    draws = sample(KEY, hopeless, num_chains=5, num_draws=2).draws
    assert np.isnan(draws.value).all()
    totals = summary(draws).totals
    assert (totals["num_exhausted"], totals["num_non_finite"], totals["num_log_densities"]) == (10, 10, 500)
    coin = dist.Bernoulli(0.5)  # integers cannot be NaN
    sampler = accept_reject(coin.log_prob, coin, 60.0, max_proposals=3)
    draws = sample(KEY, sampler, num_chains=5, num_draws=2).draws
    assert draws.value.dtype == np.int32
    assert draws.info["exhausted"].all()
