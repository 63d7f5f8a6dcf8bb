"""Facts about single samplers that need no statistics, or the binomial's only."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from scipy import stats

from jgen.diagnostics.summary import log_evidence
from jgen.samplers import (
    adjusted_mclmc,
    ancestral,
    barker,
    direct,
    estimate_log_bound,
    hmc,
    importance,
    mala,
    metropolis,
    nuts,
    rejection,
)
from jgen.samplers.accept import log_uniform, normal_and_log_uniform
from jgen.sampling.driver import sample
from jgen.targets import banana, beta, normal_from_cauchy, normal_from_laplace, standard_gaussian
from jgen.targets.asia import CONDITIONALS, probability
from jgen.testing.sampler_checks.target_draws import exact_draws
from tests.helpers.random_keys import fresh_key

KEY = jax.random.key(8)
FALSE_ALARM = 1e-6


def check_share(happened, chance):
    """Independent draws of an event of known probability, but for rounding: binomial tails, exactly."""
    count, size = int(happened.sum()), happened.size
    slack = 8 * float(np.finfo(np.float32).eps)
    assert stats.binom.cdf(count, size, chance - slack) > FALSE_ALARM / 2
    assert stats.binom.sf(count - 1, size, chance + slack) > FALSE_ALARM / 2


def states_after(sampler, position, key=KEY):
    return sampler.step(key, sampler.init(key, position))


@pytest.mark.parametrize(
    ("make", "bound"),
    [(beta, 2.66974401), (normal_from_cauchy, 1.52034690), (normal_from_laplace, 1.31548925)],
)
def test_rejection_accepts_one_in_bound(make, bound):
    target = make()
    sampler = rejection(target.log_density, target.proposal, target.log_bound)
    draws = sample(fresh_key(), sampler, num_chains=1000, num_draws=50).draws
    check_share(draws.info["accepted"], 1 / bound)
    assert not draws.info["above_bound"].any()
    kept = draws.log_weight > -np.inf
    assert np.array_equal(kept, draws.info["accepted"])


def test_a_bound_too_low_is_flagged_and_counted():
    target = beta()
    too_low = rejection(target.log_density, target.proposal, target.log_bound - 0.5)
    draws = sample(KEY, too_low, num_chains=100, num_draws=50).draws
    excess = jax.vmap(jax.vmap(target.log_density))(draws.value) - (target.log_bound - 0.5)
    assert draws.info["above_bound"].sum() == (excess > 1e-5).sum() > 0


def test_estimate_log_bound_reports_its_violations():
    target = beta()
    found = estimate_log_bound(fresh_key(), target.log_density, target.proposal)
    assert found.num_violations == 0
    assert 0 <= found.log_bound - np.log(2.66974401) <= 0.1 + 1e-5
    tight = estimate_log_bound(fresh_key(), target.log_density, target.proposal, num_samples=100, margin=-1.0)
    assert tight.num_violations > 0
    assert tight.max_excess > 0


def test_mala_is_hmc_with_one_leapfrog(x64):
    """The same noise and the same coin, hence the same proposal and the same decision, but for rounding."""
    target = banana()
    options = {"step_size": 0.2, "inverse_mass_matrix": target.variance}
    one, two = mala(target.log_density, **options), hmc(target.log_density, num_steps=1, **options)
    position = exact_draws(KEY, target, 64)
    walk = jax.jit(jax.vmap(lambda x: states_after(one, x)[1]))(position)
    leap = jax.jit(jax.vmap(lambda x: states_after(two, x)[1]))(position)
    # Two orders of some hundred float64 sums, of energies below 1e4 nats: 100 x 1e4 x 1e-16.
    np.testing.assert_allclose(walk.info["acceptance_rate"], leap.info["acceptance_rate"], atol=1e-10)
    np.testing.assert_allclose(walk.value, leap.value, rtol=1e-10, atol=1e-10)
    del x64


def test_leapfrog_energy_error_is_of_second_order(x64):
    """At a fixed length the energy error falls by four when the step is halved; a first-order
    integrator's (a full kick, a kick forgotten) falls by two."""
    target = banana()

    def worst_error(step):
        sampler = hmc(target.log_density, step_size=step, num_steps=round(0.08 / step))
        start = jnp.array([3.0, 1.0])
        energy = states_after(sampler, start)[1].info["energy"]
        noise, _ = normal_and_log_uniform(KEY, start)
        return abs(energy - (0.5 * noise @ noise - target.log_density(start)))

    ratio = worst_error(0.008) / worst_error(0.004)
    assert 3.9 < ratio < 4.1
    del x64


