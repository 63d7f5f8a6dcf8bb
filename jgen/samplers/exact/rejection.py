"""Rejection sampling, one proposal a step."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.tree_util import Partial
from numpyro.distributions import Distribution

from jgen._internal.binding import as_partial
from jgen.samplers.input_checks import check_proposal
from jgen.samplers.proposal_attempt import attempt
from jgen.samplers.recipe import Recipe
from jgen.samplers.state import no_state
from jgen.types import Array, DrawKind, Draws, Key, LogDensity, Sampler, Target


def rejection(log_density: LogDensity, proposal: Distribution, log_bound: float | Array) -> Sampler:
    r"""One proposal a step, kept with probability :math:`\tilde p(z) / (B q(z))`.

    There is no loop inside: a step's cost is known, and a refused proposal is a draw of weight zero
    (``accept_reject`` goes on until one is accepted).

    .. math:: z \sim q, \quad w = B \cdot 1\{u < \tilde p(z) / (B q(z))\}, \quad E[w] = Z.

    So the kept draws are exact, the acceptance rate is Z/B, and the mean weight is an unbiased
    estimate of Z. A proposal at which the density exceeds the bound is flagged ``above_bound``: then
    the draws are those of :math:`\min(\tilde p, B q)`, not of the target.

    Args:
        log_density: Position -> unnormalised log density ``[]``, in nats; bind data by ``Partial``.
        proposal: Covers the target; without batch axes.
        log_bound: log B, at least the supremum of ``log_density - proposal.log_prob``.

    Returns:
        A weighted sampler; it needs no starting position.

    Raises:
        ValueError: If the proposal is batched.
        TypeError: If the log density of one draw is not a scalar.

    Example:
        >>> import jax, jax.numpy as jnp, numpyro.distributions as dist
        >>> from jgen.sampling.driver import sample
        >>> target, uniform = dist.Beta(2.7, 6.3), dist.Uniform(0.0, 1.0)
        >>> sampler = rejection(target.log_prob, uniform, jnp.log(2.66974401))
        >>> run = sample(jax.random.key(0), sampler, num_chains=1000, num_draws=10)
        >>> bool(abs(run.draws.info["accepted"].mean() - 1 / 2.66974401) < 0.02)
        True

    Reference:
        von Neumann (1951), "Various techniques used in connection with random digits".
    """
    check_proposal(log_density, proposal)
    log_density = as_partial(log_density)
    return Sampler(Partial(no_state), Partial(rejection_step, log_density, proposal, jnp.asarray(log_bound)))


def rejection_step(
    log_density: LogDensity, proposal: Distribution, log_bound: Array, key: Key, state: tuple[()]
) -> tuple[tuple[()], Draws]:
    """One proposal, one log density."""
    tried = attempt(log_density, proposal, log_bound, key)
    info = {
        "accepted": tried.accepted,
        "above_bound": tried.above_bound,
        "invalid": tried.invalid,
        "lp": tried.log_density,
        "num_grads": jnp.int32(0),
        "num_log_densities": jnp.int32(1),
    }
    log_weight = jnp.where(tried.accepted, log_bound, -jnp.inf).astype(tried.log_density.dtype)
    return state, Draws(tried.value, info, log_weight, DrawKind.WEIGHTED)


class BoundEstimate(NamedTuple):
    """A bound found by search, and how it fared on proposals it had not seen.

    Attributes:
        log_bound: Largest log ratio that the search met, plus the margin ``[]``.
        num_violations: Fresh proposals above it ``[]``.
        num_samples: Fresh proposals tried.
        max_excess: Largest excess over the bound among them, in nats; 0 if none ``[]``.
    """

    log_bound: Array
    num_violations: Array
    num_samples: int
    max_excess: Array


def estimate_log_bound(
    key: Key,
    log_density: LogDensity,
    proposal: Distribution,
    *,
    num_samples: int = 10_000,
    margin: float = 0.1,
) -> BoundEstimate:
    """Looks for the bound by sampling, then tests it on as many fresh proposals.

    A sampled maximum is a lower bound of the supremum, so it is raised by a margin; whether that was
    enough is never assumed but counted. With no violation among n proposals, the chance that
    a proposal violates is below 3/n (95 %).

    Args:
        key: For both samples.
        log_density: Position -> unnormalised log density ``[]``, in nats.
        proposal: Covers the target; without batch axes.
        num_samples: Proposals for the search, and again for the test.
        margin: Added to the largest ratio met, in nats; each nat costs a factor e in acceptance.

    Returns:
        The bound and its test.

    Raises:
        ValueError: If no proposal has a finite log density, or ``num_samples`` is below 1.

    Example:
        >>> import jax, numpyro.distributions as dist
        >>> normal, cauchy = dist.Normal(0.0, 1.0), dist.Cauchy(0.0, 1.0)
        >>> bound = estimate_log_bound(jax.random.key(0), normal.log_prob, cauchy)
        >>> round(float(bound.log_bound), 2), int(bound.num_violations)  # log 1.5203 = 0.42, plus 0.1
        (0.52, 0)
    """
    check_proposal(log_density, proposal)
    if num_samples < 1:
        raise ValueError(f"num_samples must be at least 1; got {num_samples}")

    def log_ratio(key: Key) -> Array:
        value = proposal.sample(key)
        ratio = log_density(value) - proposal.log_prob(value)
        return jnp.where(jnp.isnan(ratio), -jnp.inf, ratio)

    search, test = jax.vmap(jax.vmap(log_ratio))(jax.random.split(key, (2, num_samples)))
    log_bound = jnp.max(search) + margin
    if not bool(jnp.isfinite(log_bound)):
        raise ValueError(
            f"none of {num_samples} proposals gave a finite log density; the proposal misses the target, "
            "or the density is unbounded"
        )
    excess = jnp.maximum(test - log_bound, 0.0)
    return BoundEstimate(log_bound, jnp.sum(excess > 0), num_samples, jnp.max(excess))


def recipe(target: Target, scale: float | Array = 1.0) -> Recipe | None:
    """Wherever the target knows a proposal and a proven bound."""
    del scale
    if target.proposal is None or target.log_bound is None:
        return None
    return Recipe(rejection(target.log_density, target.proposal, target.log_bound), None)
