"""Define a random walk on (0, 1) that multiplies, whose acceptance ratio needs a Jacobian."""

import jax
import jax.numpy as jnp
from jax.tree_util import Partial

from jgen.samplers.accept import accept
from jgen.targets import beta
from jgen.testing.sampler_checks import invariance
from jgen.testing.sampler_checks.metropolised import position_as_state
from jgen.types import DrawKind, Draws, Sampler
from tests.helpers.random_keys import fresh_key


def walk_step(log_density, step_size, key, position):
    """Propose x' = x e^(noise); the ratio needs the Jacobian x'/x."""
    noise_key, accept_key = jax.random.split(key)
    proposal = position * jnp.exp(step_size * jax.random.normal(noise_key))
    log_ratio = log_density(proposal) - log_density(position) + jnp.log(proposal / position)
    position, rate, _ = accept(accept_key, log_ratio, proposal, position)
    return position, Draws(position, {"acceptance_rate": rate}, None, DrawKind.MARKOV)


def walk(target, scale):
    return Sampler(Partial(position_as_state), Partial(walk_step, target.log_density, scale))


def check_walk(make):
    """Check one step size, at which the Jacobian matters."""
    invariance(make, beta(), fresh_key(), scales=(2.0,), num_chains=10_000, detectable=0.1)
