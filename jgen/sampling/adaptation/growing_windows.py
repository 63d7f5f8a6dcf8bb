"""Warm up in growing windows, each of which ends with a new estimate of the mass matrix."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.tree_util import Partial

from jgen._internal.binding import bind_static
from jgen.sampling.adaptation.dual_averaging import DualAverage, average, checked_target, start_average
from jgen.sampling.adaptation.tuning import acceptance_rates, factor_of, mean_acceptance, retune, step_size_of
from jgen.types import Adaptation, Array, Draws, PyTree

MOST_GAMMA = 0.2


def settled(num_chains: int) -> float:
    """The gamma of dual averaging once a window has told what step is right: 0.05 for a lone chain, as Stan.

    For one it averages the errors of chance, which the mean of n chains has 1 / sqrt(n) of.
    """
    return min(0.05 * num_chains**0.5, MOST_GAMMA)


class MassMatrixEstimator(NamedTuple):
    """How a metric is learned in one window, as functions of module level, which compile once.

    Attributes:
        init: ``init(factor) -> factor``: the factor the chains have, in the estimator's form.
        reset: ``reset(factor) -> seen``: nothing seen yet.
        update: ``update(seen, states) -> seen``: after one step of the whole population.
        estimate: ``estimate(seen, factor) -> factor``, the one at hand where nothing usable was seen.
    """

    init: Callable[[PyTree], PyTree]
    reset: Callable[[PyTree], PyTree]
    update: Callable[[PyTree, PyTree], PyTree]
    estimate: Callable[[PyTree, PyTree], PyTree]


class WindowMemory(NamedTuple):
    """What the warm-up remembers."""

    step: DualAverage
    seen: PyTree
    factor: PyTree


def in_windows(target_acceptance: float | Array, estimator: MassMatrixEstimator) -> Adaptation:
    """Dual averaging of the step size throughout, and a metric at the end of each slow window."""
    return Adaptation(
        Partial(bind_static(windows_init, estimator=estimator)),
        Partial(bind_static(windows_update, estimator=estimator), checked_target(target_acceptance)),
    )


def windows_init(states: PyTree, *, estimator: MassMatrixEstimator) -> tuple[WindowMemory, PyTree]:
    """Begins at the tuning the chains have."""
    factor, step_size = estimator.init(factor_of(states)), step_size_of(states)
    memory = WindowMemory(start_average(step_size), estimator.reset(factor), factor)
    return memory, retune(states, step_size=step_size, inverse_mass_factor=factor)


def windows_update(
    target: Array,
    memory: WindowMemory,
    states: PyTree,
    draws: Draws,
    index: Array,
    num_warmup: Array,
    *,
    estimator: MassMatrixEstimator,
) -> tuple[WindowMemory, PyTree]:
    """One step of dual averaging; at the end of a slow window a new metric, and averaging begins anew."""
    is_slow, ends_window = schedule(index, num_warmup)
    memory = memory._replace(step=average(memory.step, mean_acceptance(draws), target))
    memory = jax.lax.cond(
        is_slow, lambda: memory._replace(seen=estimator.update(memory.seen, states)), lambda: memory
    )

    def turn_over() -> WindowMemory:
        factor = estimator.estimate(memory.seen, memory.factor)
        step = start_average(jnp.exp(memory.step.log_average), settled(len(acceptance_rates(draws))))
        return WindowMemory(step, estimator.reset(factor), factor)

    memory = jax.lax.cond(ends_window, turn_over, lambda: memory)
    step = memory.step
    log_step = jnp.where(index + 1 == num_warmup, step.log_average, step.log_step)
    return memory, retune(states, step_size=jnp.exp(log_step), inverse_mass_factor=memory.factor)


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


class Moments(NamedTuple):
    """Running mean and scatter of rows."""

    num_seen: Array  # []
    mean: Array  # [dim]
    scatter: Array  # [dim] or [dim, dim]


def no_moments(like: Array) -> Moments:
    """Nothing seen yet; what is alike gives the sizes, ``[dim]`` or ``[dim, dim]``."""
    return Moments(jnp.zeros((), like.dtype), jnp.zeros(like.shape[0], like.dtype), jnp.zeros_like(like))


def add_rows(moments: Moments, rows: Array) -> Moments:
    """Adds one row of every chain, ``[chain, dim]`` (Chan's pairwise update)."""

    def scatter(centred: Array) -> Array:
        return centred.T @ centred if moments.scatter.ndim == 2 else jnp.sum(centred**2, axis=0)

    added = rows.shape[0]
    count = moments.num_seen + added
    mean = jnp.mean(rows, axis=0)
    shift = (mean - moments.mean)[None]
    within, between = scatter(rows - mean[None]), scatter(shift) * (moments.num_seen * added / count)
    return Moments(count, moments.mean + shift[0] * (added / count), moments.scatter + within + between)


def fisher_scale(positions: Moments, gradients: Moments, old: Array) -> Array:
    """Fourth root of the quotient of scatters ``[dim]``; the old scale where a coordinate taught nothing."""
    scale = (positions.scatter / gradients.scatter) ** 0.25
    return jnp.where(jnp.isfinite(scale) & (scale > 0), scale, old)
