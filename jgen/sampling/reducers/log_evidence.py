"""Estimate log Z from weighted draws that are not stored."""

from typing import NamedTuple

import jax.numpy as jnp
from jax.tree_util import Partial

from jgen.diagnostics.weights.populations import population_log_weight
from jgen.sampling.reducers.compensated_sums import Compensated, Scatter, no_scatter, pool, welford, zeros
from jgen.types import Array, DrawKind, Draws, Reducer


class LogEvidence(NamedTuple):
    """Result of ``log_evidence``.

    Attributes:
        value: log Z, in nats.
        standard_error: Its standard error, by the delta method, in nats.
    """

    value: Array
    standard_error: Array


class LogEvidenceState(NamedTuple):
    """State of ``log_evidence``; weights are relative to the largest so far.

    Attributes:
        log_scale: Largest log-weight so far ``[chain]``.
        num_draws: Number of draws per chain ``[chain]``.
        mean: Mean relative weight ``[chain]``.
        scatter: Sum of squares about it ``[chain]``.
    """

    log_scale: Array
    num_draws: Array
    mean: Compensated
    scatter: Scatter


def _log_weight(draws: Draws) -> Array:
    if draws.log_weight is None:
        raise ValueError(
            f"log_evidence needs log-weights; these draws ({draws.kind}) have none, so their normaliser is "
            "unknown. Draw with a weighted sampler: importance, annealed or smc."
        )
    if draws.kind is not DrawKind.ENSEMBLE:
        return draws.log_weight
    return population_log_weight(draws.log_weight)  # [chain]; particles of one population are dependent


def _init(draws: Draws) -> LogEvidenceState:
    shape = _log_weight(draws).shape
    return LogEvidenceState(
        jnp.full(shape, -jnp.inf, float), jnp.zeros(shape, int), zeros(shape), no_scatter(shape)
    )


def _update(state: LogEvidenceState, draws: Draws) -> LogEvidenceState:
    log_weight = _log_weight(draws)  # [chain]
    log_scale = jnp.maximum(state.log_scale, log_weight)  # [chain]
    shift = jnp.where(log_scale == -jnp.inf, 0.0, log_scale)  # [chain]
    fade = jnp.exp(state.log_scale - shift)  # [chain]
    count, one = state.num_draws + 1, jnp.ones_like(log_scale)  # [chain]
    old = state.mean.times(fade), state.scatter.times(fade**2)
    mean, scatter = welford(*old, jnp.exp(log_weight - shift), one, state.num_draws * one)
    return LogEvidenceState(log_scale, count, mean, scatter)


def _compute(state: LogEvidenceState) -> LogEvidence:
    top = state.log_scale.max()
    relative = jnp.exp(state.log_scale - jnp.where(top == -jnp.inf, 0.0, top))  # [chain]
    count = state.num_draws * jnp.ones_like(relative)  # [chain]
    mean, scatter, unit = pool(state.mean.value * relative, state.scatter.times(relative**2), count)
    size = count.sum()
    error = unit * jnp.sqrt(scatter / (size - 1) / size) / mean
    return LogEvidence(jnp.log(mean) + top, jnp.where(top == -jnp.inf, jnp.inf, error))


def log_evidence() -> Reducer:
    r"""Estimate log Z, the log-mean-exp of the log-weights, and its standard error, in fixed memory.

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
