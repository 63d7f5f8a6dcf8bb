"""Slice sampling and rejection until accepted: facts, refusals, and bugs they must not have."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from jax.tree_util import Partial
from scipy import stats

from jgen.diagnostics.summary import log_evidence, summary
from jgen.distributions import mixture
from jgen.samplers import accept_reject, rejection, slice_sampler
from jgen.sampling.driver import sample
from jgen.sampling.reducers import log_evidence as log_evidence_reducer
from jgen.targets import beta, normal_from_laplace, standard_gaussian
from jgen.testing.sampler_checks import invariance
from jgen.testing.sampler_checks.target_draws import exact_draws
from jgen.types import Target
from tests.helpers.mutant import plant
from tests.helpers.random_keys import fresh_key
from tests.mutants.lanes import END_BUGS, LEVEL_BUGS

KEY = jax.random.key(23)
FALSE_ALARM = 1e-6


def hills_density(hills, x):
    return hills.log_prob(x[0])


def hills_sample(hills, key):
    return hills.sample(key)[None]


def two_hills():
    """Unequal hills with a valley between them: most slices fall into two pieces."""
    hills = mixture(jnp.array([0.3, 0.7]), dist.Normal(jnp.array([-2.0, 2.0]), jnp.array([0.25, 1.0])))
    return Target(Partial(hills_density, hills), jnp.zeros(1), Partial(hills_sample, hills), name="two_hills")


def keeps_gaussian(make):
    """In random directions, with a cap on the steps out that is felt at the short width."""

    def aim(target, scale):
        return make(target.log_density, step_size=scale, max_step_outs=2)

    invariance(aim, standard_gaussian(2), fresh_key(), num_steps=10, scales=(0.5, 1.5))


def keeps_hills(make):
    """Along an axis, where left and right are not averaged, and with a width that spans both hills."""

    def aim(target, scale):
        return make(target.log_density, step_size=scale, max_step_outs=2, along_axes=True)

    invariance(aim, two_hills(), fresh_key(), num_steps=20, scales=(1.0, 6.0))


# 40,000 chains through many turns, twice: seconds of CPU each.
@pytest.mark.slow
@pytest.mark.parametrize("keeps", [keeps_gaussian, keeps_hills])
def test_slices_leave_hard_cases_invariant(keeps):
    keeps(slice_sampler)


# Each compiles its own programs: seconds of CPU.
@pytest.mark.weekly
@pytest.mark.parametrize("name", LEVEL_BUGS)
def test_planted_level_bugs_are_caught(name, kills):
    with kills(name):
        keeps_gaussian(plant(LEVEL_BUGS[name]).slice_sampler)


@pytest.mark.weekly
@pytest.mark.parametrize("name", END_BUGS)
def test_planted_end_bugs_are_caught(name, kills):
    with kills(name):
        keeps_hills(plant(END_BUGS[name]).slice_sampler)


def box(x):
    """Flat on [-1, 1]: the slice is the box, whatever the level."""
    return jnp.where(jnp.abs(x[0]) <= 1, 0.0, -jnp.inf)


def test_a_slice_of_a_box_is_the_box():
    """From any point a draw is uniform on it; each end steps until it is outside, then points are tried."""
    sampler = slice_sampler(box, step_size=0.5, max_step_outs=10**9)  # so that neither end's share is short
    position = jnp.full((4000, 1), 0.9)
    draws = sample(fresh_key(), sampler, num_chains=4000, num_draws=1, position=position).draws
    x = np.sort(draws.value[:, 0, 0])
    uniform = (x + 1) / 2
    distance = np.abs(uniform - np.arange(1, 4001) / 4000).max()
    assert distance < np.sqrt(np.log(2e6) / (2 * 4000)) + 1 / 4000  # Dvoretzky-Kiefer-Wolfowitz at 1e-6
    tries = 1 / draws.info["acceptance_rate"]
    outs = draws.info["n_steps"] - tries
    # Five widths reach across, the first of them for nothing; each end is looked at once more than it steps.
    # Not so where an end falls on an edge of the box, or the left one may not step at all: three uniforms in
    # 2^23 do that, so of 4000 chains three are hit with a probability of (4000 * 3 / 2^23)^3 / 6 = 5e-10.
    assert np.sum(np.round(outs) != 6.0) <= 2
    assert not draws.info["stuck"].any()


def test_no_steps_out_and_one_coordinate_at_a_time():
    sampler = slice_sampler(standard_gaussian(3).log_density, max_step_outs=0, along_axes=True)
    position = exact_draws(KEY, standard_gaussian(3), 64)
    draws = sample(KEY, sampler, num_chains=64, num_draws=1, position=position).draws
    np.testing.assert_allclose(draws.info["n_steps"], 1 / draws.info["acceptance_rate"], rtol=1e-6)
    assert np.all((draws.value[:, 0] != position).sum(axis=1) == 1)


def test_a_slice_with_nothing_in_it_is_left_where_it_was():
    """A density that is not the one the chain was started with: no point reaches the level."""
    sampler = slice_sampler(standard_gaussian(2).log_density)
    state = sampler.init(KEY, jnp.ones(2))
    state, draws = sampler.step(KEY, state._replace(log_density=jnp.float32(100.0)))
    assert bool(draws.info["stuck"])
    assert draws.info["acceptance_rate"] == 0
    assert np.array_equal(state.position, jnp.ones(2))


@pytest.mark.parametrize(("make", "bound"), [(beta, 2.66974401), (normal_from_laplace, 1.31548925)])
def test_proposals_are_geometric(make, bound):
    """The acceptance rate is 1 / B: in all they are negative binomial, to the tail; each is geometric, to the
    bound of Dvoretzky, Kiefer and Wolfowitz."""
    target = make()
    sampler = accept_reject(target.log_density, target.proposal, target.log_bound)
    run = sample(fresh_key(), sampler, num_chains=1000, num_draws=20, num_lanes=100)
    tries = run.draws.info["num_log_densities"]
    refused = int(tries.sum()) - tries.size
    assert stats.nbinom.cdf(refused, tries.size, 1 / bound) > FALSE_ALARM / 3
    assert stats.nbinom.sf(refused - 1, tries.size, 1 / bound) > FALSE_ALARM / 3
    place = np.arange(1, tries.max() + 1)
    found = (tries.ravel()[:, None] <= place).mean(axis=0)
    distance = np.abs(found - stats.geom.cdf(place, 1 / bound)).max()
    assert distance < np.sqrt(np.log(6 / FALSE_ALARM) / (2 * tries.size))
    assert not (run.draws.info["above_bound"] | run.draws.info["exhausted"]).any()


def test_it_accepts_what_rejection_accepts():
    """One attempt, shared: a draw is the first that is accepted of a stream of the same attempts."""
    target = beta()
    options = (target.log_density, target.proposal, target.log_bound)
    _, draws = accept_reject(*options).step(KEY, ())
    stream = [rejection(*options).step(jax.random.fold_in(KEY, i), ())[1] for i in range(20)]
    first = next(i for i, one in enumerate(stream) if one.info["accepted"])
    assert draws.info["num_log_densities"] == first + 1
    assert draws.value == stream[first].value


def test_log_z_is_not_known():
    target = beta()
    sampler = accept_reject(target.log_density, target.proposal, target.log_bound)
    draws = sample(KEY, sampler, num_chains=4, num_draws=4).draws
    with pytest.raises(ValueError, match="normaliser is unknown to independent draws"):
        log_evidence(draws)
    with pytest.raises(ValueError, match="log"):
        sample(KEY, sampler, num_chains=4, num_draws=4, reducers={"log Z": log_evidence_reducer()})
    assert "log_evidence" not in summary(draws).totals


def test_a_bound_too_low_is_flagged():
    target = beta()
    sampler = accept_reject(target.log_density, target.proposal, target.log_bound - 0.5)
    draws = sample(KEY, sampler, num_chains=100, num_draws=10).draws
    assert summary(draws).totals["num_above_bound"] > 0


def test_a_bound_too_loose_ends_and_says_so():
    target = beta()
    hopeless = accept_reject(target.log_density, target.proposal, 60.0, max_proposals=50)
    draws = sample(KEY, hopeless, num_chains=5, num_draws=2).draws
    assert np.isnan(draws.value).all()
    totals = summary(draws).totals
    assert (totals["num_exhausted"], totals["num_non_finite"], totals["num_log_densities"]) == (10, 10, 500)


def test_whole_numbers_can_only_be_flagged():
    coin = dist.Bernoulli(0.5)
    sampler = accept_reject(coin.log_prob, coin, 60.0, max_proposals=3)
    draws = sample(KEY, sampler, num_chains=5, num_draws=2).draws
    assert draws.value.dtype == np.int32
    assert draws.info["exhausted"].all()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: slice_sampler(box, step_size=0.0), "step_size must be positive"),
        (lambda: slice_sampler(box, max_step_outs=-1), "max_outs must be at least 0"),
        (lambda: slice_sampler(box, max_step_outs=1.5), "must be an integer"),
        (lambda: accept_reject(box, dist.Normal(jnp.zeros(2), 1.0), 0.0), r"\.to_event\(\)"),
        (lambda: accept_reject(jnp.square, dist.Normal(0, 1).expand((2,)).to_event(1), 0.0), "a scalar"),
        (
            lambda: accept_reject(beta().log_density, beta().proposal, 1.0, max_proposals=0),
            "max_proposals must be at least 1",
        ),
    ],
)
def test_bad_options_are_told_so(make, message):
    with pytest.raises((ValueError, TypeError), match=message):
        make()
