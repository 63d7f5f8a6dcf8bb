"""Test that invalid options and positions raise errors that name them."""

from functools import partial
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpyro.distributions as dist
import pytest

from jgen.distributions import gaussian
from jgen.samplers import (
    AnnealingPath,
    accept_reject,
    adaptive_importance,
    adjusted_mclmc,
    ancestral,
    barker,
    block,
    burn_in,
    cycle,
    direct,
    discrete_gibbs,
    elliptical_slice,
    enumerate_states,
    estimate_log_bound,
    ghmc,
    gibbs,
    hmc,
    importance,
    independent_metropolis,
    jittered_hmc,
    mala,
    mclmc,
    metropolis,
    minibatch,
    multiple_importance,
    nuts,
    rejection,
    sghmc,
    sgld,
    slice_sampler,
    smc,
    thin,
)
from jgen.targets import banana, beta
from jgen.targets.asia import CONDITIONALS

KEY = jax.random.key(8)
BATCH = dist.Normal(jnp.zeros(2), 1.0)
NORMAL = BATCH.to_event(1)
PRIOR = gaussian(jnp.array([1.0, -2.0]), scale_tril=jnp.array([[1.0, 0.0], [3.0, 0.5]]))
SCALARS = {"x": jnp.zeros(()), "y": jnp.zeros(())}
DATA = jnp.arange(20.0)
PATH = AnnealingPath(dist.Normal(0.0, 1.0), lambda x: -0.5 * x**2)
BANANA = banana()
particles = partial(smc, PATH, metropolis, num_particles=8)
fitted = partial(adaptive_importance, BANANA.log_density, NORMAL, num_particles=8)


def density(x):
    return -0.5 * jnp.sum(x**2)


def pair(position):
    return -(position["x"] ** 2) - position["y"] ** 2


def conditional(rest):
    del rest
    return dist.Normal()


def smoke_given_lung(lung):
    return dist.Bernoulli(0.5 * lung)


def init(sampler, position):
    return jax.eval_shape(lambda: sampler.init(KEY, position))


def cycle_step(member):
    sampler = cycle(gibbs(conditional, "y"), member)
    return jax.eval_shape(lambda: sampler.step(KEY, sampler.init(KEY, SCALARS)))


def step(sampler, position):
    return jax.eval_shape(lambda: sampler.step(KEY, sampler.init(KEY, position)))


def burnt(density):
    return burn_in(mala(density), 10)


