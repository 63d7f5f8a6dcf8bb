"""Sample by multiple importance sampling."""

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from numpyro.distributions import Distribution

from jgen._internal.binding import as_partial
from jgen.samplers.accept import evaluations
from jgen.samplers.input_checks import check_proposal
from jgen.samplers.mixture_proposal import balance_heuristic
from jgen.samplers.recipe import Recipe
from jgen.samplers.state import stateless
from jgen.types import COUNTS, Array, DrawKind, Draws, Key, LogDensity, Sampler, Target


def multiple_importance(
    log_density: LogDensity, proposals: Sequence[Distribution], *, counts: Any = None
) -> Sampler:
    r"""Draw from several proposals at once, each draw weighted by their mixture (the balance heuristic).

    One step draws :math:`n_j` times from :math:`q_j`, N draws in all, with the weights

    .. math:: \log w(z) = \log \tilde p(z) - \log \sum_j \tfrac{n_j}{N} q_j(z), \qquad
        E\bigl[\tfrac1N \textstyle\sum_i w(z_i)\bigr] = Z.

    No weight exceeds :math:`N / n_j` times that with proposal :math:`q_j` alone, so one proposal with bounded
    weights is enough. Draws of one step have different distributions, so a step is one draw of an ensemble,
    and errors are computed between steps.

    Args:
        log_density: Position -> unnormalised log density ``[]``, in nats; bind data by ``Partial``.
        proposals: One or more is positive wherever the target is; each without batch axes.
        counts: Draws of each in a step, integers; one each by default. Structural.

    Returns:
        An ensemble sampler, whose draws have a particle axis, proposal by proposal; it needs no starting
        position. A NaN or +inf log density gets weight zero and is flagged as ``invalid``.

    Raises:
        ValueError: If there is no proposal, one is batched, or the counts do not fit.
        TypeError: If the log density of one draw is not a scalar.

    Example:
        >>> import jax, jax.numpy as jnp, numpyro.distributions as dist
        >>> from jgen.sampling import sample
        >>> from jgen.diagnostics import log_evidence
        >>> def log_density(x):  # modes at -5 and 5, Z = 2 sqrt(2 pi), log Z = 1.612
        ...     return jnp.logaddexp(-0.5 * (x - 5.0) ** 2, -0.5 * (x + 5.0) ** 2)
        >>> sampler = multiple_importance(log_density, [dist.Normal(-5.0, 2.0), dist.Normal(5.0, 2.0)])
        >>> run = sample(jax.random.key(0), sampler, num_chains=100, num_draws=20)
        >>> result = log_evidence(run.draws)
        >>> bool(abs(result.value - 1.612) < result.high - result.low)  # four standard errors
        True

    Reference:
        Veach and Guibas (1995), SIGGRAPH; Owen and Zhou (2000), JASA 95(449); Elvira, Martino, Luengo and
        Bugallo (2019), "Generalized multiple importance sampling", Statistical Science 34(1).
    """
    proposals = tuple(proposals)
    counts = np.ones(len(proposals), int) if counts is None else np.asarray(counts)
    fits = counts.shape == (len(proposals),) and np.issubdtype(counts.dtype, np.integer)
    if not proposals or not fits or counts.min() < 1:
        raise ValueError(
            f"multiple_importance takes one proposal or more and an integer number of draws, at least 1, of "
            f"each; got {len(proposals)} proposals and counts {counts.tolist()}"
        )
    for proposal in proposals:
        check_proposal(log_density, proposal)
    # The counts are the shapes of leaves, so that equal counts share a program.
    slots = tuple(jnp.zeros(count) for count in counts)
    return stateless(multiple_importance_step, as_partial(log_density), proposals, slots)


def multiple_importance_step(
    log_density: LogDensity,
    proposals: tuple[Distribution, ...],
    slots: tuple[Array, ...],
    key: Key,
    state: tuple[()],
) -> tuple[tuple[()], Draws]:
    """Draw from each proposal; costs one log density a draw."""
    counts = [slot.size for slot in slots]
    value, log_weight, invalid = balance_heuristic(log_density, proposals, counts, key)
    info = {"invalid": invalid, **evaluations(num_log_densities=sum(counts))}
    return state, Draws(value, info, log_weight, DrawKind.ENSEMBLE, COUNTS)


def recipe(target: Target, scale: float | Array = 1.0) -> Recipe | None:
    """Make the sampler with two draws of the proposal and six of a normal with the target's moments."""
    del scale
    if target.proposal is None or target.mean is None or target.variance is None:
        return None
    start = target.start
    if jnp.shape(start) != jnp.shape(target.mean) or not jnp.issubdtype(start.dtype, jnp.floating):
        return None
    normal = dist.Normal(jnp.asarray(target.mean), jnp.sqrt(target.variance)).to_event(1)
    return Recipe(multiple_importance(target.log_density, [target.proposal, normal], counts=[2, 6]), None)
