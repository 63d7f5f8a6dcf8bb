"""Define targets of several blocks, and sweeps over them composed from given samplers."""

from itertools import product
from math import log, pi
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpyro.distributions as dist
from jax.tree_util import Partial

from jgen import targets
from jgen._internal.binding import bind_static
from jgen.samplers import block, cycle, discrete_gibbs, enumerate_states, gibbs, mala
from jgen.testing.sampler_checks import invariance
from jgen.types import Target
from tests.helpers.random_keys import fresh_key


def parts(**changed):
    """Return the samplers to compose from, some of them changed."""
    shipped = (cycle, block, gibbs, discrete_gibbs, enumerate_states)
    return SimpleNamespace(**({function.__name__: function for function in shipped} | changed))


# A Gaussian of two unit variances and correlation RHO, by its two conditionals.
RHO = 0.8


def pair_density(position):
    x, y = position["x"], position["y"]
    return -(x**2 - 2 * RHO * x * y + y**2) / (2 * (1 - RHO**2)) - log(2 * pi) - log(1 - RHO**2) / 2


def pair_sample(key):
    x, noise = jax.random.normal(key, (2,))
    return {"x": x, "y": RHO * x + (1 - RHO**2) ** 0.5 * noise}


def conditional(rest):
    (other,) = rest.values()
    return dist.Normal(RHO * other, (1 - RHO**2) ** 0.5)


def pair():
    start = {"x": jnp.zeros(()), "y": jnp.zeros(())}
    return Target(Partial(pair_density), start, Partial(pair_sample), jnp.zeros(2), jnp.ones(2), name="pair")


def pair_sweep(parts):
    def make(target, scale):
        move = parts.block(Partial(mala, step_size=scale), target.log_density, "y")
        return parts.cycle(parts.gibbs(conditional, "x"), parts.gibbs(conditional, "y"), move)

    return make


ising = Partial(targets.ising, coupling=0.5)


def ising_sweep(parts):
    return lambda target, _: parts.discrete_gibbs(target.log_density, num_values=2)


# A Bayesian mixture of two normals and four observations: 16 labellings, and given one all is Gaussian.
X = jnp.array([-1.5, -0.4, 0.8, 2.5])
SHARE = (0.4, 0.6)
PRIOR_VARIANCE = 4.0


def mixture_density(x, position):
    labels = jnp.append(position["z"], position["last"])
    misfit = x - position["mu"][labels]
    prior = -jnp.sum(position["mu"] ** 2) / (2 * PRIOR_VARIANCE)
    return prior + jnp.sum(jnp.log(jnp.array(SHARE))[labels]) - jnp.sum(misfit**2) / 2


def means_given(x, labels):
    """Mean and variance of each component's mean, and the log weight of the labelling."""
    member = jax.nn.one_hot(labels, 2)  # [observation, component]
    variance = 1.0 / (1.0 / PRIOR_VARIANCE + member.sum(0))
    mean = variance * (x @ member)
    weight = jnp.sum(jnp.log(jnp.array(SHARE))[labels]) + jnp.sum(mean**2 / variance + jnp.log(variance)) / 2
    return mean, variance, weight


def mixture_sample(x, key):
    which, noise = jax.random.split(key)
    table = jnp.array(list(product((0, 1), repeat=4)))
    logits = jax.vmap(lambda labels: means_given(x, labels)[2])(table)
    labels = table[jax.random.categorical(which, logits)]
    mean, variance, _ = means_given(x, labels)
    mu = mean + jnp.sqrt(variance) * jax.random.normal(noise, (2,))
    return {"mu": mu, "z": labels[:3], "last": labels[3]}


def mu_given(x, rest):
    mean, variance, _ = means_given(x, jnp.append(rest["z"], rest["last"]))
    return dist.Normal(mean, jnp.sqrt(variance)).to_event(1)


def mixture():
    start = {"mu": jnp.array([-1.0, 1.0]), "z": jnp.array([0, 0, 1]), "last": jnp.array(0)}
    return Target(Partial(mixture_density, X), start, Partial(mixture_sample, X), name="tiny_mixture")


def mixture_sweep(parts):
    def make(target, scale):
        moves = {
            "z": Partial(bind_static(discrete_gibbs, num_values=2)),
            "last": Partial(parts.enumerate_states, candidates={"last": jnp.arange(2)}),
            "mu": Partial(mala, step_size=scale),
        }
        return parts.cycle(*(parts.block(move, target.log_density, name) for name, move in moves.items()))

    return make


def conjugate_sweep(target, _):
    labels = block(Partial(bind_static(discrete_gibbs, num_values=2)), target.log_density, "z", "last")
    return cycle(gibbs(Partial(mu_given, X), "mu"), labels)


SWEEPS = {"pair": (pair_sweep, pair), "ising": (ising_sweep, ising), "mixture": (mixture_sweep, mixture)}


def check_sweep(name, part):
    """Return a check of a sweep composed with the sampler ``part`` of a module."""
    sweep, target = SWEEPS[name]

    def check(module):
        make = sweep(parts(**{part: getattr(module, part)}))
        invariance(make, target(), fresh_key(), scales=(1.5,), num_steps=10)

    return check
