"""Sample by Metropolis steps whose proposals do not depend on the current position."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.tree_util import Partial
from numpyro.distributions import Distribution

from jgen._internal.binding import as_partial
from jgen.distributions.parameters import log_prob_of
from jgen.samplers.accept import log_uniform, metropolis_step
from jgen.samplers.input_checks import check_proposal, check_scalar
from jgen.samplers.recipe import Recipe, recipe_from
from jgen.types import Array, Draws, Key, LogDensity, PyTree, Sampler, Target


class ProposedState(NamedTuple):
    """State of a chain, with the log density of the proposal at its position.

    Attributes:
        position: Current position, in the support of the proposal.
        log_density: At the position ``[]``.
        log_proposal: Log density of the proposal there ``[]``.
    """

    position: PyTree
    log_density: Array
    log_proposal: Array


def independent_metropolis(log_density: LogDensity, proposal: Distribution) -> Sampler:
    r"""Propose independently of the current position, and accept by the ratio of importance weights.

    .. math:: z \sim q, \quad w(z) = \tilde p(z) / q(z), \quad P(\text{accept}) = \min(1, w(z) / w(x)).

    With Z the integral of :math:`\tilde p` and :math:`w \le B Z`, the total variation distance to the target
    falls by a factor :math:`1 - 1/B` or better at every draw, in any dimension and with any number of modes;
    if w is unbounded the chain stays for long at positions of large weight. The chain has the proposals of
    ``importance``, with equal weights in place of importance weights.

    Args:
        log_density: Position -> unnormalised log density ``[]``, in nats; bind data by ``Partial``.
        proposal: q, positive wherever the target is; without batch axes; continuous or discrete.

    Returns:
        A Markov sampler. It starts at the given position, which must be in the proposal's support, or at
        a draw of the proposal.

    Raises:
        ValueError: If the proposal is batched.
        TypeError: If the log density of one draw is not a scalar.

    Example:
        >>> import jax, numpyro.distributions as dist
        >>> from jgen.sampling import sample
        >>> def log_density(x):
        ...     return -0.5 * x**2
        >>> sampler = independent_metropolis(log_density, dist.Normal(0.0, 2.0))
        >>> run = sample(jax.random.key(0), sampler, num_chains=100, num_draws=100)
        >>> bool(0.4 < run.draws.info["acceptance_rate"].mean() < 0.8)
        True

    Reference:
        Tierney (1994), "Markov chains for exploring posterior distributions", Annals of Statistics 22(4);
        Mengersen and Tweedie (1996), Annals of Statistics 24(1).
    """
    check_proposal(log_density, proposal)
    bound = as_partial(log_density), proposal
    return Sampler(Partial(independent_metropolis_init, *bound), Partial(independent_metropolis_step, *bound))


def independent_metropolis_init(
    log_density: LogDensity, proposal: Distribution, key: Key, position: PyTree | None
) -> ProposedState:
    """Initialise at the position or at a draw of the proposal; costs one log density."""
    position = proposal.sample(key) if position is None else position
    check_scalar(log_density, position)
    value, log_proposal = log_density(position), log_prob_of(proposal, position)
    # A chain would never leave a position of infinite weight: the driver rejects such a start.
    value = jnp.where(jnp.isfinite(log_proposal), value, -jnp.inf)
    return ProposedState(position, value, log_proposal)


def independent_metropolis_step(
    log_density: LogDensity, proposal: Distribution, key: Key, state: ProposedState
) -> tuple[ProposedState, Draws]:
    """Make one proposal; costs one log density."""
    proposal_key, accept_key = jax.random.split(key)
    position = proposal.sample(proposal_key)
    value, log_proposal = log_density(position), log_prob_of(proposal, position)
    value = jnp.where(jnp.isfinite(log_proposal), value, jnp.nan)  # a library may draw outside its support
    proposed = ProposedState(position, value, log_proposal)
    log_ratio = (value - state.log_density) - (log_proposal - state.log_proposal)
    log_u = log_uniform(jax.random.uniform(accept_key, dtype=log_ratio.dtype))
    return metropolis_step(log_u, log_ratio, proposed, state)


def recipe(target: Target, scale: float | Array = 1.0) -> Recipe | None:
    """Make the sampler for any target with a proposal."""
    del scale
    return recipe_from(independent_metropolis, target.log_density, target.proposal)
