"""Independent Metropolis."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.tree_util import Partial
from numpyro.distributions import Distribution

from jgen._internal.binding import as_partial
from jgen.samplers.accept import accept
from jgen.samplers.input_checks import check_proposal, check_scalar
from jgen.samplers.recipe import Recipe
from jgen.types import Array, DrawKind, Draws, Key, LogDensity, PyTree, Sampler, Target


class WeighedState(NamedTuple):
    """Where a chain stands, and what its position weighs.

    Attributes:
        position: In the proposal's support.
        log_density: At the position ``[]``.
        log_weight: Log density less the proposal's ``[]``.
    """

    position: PyTree
    log_density: Array
    log_weight: Array


def independent_metropolis(log_density: LogDensity, proposal: Distribution) -> Sampler:
    r"""Proposals that do not look at where the chain stands, accepted by their importance ratio.

    .. math:: z \sim q, \quad w(z) = \tilde p(z) / q(z), \quad P(\text{accept}) = \min(1, w(z) / w(x)).

    Where :math:`w \le B Z` the chain forgets its start by a factor :math:`1 - 1/B` a draw or better, in
    any dimension and between any modes; where w is unbounded it stays for ages at a position of large
    weight. It draws what ``importance`` draws, as a Markov chain of equal weights.

    Args:
        log_density: Position -> unnormalised log density ``[]``, in nats; bind data by ``Partial``.
        proposal: Covers the target; without batch axes. Its positions may be discrete.

    Returns:
        A Markov sampler. It starts at the position it is given, which the proposal must be able to reach,
        or at a draw of the proposal.

    Raises:
        ValueError: If the proposal is batched.
        TypeError: If the log density of one draw is not a scalar.

    Example:
        >>> import jax, numpyro.distributions as dist
        >>> from jgen.sampling.driver import sample
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
    log_density = as_partial(log_density)
    return Sampler(
        Partial(independent_metropolis_init, log_density, proposal),
        Partial(independent_metropolis_step, log_density, proposal),
    )


def independent_metropolis_init(
    log_density: LogDensity, proposal: Distribution, key: Key, position: PyTree | None
) -> WeighedState:
    """Spends one log density."""
    position = proposal.sample(key) if position is None else position
    check_scalar(log_density, position)
    value, log_proposal = log_density(position), proposal.log_prob(position)
    # A chain would never leave a position of infinite weight: the driver refuses such a start.
    value = jnp.where(jnp.isfinite(log_proposal), value, -jnp.inf)
    return WeighedState(position, value, value - log_proposal)


def independent_metropolis_step(
    log_density: LogDensity, proposal: Distribution, key: Key, state: WeighedState
) -> tuple[WeighedState, Draws]:
    """One proposal, one log density."""
    proposal_key, accept_key = jax.random.split(key)
    position = proposal.sample(proposal_key)
    value = log_density(position)
    log_weight = value - proposal.log_prob(position)
    proposed = WeighedState(position, value, log_weight)
    state, acceptance_rate, _ = accept(accept_key, log_weight - state.log_weight, proposed, state)
    info = {
        "acceptance_rate": acceptance_rate,
        "invalid": ~(value < jnp.inf),
        "lp": state.log_density,
        "num_grads": jnp.int32(0),
        "num_log_densities": jnp.int32(1),
    }
    return state, Draws(state.position, info, None, DrawKind.MARKOV)


def recipe(target: Target, scale: float | Array = 1.0) -> Recipe | None:
    """Wherever the target knows a proposal that covers it."""
    del scale
    if target.proposal is None:
        return None
    return Recipe(independent_metropolis(target.log_density, target.proposal), None)
