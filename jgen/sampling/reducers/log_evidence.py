"""log Z of weighted draws that are not stored."""

from typing import NamedTuple

import jax.numpy as jnp
from jax.scipy.special import logsumexp
from jax.tree_util import Partial

from jgen.sampling.reducers.compensated_sums import Compensated, pool, welford, zeros
from jgen.types import Array, DrawKind, Draws, Reducer


class LogEvidence(NamedTuple):
    """What ``log_evidence`` computes.

    Attributes:
        value: log Z, in nats.
        standard_error: Its standard error, by the delta method, in nats.
    """

    value: Array
    standard_error: Array


class LogEvidenceMemory(NamedTuple):
    """What ``log_evidence`` carries: weights are held relative to the largest so far.

    Attributes:
        log_scale: Largest log-weight so far ``[chain]``.
        num_draws: Draws per chain so far ``[chain]``.
        mean: Mean relative weight ``[chain]``.
        scatter: Sum of squares about it ``[chain]``.
    """

    log_scale: Array
    num_draws: Array
    mean: Compensated
    scatter: Compensated


def _log_weight(draws: Draws) -> Array:
    if draws.log_weight is None:
        raise ValueError(
            f"log_evidence needs log-weights; these draws ({draws.kind}) have none, so their normaliser is "
            "unknown. Draw with a weighted sampler: importance, annealed or smc."
        )
    if draws.kind is not DrawKind.ENSEMBLE:
        return draws.log_weight
    # Particles of one population depend on each other: together they are one weight, their mean.
    return logsumexp(draws.log_weight, axis=1) - jnp.log(draws.log_weight.shape[1])  # [chain]


def _init(draws: Draws) -> LogEvidenceMemory:
    shape = _log_weight(draws).shape
    return LogEvidenceMemory(
        jnp.full(shape, -jnp.inf), jnp.zeros(shape, dtype=int), zeros(shape), zeros(shape)
    )


def _update(memory: LogEvidenceMemory, draws: Draws) -> LogEvidenceMemory:
    log_weight = _log_weight(draws)  # [chain]
    log_scale = jnp.maximum(memory.log_scale, log_weight)  # [chain]
    shift = jnp.where(log_scale == -jnp.inf, 0.0, log_scale)  # [chain]
    fade = jnp.exp(memory.log_scale - shift)  # [chain]
    count = memory.num_draws + 1  # [chain]
    one = jnp.ones_like(log_scale)  # [chain]
    mean, scatter = welford(
        memory.mean.times(fade),
        memory.scatter.times(fade**2),
        jnp.exp(log_weight - shift),
        one,
        count * one,
    )
    return LogEvidenceMemory(log_scale, count, mean, scatter)


def _compute(memory: LogEvidenceMemory) -> LogEvidence:
    top = memory.log_scale.max()
    relative = jnp.exp(memory.log_scale - jnp.where(top == -jnp.inf, 0.0, top))  # [chain]
    count = memory.num_draws * jnp.ones_like(relative)  # [chain]
    mean, scatter = pool(memory.mean.value * relative, memory.scatter.value * relative**2, count)
    size = count.sum()
    error = jnp.sqrt(scatter / (size - 1) / size) / mean
    return LogEvidence(jnp.log(mean) + top, jnp.where(top == -jnp.inf, jnp.inf, error))


def log_evidence() -> Reducer:
    r"""Streaming log-mean-exp of the log-weights: log Z and its standard error, in fixed memory.

    .. math:: \log \hat Z = \log \frac1n \sum_i w_i, \qquad
              se(\log \hat Z) = \frac{sd(w)}{\sqrt n \, \hat Z}

    Returns:
        A ``Reducer`` whose ``compute`` gives ``LogEvidence``. Where every weight is zero the value is
        -inf and the error inf; NaN weights make both NaN.

    Raises:
        ValueError: By ``init`` and ``update``, for draws without log-weights.

    Example:
        >>> import jax.numpy as jnp
        >>> from jgen.types import Draws, DrawKind
        >>> fold = log_evidence()
        >>> draws = Draws(jnp.zeros(2), {}, jnp.log(jnp.array([1.0, 3.0])), DrawKind.WEIGHTED)
        >>> value, error = fold.compute(fold.update(fold.init(draws), draws))
        >>> f"{jnp.exp(value):.3f} {error:.3f}"
        '2.000 0.500'

    Reference:
        Owen (2013), Monte Carlo theory, methods and examples, chapter 9.
    """
    return Reducer(Partial(_init), Partial(_update), Partial(_compute))