@pytest.mark.parametrize("make", [adjusted_mclmc, barker, hmc, mala, metropolis, nuts])
def test_a_metric_is_a_change_of_coordinates(make, x64):
    """Inverse mass S on p(x) is the identity on p(Lx), L Lᵀ = S: the same noise, the same acceptance."""
    factor = jnp.array([[1.0, 0.0], [1.5, 0.5]])

    def plain(y):
        return -0.25 * jnp.sum(y**4) + y[0] * y[1]

    def stretched(x):
        return plain(jnp.linalg.solve(factor, x))

    y = jnp.array([0.3, -0.4])
    inside = states_after(make(plain, step_size=0.9), y)[1]
    outside = states_after(make(stretched, step_size=0.9, inverse_mass_matrix=factor @ factor.T), factor @ y)[
        1
    ]
    np.testing.assert_allclose(factor @ inside.value, outside.value, atol=1e-12)
    np.testing.assert_allclose(inside.info["acceptance_rate"], outside.info["acceptance_rate"], atol=1e-12)
    del x64


@pytest.mark.parametrize("make", [adjusted_mclmc, barker, hmc, mala, metropolis, nuts])
def test_float32_positions_meet_float64_data(make, x64):
    data = jnp.array([1.0, 2.0], jnp.float64)
    state, draws = states_after(make(lambda x: -jnp.sum((x - data) ** 2)), jnp.zeros(2, jnp.float32))
    assert (state.position.dtype, draws.info["lp"].dtype) == (jnp.float32, jnp.float64)
    del x64


def test_a_uniform_of_zero_does_not_accept_everything():
    """One uniform in 2^23 is exactly 0, and log 0 = -inf is below every ratio."""
    assert log_uniform(jnp.float32(0.0)) == 0.0
    assert log_uniform(jnp.float32(1.0 - 2**-23)) > -17


def test_a_diverging_trajectory_is_flagged_and_refused():
    target = standard_gaussian(2)
    for make in (hmc, nuts):
        state, draws = states_after(make(target.log_density, step_size=1e3), jnp.ones(2))
        assert bool(draws.info["diverging"])
        assert np.array_equal(state.position, jnp.ones(2))


def test_ancestral_draws_the_asia_network():
    draws = sample(fresh_key(), ancestral(CONDITIONALS), num_chains=1000, num_draws=100).draws
    for name, p in {"either": 0.064828, "xray": 0.11029004, "dysp": 0.43597060}.items():
        check_share(draws.value[name] == 1, p)
    assert not draws.log_weight.any()


def test_likelihood_weighting_finds_the_asia_posterior():
    """E[w (lung - p)] = 0, and w is a product of probabilities, so that terms lie in an interval of length 1:
    the empirical Bernstein bound of Maurer and Pontil (2009), theorem 4, on each side."""
    seen = ancestral(CONDITIONALS, observed={"xray": jnp.array(1), "dysp": jnp.array(1)})
    draws = sample(fresh_key(), seen, num_chains=1000, num_draws=100).draws
    weight = np.exp(draws.log_weight.astype(np.float64))
    terms = (weight * (draws.value["lung"] - 0.62125280)).ravel()
    log_odds = np.log(4 / FALSE_ALARM)
    chance = np.sqrt(2 * terms.var(ddof=1) * log_odds / terms.size) + 7 * log_odds / (3 * (terms.size - 1))
    assert abs(terms.mean()) < chance
    assert chance < 0.05 * weight.mean()  # so that a twentieth would be seen
    assert np.all(draws.value["xray"] == 1)


