"""Sample by rejection, one proposal a step, and estimate the bound."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from numpyro.distributions import Distribution

from jgen._internal.binding import as_partial
from jgen._internal.validation import check_count
from jgen.distributions.parameters import log_prob_of
from jgen.samplers.accept import evaluations
from jgen.samplers.input_checks import check_proposal
from jgen.samplers.recipe import Recipe, recipe_from
from jgen.samplers.rejection_proposal import propose
from jgen.samplers.state import stateless
from jgen.types import COUNTS, Array, DrawKind, Draws, Key, LogDensity, Sampler, Target


def rejection(log_density: LogDensity, proposal: Distribution, log_bound: float | Array) -> Sampler:
    r"""Make one proposal a step, accepted with probability :math:`\tilde p(z) / (B q(z))`.

    There is no loop inside: every step costs the same, and a rejected proposal is a draw of weight zero
    (``accept_reject`` proposes until one is accepted).

    .. math:: z \sim q, \quad w = B \cdot 1\{u < \tilde p(z) / (B q(z))\}, \quad E[w] = Z.

    So the accepted draws are exact, the acceptance rate is Z/B, and the mean weight is an unbiased
    estimate of Z. A proposal at which the density exceeds the bound is flagged ``above_bound``: then
    the draws are those of :math:`\min(\tilde p, B q)`, not of the target.

    Args:
        log_density: Position -> unnormalised log density ``[]``, in nats; bind data by ``Partial``.
        proposal: q, positive wherever the target is; without batch axes.
        log_bound: log B, at least the supremum of ``log_density - proposal.log_prob``.

    Returns:
        A weighted sampler; it needs no starting position.

    Raises:
        ValueError: If the proposal is batched.
        TypeError: If the log density of one draw is not a scalar.

    Example:
        >>> import jax, jax.numpy as jnp, numpyro.distributions as dist
        >>> from jgen.sampling import sample
        >>> target, uniform = dist.Beta(2.7, 6.3), dist.Uniform(0.0, 1.0)
        >>> sampler = rejection(target.log_prob, uniform, jnp.log(2.66974401))
        >>> run = sample(jax.random.key(0), sampler, num_chains=1000, num_draws=10)
        >>> bool(abs(run.draws.info["accepted"].mean() - 1 / 2.66974401) < 0.02)
        True

    Reference:
        von Neumann (1951), "Various techniques used in connection with random digits".
    """
    check_proposal(log_density, proposal)
    return stateless(rejection_step, as_partial(log_density), proposal, jnp.asarray(log_bound))


def rejection_step(
    log_density: LogDensity, proposal: Distribution, log_bound: Array, key: Key, state: tuple[()]
) -> tuple[tuple[()], Draws]:
    """Make one proposal; costs one log density."""
    trial = propose(log_density, proposal, log_bound, key)
    info = {
        "accepted": trial.accepted,
        "above_bound": trial.above_bound,
        "invalid": trial.invalid,
        "lp": trial.log_density,
        **evaluations(num_log_densities=1),
    }
    log_weight = jnp.where(trial.accepted, log_bound, -jnp.inf).astype(trial.log_density.dtype)
    return state, Draws(trial.value, info, log_weight, DrawKind.WEIGHTED, COUNTS)


class BoundEstimate(NamedTuple):
    """Estimated bound, with its test on new proposals.

    Attributes:
        log_bound: Largest log ratio of the search, plus the margin ``[]``.
        num_violations: New proposals above it ``[]``.
        num_samples: New proposals tested.
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
    """Estimate the bound by sampling, and test it on as many new proposals.

    A sampled maximum is a lower bound of the supremum, so it is raised by a margin, and the violations
    that remain are counted. With no violation among n proposals, the probability that
    a proposal violates the bound is below 3/n (95 %).

    Args:
        key: For both samples.
        log_density: Position -> unnormalised log density ``[]``, in nats.
        proposal: q, positive wherever the target is; without batch axes.
        num_samples: Proposals for the search, and again for the test.
        margin: Added to the largest ratio, in nats; each nat costs a factor e in acceptance.

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
    check_count("num_samples", num_samples)

    def log_ratio(key: Key) -> Array:
        value = proposal.sample(key)
        ratio = log_density(value) - log_prob_of(proposal, value)
        return jnp.where(ratio < jnp.inf, ratio, -jnp.inf)

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
    """Make the sampler for any target with a proposal and a proven bound."""
    del scale
    return recipe_from(rejection, target.log_density, target.proposal, target.log_bound)
