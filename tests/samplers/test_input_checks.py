"""Test that invalid options and positions raise errors that name them.

Of a check that several samplers share, each sampler has one case; the check itself has its own test.
"""

from functools import partial
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpyro.distributions as dist
import pytest

from jgen import samplers
from jgen.distributions import gaussian
from jgen.targets import banana
from jgen.targets.asia import CONDITIONALS

KEY = jax.random.key(8)
BATCH = dist.Normal(jnp.zeros(2), 1.0)
NORMAL = BATCH.to_event(1)
PRIOR = gaussian(jnp.array([1.0, -2.0]), scale_tril=jnp.array([[1.0, 0.0], [3.0, 0.5]]))
LAPLACE = dist.Laplace(jnp.zeros(2), 1.0).to_event(1)
SCALARS = {"x": jnp.zeros(()), "y": jnp.zeros(())}
DATA = jnp.arange(20.0)
PATH = samplers.AnnealingPath(dist.Normal(0.0, 1.0), lambda x: -0.5 * x**2)
DIRECT = samplers.direct(banana())


def density(x):
    return -0.5 * jnp.sum(x**2)


def pair(position):
    return -(position["x"] ** 2) - position["y"] ** 2


def init(sampler, position=SCALARS):
    return jax.eval_shape(lambda: sampler.init(KEY, position))


def step(sampler, position=SCALARS):
    return jax.eval_shape(lambda: sampler.step(KEY, sampler.init(KEY, position)))


def cycle_step(member):
    return step(samplers.cycle(samplers.gibbs(lambda _: dist.Normal(), "y"), member))


def burnt(density):
    return samplers.burn_in(samplers.mala(density), 10)


def exact(_):
    return samplers.ancestral({"x": lambda: dist.Normal()})


estimate = partial(samplers.minibatch, density, pair)
fitted = partial(samplers.adaptive_importance, num_particles=8)
particles = partial(samplers.smc, PATH, samplers.metropolis, num_particles=8)
OPTIONS = [
    (samplers.hmc, {"step_size": -0.1}, "step_size must be positive"),
    (samplers.hmc, {"num_steps": 0}, "num_steps must be at least 1"),
    (samplers.hmc, {"inverse_mass_matrix": [-1.0, 1.0]}, "all positive"),
    (samplers.mala, {"inverse_mass_matrix": [0.0, 1.0]}, "all positive"),
    (samplers.metropolis, {"inverse_mass_matrix": [[1.0, 0.5], [0.0, 1.0]]}, "symmetric"),
    (samplers.nuts, {"inverse_mass_matrix": [[1.0, 2.0], [2.0, 1.0]]}, "positive definite"),
    (samplers.nuts, {"max_depth": 0}, "max_depth must be at least 1"),
    (samplers.slice_sampler, {"step_size": 0.0}, "step_size must be positive"),
    (samplers.slice_sampler, {"max_step_outs": -1}, "max_step_outs must be at least 0"),
    (samplers.adjusted_mclmc, {"num_steps": 0}, "num_steps must be at least 1"),
    (samplers.adjusted_mclmc, {"jitter": 1.5}, "jitter is a fraction"),
    (samplers.ghmc, {"damping": 0.0}, "damping must be positive"),
    (samplers.jittered_hmc, {"trajectory_length": -1.0}, "trajectory_length must be positive"),
    (samplers.jittered_hmc, {"max_steps": 0}, "max_steps must be at least 1"),
    (samplers.sghmc, {"friction": 0.0}, "friction is the fraction"),
    (samplers.sghmc, {"friction": 1.5}, "friction is the fraction"),
    (samplers.sghmc, {"gradient_variance": -1.0}, "must be at least 0"),
    (samplers.sghmc, {"step_size": 1.0, "gradient_variance": 1.0}, "larger batches or more friction"),
    (samplers.mclmc, {"decoherence_time": 0.0}, "decoherence_time must be positive"),
    (samplers.discrete_gibbs, {"num_values": 1}, "num_values must be at least 2"),
    (samplers.elliptical_slice, {"prior": BATCH}, "batch of shape"),
    (samplers.elliptical_slice, {"prior": LAPLACE}, "needs a Gaussian prior"),
    (samplers.importance, {"proposal": BATCH}, r"\.to_event\(\)"),
    (samplers.rejection, {"proposal": BATCH, "log_bound": 1.0}, r"\.to_event\(\)"),
    (samplers.accept_reject, {"proposal": BATCH, "log_bound": 0.0}, r"\.to_event\(\)"),
    (samplers.accept_reject, {"proposal": NORMAL, "log_bound": 1.0, "max_proposals": 0}, "max_proposals"),
    (samplers.independent_metropolis, {"proposal": BATCH}, "batch of shape"),
    (samplers.multiple_importance, {"proposals": [NORMAL] * 2, "counts": [1, 0]}, "an integer number"),
    (samplers.multiple_importance, {"proposals": []}, "one proposal or more"),
    (samplers.enumerate_states, {"candidates": jnp.zeros((0, 2))}, "one list of candidates"),
    (samplers.enumerate_states, {"candidates": (jnp.zeros(2), jnp.zeros(3))}, "one list of candidates"),
    (fitted, {"proposal": BATCH}, "batch of shape"),
    (fitted, {"proposal": dist.Poisson(3.0)}, "real numbers"),
    (fitted, {"proposal": NORMAL, "num_particles": 0}, "num_particles must be at least 4"),
    (fitted, {"proposal": NORMAL, "num_pilots": 3}, "num_pilots must be at least 4"),
    (fitted, {"proposal": NORMAL, "num_rounds": 0}, "num_rounds must be at least 1"),
    (fitted, {"proposal": NORMAL, "dof": 0.0}, "dof must be positive"),
]


