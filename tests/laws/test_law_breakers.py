"""Each law, broken on purpose by the kind of sampler it is there to catch."""

import dataclasses

import jax
import jax.numpy as jnp
import pytest
from jax.tree_util import Partial

from jgen.laws import LawBroken, cost, invariance, purity, rebuilding, survival
from jgen.samplers import hmc, importance, metropolis
from jgen.samplers.base import accept
from jgen.targets import standard_gaussian
from jgen.types import Draws, Law, Sampler

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


@pytest.mark.parametrize("law", [purity, rebuilding, survival, cost])
def test_a_right_sampler_keeps_it(law):
    law(right, TARGET, KEY)


def test_purity_sees_a_changing_state():
    def forget_dtype(state, draws):
        return state._replace(log_density=state.log_density.astype(jnp.float16)), draws

    with pytest.raises(LawBroken, match="changes its structure"):
        purity(with_step(forget_dtype), TARGET, KEY)


def test_purity_sees_a_key_that_is_not_used():
    def same_key(sampler, key, state):
        del key
        return sampler.step(jax.random.key(1), state)

    def make(target, scale):
        return Sampler(right(target, scale).init, Partial(same_key, right(target, scale)))

    with pytest.raises(LawBroken, match="is the key used"):
        purity(make, TARGET, KEY)


def test_purity_sees_a_python_side_effect():
    calls = []

    def counting(state, draws):
        calls.append(None)
        return state, dataclasses.replace(draws, value=draws.value + len(calls))

    with pytest.raises(LawBroken, match="differs from an eager one"):
        purity(with_step(counting), TARGET, KEY)


def test_rebuilding_sees_a_closure():
    def make(target, scale):
        return metropolis(lambda x: target.log_density(x), step_size=scale)

    with pytest.raises(LawBroken, match="a rebuilt sampler compiled"):
        rebuilding(make, TARGET, KEY)


def gullible_step(log_density, key, state):
    """Metropolis that takes a NaN ratio for a yes."""
    noise_key, accept_key = jax.random.split(key)
    proposal = state + jax.random.normal(noise_key, state.shape)
    log_ratio = log_density(proposal) - log_density(state)
    accepted = ~(jnp.log(jax.random.uniform(accept_key)) >= log_ratio)
    state = jnp.where(accepted, proposal, state)
    return state, Draws(state, COUNTS, None, Law.MARKOV)


def gullible_init(key, position):
    del key
    return position


def test_survival_sees_a_nan_accepted():
    def make(target, _):
        return Sampler(Partial(gullible_init), Partial(gullible_step, target.log_density))

    with pytest.raises(LawBroken, match="with NaN a chain moved"):
        survival(make, TARGET, KEY)


def test_survival_sees_a_nan_weight():
    def careless_step(log_density, proposal, key, state):
        value = proposal.sample(key)
        log_weight = log_density(value) - proposal.log_prob(value)
        return state, Draws(value, COUNTS, log_weight, Law.WEIGHTED)

    def make(target, _):
        step = Partial(careless_step, target.log_density, target.proposal)
        return Sampler(importance(target.log_density, target.proposal).init, step)

    with pytest.raises(LawBroken, match="log-weight is NaN"):
        survival(make, TARGET, KEY)


def silent_step(log_density, scale, moves, key, x):
    """Wrong (the ratio is a quarter of the true one), or lame (a coordinate stays), and silent about it."""
    noise_key, accept_key = jax.random.split(key)
    proposal = x + scale * moves * jax.random.normal(noise_key, x.shape)
    log_ratio = jnp.where(moves.all(), 0.25, 1.0) * (log_density(proposal) - log_density(x))
    x, _, _ = accept(accept_key, log_ratio, proposal, x)
    return x, Draws(x, {**COUNTS, "acceptance_rate": jnp.float32(jnp.nan)}, None, Law.MARKOV)


@pytest.mark.parametrize(("moves", "message"), [([1.0, 1.0], "does not leave"), ([1.0, 0.0], "never moves")])
def test_invariance_sees_the_silent(moves, message):
    def make(target, scale):
        step = Partial(silent_step, target.log_density, jnp.asarray(scale), jnp.array(moves))
        return Sampler(Partial(gullible_init), step)

    with pytest.raises(LawBroken, match=message):
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

    with pytest.raises(LawBroken, match="gave 15 gradients and 0 log densities; the sampler reports 10"):
        cost(make, TARGET, KEY)


def test_accept_refuses_what_is_not_a_number():
    for log_ratio in (jnp.nan, -jnp.inf, jnp.inf):
        state, rate, accepted = accept(KEY, jnp.float32(log_ratio), jnp.float32(1.0), jnp.float32(0.0))
        assert (float(state), float(rate), bool(accepted)) == (0.0, 0.0, False)
