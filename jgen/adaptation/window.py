"""Adapting the step size and the mass matrix in growing windows."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jax.tree_util import Partial

from jgen.adaptation.base import (
    DualAverage,
    average,
    first_factor,
    mean_acceptance,
    retune,
    start_average,
    step_size_of,
)
from jgen.binding import static
from jgen.types import Adaptation, Array, Draws, PyTree


class Moments(NamedTuple):
    """Running mean and scatter of everything seen in a window, over draws and chains."""

    num_seen: Array  # []
    mean: Array  # [dim]
    scatter: Array  # [dim] or [dim, dim]


class WindowMemory(NamedTuple):
    """What the warm-up remembers."""

    step: DualAverage
    moments: Moments
    factor: Array  # [dim] or [dim, dim], lower triangular


def window(target_acceptance: float | Array = 0.8, *, dense: bool = False) -> Adaptation:
    r"""Stan's warm-up, pooled over chains.

    A fast beginning (15 %) finds the typical set, slow windows that double in length learn the
    covariance, a fast end (10 %, at least 50 steps) settles the step size; a warm-up of fewer than 100
    steps learns the step size only. At the end of each slow window the inverse
    mass matrix becomes the pooled, shrunk covariance of that window,

    .. math:: M^{-1} = \frac{n}{n + 5} \hat\Sigma + \frac{5}{n + 5} 10^{-3} I,

    with n the number of draws of all chains in it, and dual averaging starts anew. With one chain this
    is Stan's schedule; with many, a window of the same length knows as many times more, and the
    acceptance rate comes out at the target, where a lone chain tends to end well above it: raise the
    target where steps diverge.

    Args:
        target_acceptance: What the mean acceptance rate is to become, in (0, 1).
        dense: Whether to learn a full covariance; structural, another choice compiles anew.

    Returns:
        An adaptation for ``sample(..., num_warmup=..., adaptation=...)``.

    Raises:
        ValueError: If the target is not inside (0, 1).

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from jgen.samplers import hmc
        >>> from jgen.sampling import sample
        >>> def log_density(x):
        ...     return -0.5 * jnp.sum((x / jnp.array([0.1, 10.0])) ** 2)
        >>> run = sample(
        ...     jax.random.key(0), hmc(log_density, step_size=0.1), num_draws=10, num_chains=16,
        ...     num_warmup=300, adaptation=window(0.8), position=jnp.zeros((16, 2)),
        ... )
        >>> factor = run.state.states.tuning.inverse_mass_factor[0]  # truth: 0.1 and 10
        >>> bool(50 < factor[1] / factor[0] < 200)
        True

    Reference:
        Stan Development Team, "Stan Reference Manual", section "HMC algorithm parameters".
    """
    if not 0 < target_acceptance < 1:
        raise ValueError(f"target_acceptance must lie inside (0, 1); got {target_acceptance}")
    return Adaptation(
        Partial(static(window_init, dense=dense)), Partial(window_update, jnp.asarray(target_acceptance))
    )


def window_init(states: PyTree, *, dense: bool) -> tuple[WindowMemory, PyTree]:
    """Begins at the tuning the chains have, made dense or diagonal as asked."""
    factor = first_factor(states)
    if dense and factor.ndim == 1:
        factor = jnp.diag(factor)
    if not dense and factor.ndim == 2:
        factor = jnp.linalg.norm(factor, axis=1)  # the square root of the diagonal of L Lᵀ
    step_size = step_size_of(states)
    memory = WindowMemory(start_average(step_size), empty_moments(factor), factor)
    return memory, retune(states, step_size, factor)


def window_update(
    target: Array, memory: WindowMemory, states: PyTree, draws: Draws, index: Array, num_warmup: Array
) -> tuple[WindowMemory, PyTree]:
    """One step of dual averaging; at the end of a slow window, a new mass matrix."""
    is_slow, ends_window = schedule(index, num_warmup)
    step = average(memory.step, mean_acceptance(draws), target)
    positions = jax.vmap(lambda value: ravel_pytree(value)[0])(draws.value)  # [chain, dim]
    seen = add_population(memory.moments, positions)
    moments = _select(is_slow, seen, memory.moments)

    factor = jnp.where(ends_window, learned_factor(moments, memory.factor), memory.factor)
    moments = _select(ends_window, empty_moments(factor), moments)
    step = _select(ends_window, start_average(jnp.exp(step.log_step)), step)
    log_step = jnp.where(index + 1 == num_warmup, step.log_average, step.log_step)
    return WindowMemory(step, moments, factor), retune(states, jnp.exp(log_step), factor)


def schedule(index: Array, num_warmup: Array) -> tuple[Array, Array]:
    """Whether a warm-up step is in a slow window, and whether it ends one.

    Slow windows of 25, 50, 100, ... steps follow each other; the last is stretched to the end of the
    slow phase, which leaves the step size 50 steps or more to settle. Below 100 steps there are none.
    """
    first = 25
    begin, end = (15 * num_warmup) // 100, num_warmup - jnp.maximum(num_warmup // 10, 50)
    end = jnp.where(num_warmup < 100, -1, end)
    done = index + 1 - begin
    windows = done // first + 1  # a power of two where a doubling window ends
    doubles = (done > 0) & (done % first == 0) & (windows & (windows - 1) == 0)
    next_fits = begin + first * (2 * windows - 1) <= end
    return (index >= begin) & (index < end), (doubles & next_fits) | (index + 1 == end)


def empty_moments(factor: Array) -> Moments:
    """Nothing seen yet; the factor gives the sizes."""
    return Moments(
        jnp.zeros((), factor.dtype), jnp.zeros(factor.shape[0], factor.dtype), jnp.zeros_like(factor)
    )


def add_population(moments: Moments, positions: Array) -> Moments:
    """Adds one draw of every chain, ``[chain, dim]`` (Chan's pairwise update)."""

    def scatter(centred: Array) -> Array:
        return centred.T @ centred if moments.scatter.ndim == 2 else jnp.sum(centred**2, axis=0)

    added = positions.shape[0]
    count = moments.num_seen + added
    mean = jnp.mean(positions, axis=0)
    shift = (mean - moments.mean)[None]
    within, between = scatter(positions - mean[None]), scatter(shift) * (moments.num_seen * added / count)
    return Moments(count, moments.mean + shift[0] * (added / count), moments.scatter + within + between)


def learned_factor(moments: Moments, old: Array) -> Array:
    """The factor of the shrunk covariance; the old one where the window taught nothing usable."""
    covariance = moments.scatter / jnp.maximum(moments.num_seen - 1.0, 1.0)
    shrinkage = 5.0 / (moments.num_seen + 5.0)
    if old.ndim == 2:
        covariance = (1.0 - shrinkage) * covariance + shrinkage * 1e-3 * jnp.eye(
            old.shape[0], dtype=old.dtype
        )
        factor = jnp.linalg.cholesky(covariance)
    else:
        factor = jnp.sqrt((1.0 - shrinkage) * covariance + shrinkage * 1e-3)
    return jnp.where((moments.num_seen > 1) & jnp.all(jnp.isfinite(factor)), factor, old)


def _select(condition: Array, new: PyTree, old: PyTree) -> PyTree:
    return jax.tree.map(lambda a, b: jnp.where(condition, a, b), new, old)