@pytest.mark.parametrize(("make", "options", "message"), OPTIONS)
def test_invalid_options_of_a_sampler_of_a_density_raise(make, options, message):
    with pytest.raises((ValueError, TypeError), match=message):
        make(density, **options)


INVALID = {
    "a batched source": (lambda: samplers.direct(BATCH), "got a batch of shape"),
    "a batch of conditionals": (lambda: cycle_step(samplers.gibbs(lambda _: BATCH, "x")), r"\.to_event\(\)"),
    "a vector density": (lambda: samplers.importance(jnp.square, NORMAL), "must be a scalar"),
    "a vector density to accept": (lambda: samplers.accept_reject(jnp.square, NORMAL, 0.0), "a scalar"),
    "a vector of estimates": (lambda: init(samplers.sgld(lambda _, x: x), jnp.zeros(2)), "must be a scalar"),
    "a direction on a line": (lambda: step(samplers.adjusted_mclmc(density), jnp.zeros(1)), "2 dimensions"),
    "no batch": (lambda: estimate(DATA, batch_size=0), "between 1 and the 20 data"),
    "too large a batch": (lambda: estimate(DATA, batch_size=21), "between 1 and the 20 data"),
    "ragged data": (lambda: estimate((DATA, DATA[1:]), batch_size=2), "must share their first axis"),
    "one number as data": (lambda: estimate(3.0, batch_size=1), "must share their first axis"),
    "another shape": (lambda: step(samplers.elliptical_slice(density, PRIOR), jnp.zeros(3)), r"shape \(2,\)"),
    "an unknown parent": (lambda: samplers.ancestral({"wet": CONDITIONALS["dysp"]}), "names bronc, either"),
    "an unknown node": (
        lambda: samplers.ancestral(CONDITIONALS, {"age": jnp.array(3)}),
        "observed names age",
    ),
    "a cyclic model": (lambda: samplers.ancestral({"a": lambda b: b, "b": lambda a: a}), "has a cycle"),
    "a vector": (lambda: samplers.ancestral(CONDITIONALS, {"xray": jnp.ones(2)}), "observed with shape"),
    "a proposal that misses": (
        lambda: samplers.estimate_log_bound(KEY, lambda x: -jnp.inf * x**2, dist.Normal(), num_samples=100),
        "misses the target",
    ),
    "no particles": (lambda: particles(num_particles=0), "num_particles must be at least 1"),
    "no pilots to choose": (lambda: particles(num_pilots=0), "take num_pilots >= 1"),
    "no temperatures": (lambda: particles(max_temperatures=0), "max_temperatures must be at least 1"),
    "no steps": (lambda: particles(num_steps=0), "num_steps must be at least 1"),
    "more than all": (lambda: particles(ess_fraction=1.5), "ess_fraction is a fraction"),
    "no interval": (lambda: samplers.thin(DIRECT, 0), "num_steps must be at least 1"),
    "a negative burn-in": (lambda: samplers.burn_in(DIRECT, -1), "num_steps must be at least 0"),
    "a cycle of one": (lambda: samplers.cycle(DIRECT), "two samplers or more"),
    "no names": (lambda: samplers.block(samplers.mala, pair), "takes the names"),
    "a name twice": (lambda: samplers.block(samplers.mala, pair, "x", "x"), "each once"),
    "no such name": (lambda: init(samplers.block(samplers.mala, pair, "nu")), "has no nu; it has"),
    "no dict": (lambda: init(samplers.block(samplers.mala, pair, "x"), jnp.zeros(2)), "must be a dict"),
    "no dict to draw in": (
        lambda: samplers.gibbs(dist.Normal, "x").step(KEY, SimpleNamespace(position=1.0)),
        "must be a dict",
    ),
    "floats as sites": (lambda: init(samplers.discrete_gibbs(jnp.sum, num_values=2)), "moves integers"),
    "another candidate": (lambda: init(samplers.enumerate_states(pair, SCALARS["x"][None])), "looks like"),
    "burn-in in a cycle": (lambda: samplers.cycle(burnt(pair), DIRECT), r"burn_in\(cycle\("),
    "burn-in thinned": (lambda: samplers.cycle(DIRECT, samplers.thin(burnt(pair), 2)), r"burn_in\(cycle\("),
    "burn-in in a block": (lambda: init(samplers.block(burnt, pair, "x")), r"burn_in\(cycle\("),
    "a direct sampler in a cycle": (lambda: cycle_step(samplers.block(exact, pair, "x")), "composes Markov"),
}


@pytest.mark.parametrize("name", INVALID)
def test_invalid_input_raises(name):
    call, message = INVALID[name]
    with pytest.raises((ValueError, TypeError), match=message):
        call()
