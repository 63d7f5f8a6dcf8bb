"""Each law, broken on purpose by the kind of sampler it is there to catch."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.tree_util import Partial

from jgen.samplers import hmc, importance, metropolis
from jgen.samplers.accept import accept
from jgen.targets import standard_gaussian
from jgen.testing.sampler_checks import (
    CheckFailed,
    cost,
    invariance,
    nan_robustness,
    no_recompilation,
    rank,
    reversibility,
    transform_consistency,
)
from jgen.testing.sampler_checks.exchangeability import asymmetry
from jgen.types import DrawKind, Draws, Sampler
from tests.helpers.random_keys import fresh_key, fresh_rng

TARGET = standard_gaussian(2)
KEY = jax.random.key(0)
COUNTS = {"num_grads": jnp.int32(0), "num_log_densities": jnp.int32(1)}


def right(target, scale):
    return metropolis(target.log_density, step_size=scale)


def with_step(step):
    """A Metropolis sampler whose draws or state pass through ``step(state, draws)`` first."""

    def changed(sampler, key, state):
        return step(*sampler.step(key, state))

    return lambda target, scale: Sampler(right(target, scale).init, Partial(changed, right(target, scale)))


@pytest.mark.parametrize("law", [transform_consistency, no_recompilation, nan_robustness, cost])
def test_a_right_sampler_keeps_it(law):
    law(right, TARGET, KEY)


def test_purity_sees_a_changing_state():
    def forget_dtype(state, draws):
        return state._replace(log_density=state.log_density.astype(jnp.float16)), draws

    with pytest.raises(CheckFailed, match="changes its structure"):
        transform_consistency(with_step(forget_dtype), TARGET, KEY)


def test_purity_sees_a_key_that_is_not_used():
    def same_key(sampler, key, state):
        del key
        return sampler.step(jax.random.key(1), state)

    def make(target, scale):
        return Sampler(right(target, scale).init, Partial(same_key, right(target, scale)))

    with pytest.raises(CheckFailed, match="is the key used"):
        transform_consistency(make, TARGET, KEY)


def test_purity_sees_a_python_side_effect():
    calls = []

    def counting(state, draws):
        calls.append(None)
        return state, dataclasses.replace(draws, value=draws.value + len(calls))

    with pytest.raises(CheckFailed, match="differs when it is traced again"):
        transform_consistency(with_step(counting), TARGET, KEY)


def test_rebuilding_sees_a_closure():
    def make(target, scale):
        return metropolis(lambda x: target.log_density(x), step_size=scale)

    with pytest.raises(CheckFailed, match="a rebuilt sampler compiled"):
        no_recompilation(make, TARGET, KEY)


def gullible_step(log_density, key, state):
    """Metropolis that takes a NaN ratio for a yes."""
    noise_key, accept_key = jax.random.split(key)
    proposal = state + jax.random.normal(noise_key, state.shape)
    log_ratio = log_density(proposal) - log_density(state)
    accepted = ~(jnp.log(jax.random.uniform(accept_key)) >= log_ratio)
    state = jnp.where(accepted, proposal, state)
    return state, Draws(state, COUNTS, None, DrawKind.MARKOV)


def gullible_init(key, position):
    del key
    return position


def test_survival_sees_a_nan_accepted():
    def make(target, _):
        return Sampler(Partial(gullible_init), Partial(gullible_step, target.log_density))

    with pytest.raises(CheckFailed, match="with NaN a chain moved"):
        nan_robustness(make, TARGET, KEY)


def test_survival_sees_a_nan_weight():
    def careless_step(log_density, proposal, key, state):
        value = proposal.sample(key)
        log_weight = log_density(value) - proposal.log_prob(value)
        return state, Draws(value, COUNTS, log_weight, DrawKind.WEIGHTED)

    def make(target, _):
        step = Partial(careless_step, target.log_density, target.proposal)
        return Sampler(importance(target.log_density, target.proposal).init, step)

    with pytest.raises(CheckFailed, match="log-weight is NaN"):
        nan_robustness(make, TARGET, KEY)


def silent_step(log_density, scale, moves, key, x):
    """Wrong (the ratio is a quarter of the true one), or lame (a coordinate stays), and silent about it."""
    noise_key, accept_key = jax.random.split(key)
    proposal = x + scale * moves * jax.random.normal(noise_key, x.shape)
    log_ratio = jnp.where(moves.all(), 0.25, 1.0) * (log_density(proposal) - log_density(x))
    x, _, _ = accept(accept_key, log_ratio, proposal, x)
    return x, Draws(x, {**COUNTS, "acceptance_rate": jnp.float32(jnp.nan)}, None, DrawKind.MARKOV)


@pytest.mark.parametrize(("moves", "message"), [([1.0, 1.0], "does not leave"), ([1.0, 0.0], "never moves")])
def test_invariance_sees_the_silent(moves, message):
    def make(target, scale):
        step = Partial(silent_step, target.log_density, jnp.asarray(scale), jnp.array(moves))
        return Sampler(Partial(gullible_init), step)

    with pytest.raises(CheckFailed, match=message):
        invariance(make, TARGET, KEY)


def test_cost_sees_a_gradient_not_counted():
    def one_less(state, draws):
        info = {**draws.info, "num_grads": draws.info["num_grads"] - 1}
        return state, dataclasses.replace(draws, info=info)

    def make(target, scale):
        sampler = hmc(target.log_density, step_size=scale, num_steps=3)

        def changed(key, state):
            return one_less(*sampler.step(key, state))

        return Sampler(sampler.init, Partial(changed))

    with pytest.raises(CheckFailed, match="gave 15 gradients and 0 log densities; the sampler reports 10"):
        cost(make, TARGET, KEY)


def test_accept_refuses_what_is_not_a_number():
    for log_ratio in (jnp.nan, -jnp.inf, jnp.inf):
        state, rate, accepted = accept(KEY, jnp.float32(log_ratio), jnp.float32(1.0), jnp.float32(0.0))
        assert (float(state), float(rate), bool(accepted)) == (0.0, 0.0, False)


def turning(angle):
    """A current: every step turns a rotation-invariant law by an angle, and refreshes a little."""

    sampler = Sampler(Partial(gullible_init), Partial(turning_step, jnp.float32(angle)))
    return lambda *_: sampler


def turning_step(angle, key, x):
    turn = jnp.array([[jnp.cos(angle), -jnp.sin(angle)], [jnp.sin(angle), jnp.cos(angle)]])
    x = 0.8 * turn @ x + 0.6 * jax.random.normal(key, x.shape)
    return x, Draws(x, {**COUNTS, "acceptance_rate": jnp.float32(jnp.nan)}, None, DrawKind.MARKOV)


def test_reversibility_sees_a_current():
    """It leaves a Gaussian as it is, turned or not; turned, it goes round one way."""
    reversibility(turning(0.0), TARGET, fresh_key())
    invariance(turning(0.5), TARGET, fresh_key())
    with pytest.raises(CheckFailed, match=r"not reversible.*differ in .+ and .+ by"):
        reversibility(turning(0.5), TARGET, fresh_key())


def test_rank_sees_what_adds_up_over_steps():
    """Acceptance ratios a twentieth too near 1: three steps hide it, fifteen do not."""

    def make(target, scale):
        step = Partial(tempered_step, target.log_density, jnp.float32(scale))
        return Sampler(Partial(gullible_init), step)

    rank(right, TARGET, fresh_key())
    with pytest.raises(CheckFailed, match="exact draws stand out"):
        rank(make, TARGET, fresh_key(), scales=(2.0,))


def tempered_step(log_density, scale, key, x):
    noise_key, accept_key = jax.random.split(key)
    proposal = x + scale * jax.random.normal(noise_key, x.shape)
    log_ratio = 0.8 * (log_density(proposal) - log_density(x))
    x, rate, _ = accept(accept_key, log_ratio, proposal, x)
    return x, Draws(x, {**COUNTS, "acceptance_rate": rate}, None, DrawKind.MARKOV)


def test_one_statistic_under_two_names_is_no_alarm():
    """As in one dimension, where projections are the coordinate: all between them is rounding."""
    pairs = fresh_rng().normal(size=(2, 1, 10_000)) * np.array([1.0, -3.0, 1e-3])[None, :, None]
    assert (found := asymmetry(*pairs, 1e-6)).deviation <= found.threshold


def test_the_waves_of_a_symmetric_pair_are_even():
    """Pairs that are swapped at random pass; pairs in order of size do not, whatever their law."""
    rng = fresh_rng()
    pairs = rng.standard_cauchy((2, 6, 2_000))
    assert (found := asymmetry(*pairs, 1e-6)).deviation <= found.threshold
    found = asymmetry(*np.sort(pairs, axis=0), 1e-6)
    assert found.deviation > found.threshold