def test_ancestral_lp_is_the_joint_log_probability():
    observed = {"xray": jnp.array(1)}
    draws = sample(KEY, ancestral(CONDITIONALS, observed), num_chains=50, num_draws=1).draws
    plain = sample(KEY, ancestral(CONDITIONALS), num_chains=50, num_draws=1).draws
    for run in (draws, plain):
        values = [{name: int(column[i, 0]) for name, column in run.value.items()} for i in range(50)]
        joint = np.log([probability(value) for value in values])
        np.testing.assert_allclose(run.info["lp"][:, 0], joint, rtol=1e-4)


def test_order_of_writing_does_not_change_the_draws():
    backwards = dict(reversed(CONDITIONALS.items()))
    options = {"num_chains": 10, "num_draws": 10}
    first = sample(KEY, ancestral(CONDITIONALS), **options).draws.value
    second = sample(KEY, ancestral(backwards), **options).draws.value
    assert all(np.array_equal(first[name], second[name]) for name in first)


def test_log_evidence_is_refused_where_it_is_unknown():
    draws = sample(KEY, mala(lambda x: -(x @ x)), num_chains=2, num_draws=4, position=jnp.zeros((2, 2))).draws
    with pytest.raises(ValueError, match="normaliser is unknown"):
        log_evidence(draws)


def gaussian(x):
    return -0.5 * jnp.sum(x**2)


def smoke_given_lung(lung):
    return dist.Bernoulli(0.5 * lung)


NORMAL = dist.Normal(jnp.zeros(2), 1.0)
BAD_SAMPLERS = {
    "a batched source": (lambda: direct(NORMAL), "got a batch of shape"),
    "a batched proposal": (lambda: importance(gaussian, NORMAL), r"\.to_event\(\)"),
    "a batched proposal to reject": (lambda: rejection(gaussian, NORMAL, 1.0), r"\.to_event\(\)"),
    "a vector density": (lambda: importance(jnp.square, NORMAL.to_event(1)), "must be a scalar"),
    "a negative step": (lambda: hmc(gaussian, step_size=-0.1), "step_size must be positive"),
    "a NaN step": (lambda: mala(gaussian, step_size=float("nan")), "step_size must be positive"),
    "no step": (lambda: metropolis(gaussian, step_size=0.0), "step_size must be positive"),
    "no leapfrogs": (lambda: hmc(gaussian, num_steps=0), "num_steps must be at least 1"),
    "half a leapfrog": (lambda: hmc(gaussian, num_steps=2.5), "must be an integer"),
    "a negative variance": (lambda: hmc(gaussian, inverse_mass_matrix=[-1.0, 1.0]), "all positive"),
    "a variance of zero": (lambda: mala(gaussian, inverse_mass_matrix=[0.0, 1.0]), "all positive"),
    "an indefinite metric": (
        lambda: nuts(gaussian, inverse_mass_matrix=[[1.0, 2.0], [2.0, 1.0]]),
        "positive definite",
    ),
    "a lopsided metric": (
        lambda: metropolis(gaussian, inverse_mass_matrix=[[1.0, 0.5], [0.0, 1.0]]),
        "symmetric",
    ),
    "no depth": (lambda: nuts(gaussian, max_depth=0), "max_depth must be at least 1"),
    "an unknown parent": (lambda: ancestral({"wet": CONDITIONALS["dysp"]}), "wet names bronc, either"),
    "an unknown observation": (lambda: ancestral(CONDITIONALS, {"age": jnp.array(3)}), "observed names age"),
    "a cycle": (lambda: ancestral({"smoke": smoke_given_lung, "lung": CONDITIONALS["lung"]}), "has a cycle"),
    "an ill-shaped observation": (
        lambda: ancestral(CONDITIONALS, {"xray": jnp.ones(2)}),
        "observed with shape",
    ),
    "a density that misses": (
        lambda: estimate_log_bound(KEY, lambda x: -jnp.inf * x**2, dist.Normal(0.0, 1.0)),
        "misses the target",
    ),
}


@pytest.mark.parametrize("name", BAD_SAMPLERS)
def test_bad_input_is_told_so(name):
    call, message = BAD_SAMPLERS[name]
    with pytest.raises((ValueError, TypeError), match=message):
        call()
