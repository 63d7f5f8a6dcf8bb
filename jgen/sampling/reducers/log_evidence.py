"""Estimate log Z from weighted draws that are not stored."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.tree_util import Partial

from jgen.diagnostics.weights.log_evidence import FEWEST_EFFECTIVE
from jgen.diagnostics.weights.populations import population_log_weight
from jgen.diagnostics.weights.psis import pareto_k_of_largest
from jgen.diagnostics.weights.unseen_tail import FEWEST_FOR_K, LARGEST_K, LIGHT_K, unseen_tail_of_largest
from jgen.sampling.reducers.compensated_sums import Compensated, Scatter, no_scatter, pool, welford, zeros
from jgen.types import NORMAL_95, Array, DrawKind, Draws, Reducer

NUM_LARGEST = 256
"""Largest weights that are stored."""


class LogEvidence(NamedTuple):
    """Result of ``log_evidence``.

    Attributes:
        value: log Z, in nats.
        standard_error: Standard error of log Z, in nats; inf where the weights are too unequal for one.
        pareto_k: Shape of the tail of the weights; NaN for fewer than 25.
    """

    value: Array
    standard_error: Array
    pareto_k: Array


class LogEvidenceState(NamedTuple):
    """State of ``log_evidence``; weights are relative to the largest so far.

    Attributes:
        log_scale: Largest log-weight so far ``[chain]``.
        num_draws: Number of draws per chain ``[chain]``.
        mean: Mean relative weight ``[chain]``.
        scatter: Sum of squares about it ``[chain]``.
        largest: Largest log-weights of all chains, falling ``[256]``.
    """

    log_scale: Array
    num_draws: Array
    mean: Compensated
    scatter: Scatter
    largest: Array


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
    mean, scatter = zeros(shape), no_scatter(shape)
    largest = jnp.full(NUM_LARGEST, -jnp.inf, float)
    return LogEvidenceState(jnp.full(shape, -jnp.inf, float), jnp.zeros(shape, int), mean, scatter, largest)


def _update(state: LogEvidenceState, draws: Draws) -> LogEvidenceState:
    log_weight = _log_weight(draws)  # [chain]
    log_scale = jnp.maximum(state.log_scale, log_weight)  # [chain]
    shift = jnp.where(log_scale == -jnp.inf, 0.0, log_scale)  # [chain]
    fade = jnp.exp(state.log_scale - shift)  # [chain]
    count, one = state.num_draws + 1, jnp.ones_like(log_scale)  # [chain]
    old = state.mean.times(fade), state.scatter.times(fade**2)
    mean, scatter = welford(*old, jnp.exp(log_weight - shift), one, state.num_draws * one)
    largest = jnp.concatenate([state.largest, log_weight.astype(state.largest.dtype)])
    return LogEvidenceState(log_scale, count, mean, scatter, jax.lax.top_k(largest, NUM_LARGEST)[0])


def _compute(state: LogEvidenceState) -> LogEvidence:
    top = state.log_scale.max()
    relative = jnp.exp(state.log_scale - jnp.where(top == -jnp.inf, 0.0, top))  # [chain]
    count = state.num_draws * jnp.ones_like(relative)  # [chain]
    mean, scatter, unit = pool(state.mean.value * relative, state.scatter.times(relative**2), count)
    size = count.sum()
    error = unit * jnp.sqrt(scatter / (size - 1) / size) / mean
    effective = size / (1 + (size - 1) * error**2)  # Kish's, of weights of this variance
    num_tail = jnp.ceil(jnp.minimum(jnp.minimum(size / 5, 3 * jnp.sqrt(size)), NUM_LARGEST - 1)).astype(int)
    k = jnp.where(size < FEWEST_FOR_K, jnp.nan, pareto_k_of_largest(state.largest, num_tail))
    heaviest = jnp.exp(state.largest - jnp.where(top == -jnp.inf, 0.0, top))
    rise = jnp.log1p(unseen_tail_of_largest(heaviest, num_tail, size, k) / mean)
    too_unequal = (k > LARGEST_K) | (effective < FEWEST_EFFECTIVE) & (size > 1)
    error = jnp.where(too_unequal, jnp.inf, jnp.maximum(error, jnp.where(k > LIGHT_K, rise / NORMAL_95, 0.0)))
    return LogEvidence(jnp.log(mean) + top, jnp.where(top == -jnp.inf, jnp.inf, error), k)


def log_evidence() -> Reducer:
    r"""Estimate log Z, the log-mean-exp of the log-weights, and the standard error of log Z, in fixed memory.

    .. math:: \log \hat Z = \log \frac1n \sum_i w_i, \qquad
              se(\log \hat Z) = \frac{sd(w)}{\sqrt n \, \hat Z}

    The 256 largest weights are stored, and the Pareto k of their tail estimated: where it is above 0.7, or
    the Kish ESS below 2, the error is inf, and above 0.35 it includes what the tail may lack, as the interval
    of ``jgen.diagnostics.weights.log_evidence`` does.

    Returns:
        A ``Reducer`` whose ``compute`` gives ``LogEvidence``. Where every weight is zero the value is
        -inf and the error inf; NaN weights make both NaN.

    Raises:
        ValueError: By ``init`` and ``update``, for draws without log-weights.

    Example:
        >>> import jax.numpy as jnp
        >>> from jgen.types import Draws, DrawKind
        >>> fold = log_evidence()
        >>> log_weight = jnp.log(jnp.array([1.0, 1.0, 2.0, 2.0]))
        >>> draws = Draws(jnp.zeros(4), {}, log_weight, DrawKind.WEIGHTED)
        >>> value, error, _ = fold.compute(fold.update(fold.init(draws), draws))
        >>> f"{jnp.exp(value):.3f} {error:.3f}"
        '1.500 0.192'

    Reference:
        Owen (2013), Monte Carlo theory, methods and examples, chapter 9; Vehtari et al. (2024), JMLR 25(72).
    """
    return Reducer(Partial(_init), Partial(_update), Partial(_compute))