UNBATCHED = {
    "a batched source": (lambda: direct(BATCH), "got a batch of shape"),
    "a batched proposal": (lambda: importance(density, BATCH), r"\.to_event\(\)"),
    "a batched proposal to reject": (lambda: rejection(density, BATCH, 1.0), r"\.to_event\(\)"),
    "a batched proposal to accept": (lambda: accept_reject(density, BATCH, 0.0), r"\.to_event\(\)"),
    "a batched proposal of a chain": (lambda: independent_metropolis(density, BATCH), "batch of shape"),
    "a batch of priors": (lambda: elliptical_slice(density, BATCH), "batch of shape"),
    "a batched base": (lambda: adaptive_importance(density, BATCH, num_particles=8), "batch"),
    "a batch of conditionals": (
        lambda: cycle_step(gibbs(lambda _: BATCH, "x")),
        r"\.to_event\(\)",
    ),
    "a vector density": (lambda: importance(jnp.square, NORMAL), "must be a scalar"),
    "a vector density to accept": (lambda: accept_reject(jnp.square, NORMAL, 0.0), "a scalar"),
    "a vector of estimates": (lambda: init(sgld(lambda key, x: x), jnp.zeros(2)), "must be a scalar"),  # noqa: ARG005
    "integers": (lambda: adaptive_importance(density, dist.Poisson(3.0), num_particles=8), "real numbers"),
}
OPTIONS = {
    "a negative step": (lambda: hmc(density, step_size=-0.1), "step_size must be positive"),
    "a NaN step": (lambda: mala(density, step_size=float("nan")), "step_size must be positive"),
    "no step": (lambda: metropolis(density, step_size=0.0), "step_size must be positive"),
    "a negative step of Barker's": (lambda: barker(density, step_size=-1.0), "step_size must be positive"),
    "no width": (lambda: slice_sampler(density, step_size=0.0), "step_size must be positive"),
    "negative steps out": (
        lambda: slice_sampler(density, max_step_outs=-1),
        "max_step_outs must be at least 0",
    ),
    "half a step out": (lambda: slice_sampler(density, max_step_outs=1.5), "must be an integer"),
    "no leapfrogs": (lambda: hmc(density, num_steps=0), "num_steps must be at least 1"),
    "half a leapfrog": (lambda: hmc(density, num_steps=2.5), "must be an integer"),
    "no isokinetic steps": (lambda: adjusted_mclmc(density, num_steps=0), "num_steps must be at least 1"),
    "a jitter above one": (lambda: adjusted_mclmc(density, jitter=1.5), "jitter is a fraction"),
    "a direction on a line": (lambda: step(adjusted_mclmc(density), jnp.zeros(1)), "2 dimensions or more"),
    "no damping": (lambda: ghmc(density, damping=0.0), "damping must be positive"),
    "a negative length": (
        lambda: jittered_hmc(density, trajectory_length=-1.0),
        "trajectory_length must be positive",
    ),
    "no steps of a length": (lambda: jittered_hmc(density, max_steps=0), "max_steps must be at least 1"),
    "no depth": (lambda: nuts(density, max_depth=0), "max_depth must be at least 1"),
    "a negative variance": (lambda: hmc(density, inverse_mass_matrix=[-1.0, 1.0]), "all positive"),
    "a variance of zero": (lambda: mala(density, inverse_mass_matrix=[0.0, 1.0]), "all positive"),
    "an indefinite matrix": (
        lambda: nuts(density, inverse_mass_matrix=[[1.0, 2.0], [2.0, 1.0]]),
        "positive definite",
    ),
    "an asymmetric matrix": (
        lambda: metropolis(density, inverse_mass_matrix=[[1.0, 0.5], [0.0, 1.0]]),
        "symmetric",
    ),
    "no friction": (lambda: sghmc(density, friction=0.0), "friction is the fraction"),
    "too much friction": (lambda: sghmc(density, friction=1.5), "friction is the fraction"),
    "a negative gradient variance": (lambda: sghmc(density, gradient_variance=-1.0), "must be at least 0"),
    "more heat than friction": (
        lambda: sghmc(density, step_size=1.0, friction=0.1, gradient_variance=1.0),
        "larger batches or more friction",
    ),
    "no time": (lambda: mclmc(density, decoherence_time=0.0), "decoherence_time must be positive"),
    "no batch": (lambda: minibatch(density, pair, DATA, batch_size=0), "between 1 and the 20 data"),
    "too large a batch": (lambda: minibatch(density, pair, DATA, batch_size=21), "between 1 and the 20 data"),
    "ragged data": (
        lambda: minibatch(density, pair, (DATA, DATA[1:]), batch_size=2),
        "must share their first axis",
    ),
    "one number as data": (
        lambda: minibatch(density, pair, 3.0, batch_size=1),
        "must share their first axis",
    ),
    "a prior that is not Gaussian": (
        lambda: elliptical_slice(density, dist.Laplace(jnp.zeros(2), 1.0).to_event(1)),
        "needs a Gaussian prior",
    ),
    "a position of another shape": (
        lambda: step(elliptical_slice(density, PRIOR), jnp.zeros(3)),
        r"events of its prior, of shape \(2,\)",
    ),
}
EXACT = {
    "an unknown parent": (lambda: ancestral({"wet": CONDITIONALS["dysp"]}), "wet names bronc, either"),
    "an unknown observation": (lambda: ancestral(CONDITIONALS, {"age": jnp.array(3)}), "observed names age"),
    "a cycle": (lambda: ancestral({"smoke": smoke_given_lung, "lung": CONDITIONALS["lung"]}), "has a cycle"),
    "an ill-shaped observation": (
        lambda: ancestral(CONDITIONALS, {"xray": jnp.ones(2)}),
        "observed with shape",
    ),
    "a density that misses": (
        lambda: estimate_log_bound(KEY, lambda x: -jnp.inf * x**2, dist.Normal(0.0, 1.0), num_samples=100),
        "misses the target",
    ),
    "no proposals": (
        lambda: accept_reject(beta().log_density, beta().proposal, 1.0, max_proposals=0),
        "max_proposals must be at least 1",
    ),
    "no count": (lambda: multiple_importance(density, [NORMAL, NORMAL], counts=[1, 0]), "an integer number"),
    "no proposal": (lambda: multiple_importance(density, []), "one proposal or more"),
}
POPULATIONS = {
    "no particles": (lambda: particles(num_particles=0), "num_particles must be at least 1"),
    "half a particle": (lambda: particles(num_particles=2.5), "it must be an integer; got 2.5"),
    "no pilots to choose": (lambda: particles(num_pilots=0), "take num_pilots >= 1"),
    "no temperatures": (lambda: particles(max_temperatures=0), "max_temperatures must be at least 1"),
    "no steps": (lambda: particles(num_steps=0), "num_steps must be at least 1"),
    "more than all": (lambda: particles(ess_fraction=1.5), "ess_fraction is a fraction"),
    "too few to fit": (lambda: fitted(num_particles=0), "num_particles must be at least 4"),
    "too few pilots to fit": (lambda: fitted(num_pilots=3), "num_pilots must be at least 4"),
    "no rounds": (lambda: fitted(num_rounds=0), "num_rounds must be at least 1"),
    "no degrees of freedom": (lambda: fitted(dof=0.0), "dof must be positive"),
}
TRANSFORMS = {
    "no interval": (lambda: thin(direct(BANANA), 0), "num_steps must be at least 1"),
    "a negative burn-in": (lambda: burn_in(direct(BANANA), -1), "num_steps must be at least 0"),
    "a cycle of one": (lambda: cycle(mala(density)), "two samplers or more"),
    "no names": (lambda: block(mala, pair), "takes the names"),
    "a name twice": (lambda: block(mala, pair, "x", "x"), "each once"),
    "a name that is not there": (lambda: init(block(mala, pair, "nu"), SCALARS), "has no nu; it has"),
    "no dict": (lambda: init(block(mala, pair, "x"), jnp.zeros(2)), "must be a dict"),
    "no dict to draw in": (
        lambda: gibbs(conditional, "x").step(KEY, SimpleNamespace(position=1.0)),
        "must be a dict",
    ),
    "one value": (lambda: discrete_gibbs(jnp.sum, num_values=1), "num_values must be at least 2"),
    "floats as sites": (lambda: init(discrete_gibbs(jnp.sum, num_values=2), jnp.zeros(3)), "moves integers"),
    "no candidates": (lambda: enumerate_states(jnp.sum, jnp.zeros((0, 2))), "one list of candidates"),
    "ragged candidates": (
        lambda: enumerate_states(jnp.sum, (jnp.zeros(2), jnp.zeros(3))),
        "one list of candidates",
    ),
    "candidates of another shape": (
        lambda: init(enumerate_states(jnp.sum, jnp.zeros(2)), jnp.zeros(2)),
        "looks like",
    ),
    "burn-in in a cycle": (lambda: cycle(burnt(pair), mala(pair)), r"burn_in\(cycle\("),
    "burn-in under a thinning": (lambda: cycle(mala(pair), thin(burnt(pair), 2)), r"burn_in\(cycle\("),
    "burn-in in a block": (lambda: init(block(burnt, pair, "x"), SCALARS), r"burn_in\(cycle\("),
    "a direct sampler in a cycle": (
        lambda: cycle_step(block(lambda _: ancestral({"x": lambda: dist.Normal()}), pair, "x")),
        "cycle composes Markov kernels",
    ),
}
INVALID = UNBATCHED | OPTIONS | EXACT | POPULATIONS | TRANSFORMS


@pytest.mark.parametrize("name", INVALID)
def test_invalid_input_raises(name):
    call, message = INVALID[name]
    with pytest.raises((ValueError, TypeError), match=message):
        call()
