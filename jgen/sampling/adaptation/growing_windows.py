"""Warm up in growing windows, each of which ends with a new estimate of the mass matrix."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.tree_util import Partial

from jgen._internal.binding import bind_static
from jgen.sampling.adaptation import tuning
from jgen.sampling.adaptation.dual_averaging import DualAveraging, check_target_acceptance
from jgen.types import Adaptation, Array, Draws, PyTree

MAX_GAMMA = 0.2


def gamma_for(num_chains: int) -> float:
    """Return the gamma of dual averaging after a first window: 0.05 for one chain, as in Stan.

    For one chain it averages noise, of which the mean of n chains has 1 / sqrt(n).
    """
    return min(0.05 * num_chains**0.5, MAX_GAMMA)


class MassMatrixEstimator(NamedTuple):
    """Estimator of the mass matrix in one window: module-level functions, which compile once.

    Attributes:
        init: ``init(factor) -> factor``: the present factor of the chains, in the estimator's form.
        reset: ``reset(factor) -> moments``, empty.
        update: ``update(moments, states) -> moments``, after one step of all chains.
        estimate: ``estimate(moments, factor) -> factor``; the present one if the moments are not usable.
    """

    init: Callable[[PyTree], PyTree]
    reset: Callable[[PyTree], PyTree]
    update: Callable[[PyTree, PyTree], PyTree]
    estimate: Callable[[PyTree, PyTree], PyTree]


class WindowState(NamedTuple):
    """State of the adaptation: dual averaging, moments of the present window, present factor."""

    step: DualAveraging
    moments: PyTree
    factor: PyTree


def windowed(target_acceptance: float | Array, *functions: Callable) -> Adaptation:
    """Return an adaptation: dual averaging at every step, a mass matrix at the end of each slow window.

    The functions are those of a ``MassMatrixEstimator``.
    """
    estimator, target = MassMatrixEstimator(*functions), check_target_acceptance(target_acceptance)
    return Adaptation(
        Partial(bind_static(windows_init, estimator=estimator)),
        Partial(bind_static(windows_update, estimator=estimator), target),
        target,
    )


def windows_init(states: PyTree, *, estimator: MassMatrixEstimator) -> tuple[WindowState, PyTree]:
    """Start from the present tuning of the chains."""
    factor, step_size = estimator.init(tuning.factor_of(states)), tuning.step_size_of(states)
    state = WindowState(DualAveraging.start(step_size), estimator.reset(factor), factor)
    return state, tuning.set_tuning(states, step_size=step_size, inverse_mass_factor=factor)


def windows_update(
    target: Array,
    state: WindowState,
    states: PyTree,
    draws: Draws,
    index: Array,
    num_warmup: Array,
    *,
    estimator: MassMatrixEstimator,
) -> tuple[WindowState, PyTree]:
    """Make one step of dual averaging; at the end of a slow window set the mass matrix and restart it."""
    is_slow, ends_window = schedule(index, num_warmup)
    state = state._replace(step=state.step.update(tuning.mean_acceptance(draws), target))
    state = jax.lax.cond(
        is_slow, lambda: state._replace(moments=estimator.update(state.moments, states)), lambda: state
    )

    def end_window() -> WindowState:
        factor = estimator.estimate(state.moments, state.factor)
        gamma = gamma_for(len(draws.info["acceptance_rate"]))
        step = DualAveraging.start(jnp.exp(state.step.log_average), gamma)
        return WindowState(step, estimator.reset(factor), factor)

    state = jax.lax.cond(ends_window, end_window, lambda: state)
    step_size = jnp.exp(state.step.log_step_after(index, num_warmup))
    return state, tuning.set_tuning(states, step_size=step_size, inverse_mass_factor=state.factor)


def schedule(index: Array, num_warmup: Array) -> tuple[Array, Array]:
    """Return whether a warm-up step is in a slow window, and whether it ends one.

    Slow windows of 25, 50, 100, ... steps follow each other; the last is extended to the end of the slow
    phase, which leaves 50 steps or more to adapt the step size. Below 100 steps there are none.
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

    num_rows: Array  # []
    mean: Array  # [dim]
    scatter: Array  # [dim] or [dim, dim]


def empty_moments(like: Array) -> Moments:
    """Return empty moments, with a scatter like ``like``: ``[dim]`` or ``[dim, dim]``."""
    return Moments(jnp.zeros((), like.dtype), jnp.zeros(like.shape[0], like.dtype), jnp.zeros_like(like))


def add_batch(moments: Moments, rows: Array) -> Moments:
    """Add one row of every chain, ``[chain, dim]`` (Chan's pairwise update)."""

    def scatter(centred: Array) -> Array:
        return centred.T @ centred if moments.scatter.ndim == 2 else jnp.sum(centred**2, axis=0)

    added = rows.shape[0]
    count = moments.num_rows + added
    mean = jnp.mean(rows, axis=0)
    shift = (mean - moments.mean)[None]
    within, between = scatter(rows - mean[None]), scatter(shift) * (moments.num_rows * added / count)
    return Moments(count, moments.mean + shift[0] * (added / count), moments.scatter + within + between)


class FisherMoments(NamedTuple):
    """Moments over a window of positions, and of gradients there."""

    positions: Moments
    gradients: Moments

    @classmethod
    def empty(cls, scale: Array) -> "FisherMoments":
        """Return empty moments of as many coordinates as ``scale [dim]`` has."""
        return cls(empty_moments(scale), empty_moments(scale))

    def add(self, states: PyTree) -> "FisherMoments":
        """Add positions and gradients of all chains."""
        rows = tuning.positions_of(states), tuning.gradients_of(states)
        return FisherMoments(*map(add_batch, self, rows))

    def scale(self, old: Array) -> Array:
        """Return the fourth root of the quotient of scatters ``[dim]``; the old where it is not usable."""
        scale = (self.positions.scatter / self.gradients.scatter) ** 0.25
        return jnp.where(jnp.isfinite(scale) & (scale > 0), scale, old)
