"""Draw a proposal and accept or reject it under an envelope, for rejection samplers."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from numpyro.distributions import Distribution

from jgen.distributions.parameters import log_prob_of
from jgen.samplers.accept import log_uniform
from jgen.types import Array, Key, LogDensity, PyTree


class Trial(NamedTuple):
    """Proposal of a rejection sampler and its outcome.

    Attributes:
        value: The proposal ``[*event]``.
        log_density: At the proposal ``[]``.
        accepted: Whether it is a draw from the target ``[]``.
        above_bound: Whether the density exceeds the bound there, by more than rounding ``[]``.
        invalid: Whether the density is NaN or +inf, or the proposal outside its own support, which counts as
            zero ``[]``.
    """

    value: PyTree
    log_density: Array
    accepted: Array
    above_bound: Array
    invalid: Array


def propose(log_density: LogDensity, proposal: Distribution, log_bound: Array, key: Key) -> Trial:
    r"""Draw :math:`z \sim q` and accept it with probability :math:`\tilde p(z) / (B q(z))`."""
    proposal_key, accept_key = jax.random.split(key)
    value = proposal.sample(proposal_key)
    lp, log_proposal = log_density(value), log_prob_of(proposal, value)
    invalid = ~(lp < jnp.inf) | (log_proposal == -jnp.inf)  # a library may draw outside its own support
    log_ratio = jnp.where(invalid, -jnp.inf, lp - log_proposal)
    uniform = jax.random.uniform(accept_key, dtype=log_ratio.dtype)
    accepted = log_uniform(uniform) < log_ratio - log_bound
    # Each log density carries a few units of rounding; only what exceeds them is above the bound.
    rounding = 8 * jnp.finfo(log_ratio.dtype).eps * (1.0 + jnp.abs(lp) + jnp.abs(log_proposal))
    return Trial(value, lp, accepted, log_ratio > log_bound + rounding, invalid)
