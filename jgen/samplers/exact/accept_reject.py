"""Sample by rejection until a proposal is accepted, one exact draw a step."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.tree_util import Partial
from numpyro.distributions import Distribution

from jgen._internal.binding import as_partial
from jgen._internal.buffers import zeros
from jgen._internal.threefry import fold_in
from jgen._internal.validation import check_count
from jgen.samplers.accept import evaluations
from jgen.samplers.input_checks import check_proposal
from jgen.samplers.recipe import Recipe, recipe_from
from jgen.samplers.rejection_proposal import Trial, propose
from jgen.samplers.state import stateless
from jgen.samplers.state_machine import StateMachine, run_to_completion
from jgen.types import Array, DrawKind, Draws, Key, LogDensity, Sampler, Target


class Search(NamedTuple):
    """State of the search for one draw: the last proposal, and the flags of all."""

    key: Key
    last: Trial
    above_bound: Array  # []
    invalid: Array  # []
    num_proposals: Array  # []
    done: Array  # []


def accept_reject(
    log_density: LogDensity,
    proposal: Distribution,
    log_bound: float | Array,
    *,
    max_proposals: int | Array = 100_000,
) -> Sampler:
    r"""Propose until a proposal is accepted, so that every draw is exact and independent.

    .. math:: z_1, z_2, \ldots \sim q, \quad x = z_\tau, \quad
        \tau = \min\{t : u_t < \tilde p(z_t) / (B q(z_t))\}, \quad \tau \sim \mathrm{Geometric}(Z / B).

    ``rejection`` is the same scheme with one proposal a step, whose weights estimate Z. Here there are no
    weights, and ``log_evidence`` raises: a run stops at acceptances, so that the rate is not unbiased.

    A proposal at which the density exceeds the bound flags its draw ``above_bound``: then the draws are
    those of :math:`\min(\tilde p, B q)`, not of the target. Where the bound is
    too loose, a draw is given up after ``max_proposals``: it is NaN, flagged ``exhausted`` (for integers, the
    last proposal, flagged).

    The step is a ``StateMachine`` with one log density per transition. Vmapped chains take as long as the
    slowest of them; with ``num_lanes`` they run independently.

    Args:
        log_density: Position -> unnormalised log density ``[]``, in nats; bind data by ``Partial``.
        proposal: q, positive wherever the target is; without batch axes.
        log_bound: log B, at least the supremum of ``log_density - proposal.log_prob``;
            ``estimate_log_bound`` estimates one.
        max_proposals: Maximal number of proposals a draw.

    Returns:
        An independent sampler; it needs no starting position.

    Raises:
        ValueError: If the proposal is batched, or ``max_proposals`` is below 1.
        TypeError: If the log density of one draw is not a scalar.

    Example:
        >>> import jax, jax.numpy as jnp, numpyro.distributions as dist
        >>> from jgen.sampling import sample
        >>> target, uniform = dist.Beta(2.7, 6.3), dist.Uniform(0.0, 1.0)
        >>> sampler = accept_reject(target.log_prob, uniform, jnp.log(2.66974401))
        >>> run = sample(jax.random.key(0), sampler, num_chains=1000, num_draws=10, num_lanes=100)
        >>> bool(abs(run.draws.value.mean() - 0.3) < 0.01), bool(run.utilisation > 0.9)
        (True, True)

    Reference:
        von Neumann (1951), "Various techniques used in connection with random digits".
    """
    check_proposal(log_density, proposal)
    attempt = Partial(propose, as_partial(log_density), proposal, jnp.asarray(log_bound))
    step = Partial(step_work, attempt, check_count("max_proposals", max_proposals))
    return stateless(run_to_completion, StateMachine(Partial(init_work, attempt), step, Partial(finalize)))


def init_work(attempt: Partial, key: Key, state: tuple[()]) -> Search:
    """Start without a proposal; costs nothing."""
    del state
    no = jnp.bool(False)
    return Search(key, zeros(jax.eval_shape(attempt, key)), no, no, jnp.int32(0), no)


def step_work(attempt: Partial, max_proposals: Array, state: tuple[()], search: Search) -> Search:
    """Make one proposal; costs one log density."""
    del state
    last = attempt(fold_in(search.key, search.num_proposals))
    flags = search.above_bound | last.above_bound, search.invalid | last.invalid
    num_proposals = search.num_proposals + 1
    done = last.accepted | (num_proposals >= max_proposals)
    return Search(search.key, last, *flags, num_proposals, done)


def finalize(state: tuple[()], search: Search) -> tuple[tuple[()], Draws]:
    """Return the accepted proposal; NaN where there is none."""
    accepted = search.last.accepted

    def nan_unless_accepted(value: Array) -> Array:
        return jnp.where(accepted, value, jnp.nan) if jnp.issubdtype(value.dtype, jnp.inexact) else value

    info = {
        "above_bound": search.above_bound,
        "exhausted": ~accepted,
        "invalid": search.invalid,
        "lp": search.last.log_density,
        "n_steps": search.num_proposals,
        **evaluations(num_log_densities=search.num_proposals),
    }
    value = jax.tree.map(nan_unless_accepted, search.last.value)
    return state, Draws(value, info, None, DrawKind.INDEPENDENT, frozenset({"num_grads"}))


def recipe(target: Target, scale: float | Array = 1.0) -> Recipe | None:
    """Make the sampler for any target with a proposal and a proven bound."""
    del scale
    return recipe_from(accept_reject, target.log_density, target.proposal, target.log_bound)
