"""Slice sampling along a line, written as a machine whose every turn costs one log density."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jax.tree_util import Partial

from jgen._internal.binding import as_partial, bind_static
from jgen._internal.threefry import turn_uniforms
from jgen._internal.validation import check_count, check_positive
from jgen.samplers.accept import log_uniform
from jgen.samplers.input_checks import check_position
from jgen.samplers.mass_matrix import check_inverse_mass_matrix, to_velocity
from jgen.samplers.recipe import BEYOND_LOCAL_MOVES, Recipe
from jgen.samplers.state import Tuning, flatten, make_tuning
from jgen.samplers.state_machine import StateMachine, run_to_completion
from jgen.types import Array, DrawKind, Draws, Key, LogDensity, PyTree, Sampler, Target

MAX_TRIES = 100
"""A try halves the interval, or nearly: long before this many it is narrower than any float."""


class LineState(NamedTuple):
    """Where a chain stands.

    Attributes:
        position: Any pytree of floats.
        log_density: At the position ``[]``.
        tuning: What warm-up may learn; the step size is the width of the first interval.
    """

    position: PyTree
    log_density: Array
    tuning: Tuning


class Interval(NamedTuple):
    """A piece of a line through the position, in steps of ``direction``; the position is at 0."""

    key: Key
    direction: Array  # [dim]
    threshold: Array  # [] log density to reach
    low: Array  # []
    high: Array  # []
    outs_low: Array  # [] times that the low end may still step out; 0 once it is below the threshold
    outs_high: Array  # []
    offset: Array  # [] of the last try
    value: Array  # [] log density there
    num_tries: Array  # []
    num_log_densities: Array  # []
    stuck: Array  # []
    done: Array  # []


def slice_sampler(
    log_density: LogDensity,
    *,
    step_size: float | Array = 1.0,
    inverse_mass_matrix: Array | None = None,
    max_step_outs: int | Array = 64,
    along_axes: bool = False,
) -> Sampler:
    r"""A draw from the piece of a line on which the density passes a random level: no refusal, no gradient.

    Through x goes a line :math:`x + t L u`, u a random unit vector. With a level drawn below the density,

    .. math:: \log y = \log p(x) - E, \quad E \sim \mathrm{Exp}(1), \qquad
        S = \{t : \log p(x + t L u) \ge \log y\},

    an interval of width :math:`\epsilon` is laid at random around 0, and each end steps out by
    :math:`\epsilon` until it has left S. Then points are tried uniformly in the interval: the first in S is
    the draw, and one outside becomes the end on its side of 0, so that x is never cut off. The width
    only decides how many log densities a draw takes: too short costs steps out, too long costs tries.
    ``acceptance_rate`` is one over the number of tries, so that warm-up can aim it.

    It is a ``StateMachine``, ``init``, ``step`` (one log density) and ``finalize``, so that any loop can
    drive it.

    Args:
        log_density: Position -> unnormalised log density ``[]``, in nats; bind data by ``Partial``.
        step_size: Width of the first interval, in units of L; two or three standard deviations are best.
        inverse_mass_matrix: :math:`L L^\top`: None (identity), variances ``[dim]`` or a covariance
            ``[dim, dim]``.
        max_step_outs: Steps out at most, over both ends, divided between them at random.
        along_axes: Whether u is an axis rather than any direction: one coordinate moves at a time (or column
            of L). Structural.

    Returns:
        A Markov sampler; the state carries ``tuning`` for warm-up. A NaN log density counts as none.

    Raises:
        ValueError: If the step size is not positive, or ``max_step_outs`` is negative.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from jgen.sampling.driver import sample
        >>> def log_density(x):
        ...     return -0.5 * jnp.sum(x**2)
        >>> sampler = slice_sampler(log_density, step_size=2.0)
        >>> run = sample(jax.random.key(0), sampler, num_draws=200, num_chains=9, position=jnp.zeros((9, 2)))
        >>> bool(abs(run.draws.value.var() - 1) < 0.2), run.cost.num_grads
        (True, 0)

    Reference:
        Neal (2003), "Slice sampling", Annals of Statistics 31(3), figures 3 and 5.
    """
    log_density, step_size = as_partial(log_density), check_positive("step_size", step_size)
    max_step_outs = check_count("max_outs", max_step_outs, least=0)
    machine = StateMachine(
        Partial(bind_static(init_work, along_axes=along_axes), max_step_outs),
        Partial(step_work, log_density),
        Partial(finalize),
    )
    return Sampler(
        Partial(slice_init, log_density, step_size, check_inverse_mass_matrix(inverse_mass_matrix)),
        Partial(run_to_completion, machine),
    )


def slice_init(
    log_density: LogDensity, step_size: Array, inverse_mass_matrix: Array | None, key: Key, position: PyTree
) -> LineState:
    """Spends one log density."""
    del key
    check_position(log_density, position, "slice_sampler")
    flat, density, _ = flatten(log_density, position)
    return LineState(position, density(flat), make_tuning(step_size, inverse_mass_matrix, flat))


def init_work(max_step_outs: Array, key: Key, state: LineState, *, along_axes: bool) -> Interval:
    """A line, a level, and an interval laid around the position; spends nothing."""
    direction_key, uniform_key, key = jax.random.split(key, 3)
    x, _ = ravel_pytree(state.position)
    if along_axes:
        unit = jax.nn.one_hot(jax.random.randint(direction_key, (), 0, x.size), x.size, dtype=x.dtype)
    else:
        noise = jax.random.normal(direction_key, x.shape, x.dtype)
        unit = noise / jnp.maximum(jnp.linalg.norm(noise), jnp.finfo(x.dtype).tiny)
    level, place, share = jax.random.uniform(uniform_key, (3,), x.dtype)
    width = state.tuning.step_size
    low = -width * place
    outs_low = jnp.floor((max_step_outs + 1) * share).astype(jnp.int32)
    return Interval(
        key=key,
        direction=to_velocity(state.tuning.inverse_mass_factor, unit),
        threshold=state.log_density + log_uniform(level),
        low=low,
        high=low + width,
        outs_low=outs_low,
        outs_high=max_step_outs - outs_low,
        offset=jnp.zeros_like(low),
        value=state.log_density,
        num_tries=jnp.int32(0),
        num_log_densities=jnp.int32(0),
        stuck=jnp.bool(False),
        done=jnp.bool(False),
    )


def step_work(log_density: LogDensity, state: LineState, interval: Interval) -> Interval:
    """Looks at one point of the line: the low end, the high end, or a try between them."""
    x, density, _ = flatten(log_density, state.position)
    low, high = interval.low, interval.high
    is_low = interval.outs_low > 0
    is_high = ~is_low & (interval.outs_high > 0)
    is_try = ~is_low & ~is_high
    _, uniform, _ = turn_uniforms(interval.key, interval.num_log_densities, low.dtype)
    tried = low + (high - low) * uniform
    offset = jnp.where(is_low, low, jnp.where(is_high, high, tried))
    value = density(x + offset * interval.direction)
    inside = (value >= interval.threshold) & (value < jnp.inf)

    num_tries = interval.num_tries + is_try
    stuck = is_try & ~inside & (num_tries == MAX_TRIES)
    width = state.tuning.step_size
    cut, is_below = is_try & ~inside, offset < 0
    return Interval(
        key=interval.key,
        direction=interval.direction,
        threshold=interval.threshold,
        low=jnp.where(is_low & inside, low - width, jnp.where(cut & is_below, offset, low)),
        high=jnp.where(is_high & inside, high + width, jnp.where(cut & ~is_below, offset, high)),
        outs_low=jnp.where(is_low, jnp.where(inside, interval.outs_low - 1, 0), interval.outs_low),
        outs_high=jnp.where(is_high, jnp.where(inside, interval.outs_high - 1, 0), interval.outs_high),
        offset=jnp.where(stuck, 0.0, offset),
        value=jnp.where(stuck, state.log_density, value),
        num_tries=num_tries,
        num_log_densities=interval.num_log_densities + 1,
        stuck=stuck,
        done=(is_try & inside) | stuck,
    )


def finalize(state: LineState, interval: Interval) -> tuple[LineState, Draws]:
    """The point found; the position itself where the interval shrank to nothing."""
    x, unravel = ravel_pytree(state.position)
    state = LineState(
        unravel(x + interval.offset * interval.direction),
        interval.value.astype(state.log_density.dtype),
        state.tuning,
    )
    info = {
        "acceptance_rate": jnp.where(interval.stuck, 0.0, 1.0 / interval.num_tries),
        "lp": state.log_density,
        "n_steps": interval.num_log_densities,
        "step_size": state.tuning.step_size,
        "stuck": interval.stuck,
        "num_grads": jnp.int32(0),
        "num_log_densities": interval.num_log_densities,
    }
    return state, Draws(state.position, info, None, DrawKind.MARKOV)


def recipe(target: Target, scale: float | Array = 1.0) -> Recipe | None:
    """Any smooth target whose modes are connected; a width of three deviations has this acceptance rate."""
    if target.traits & BEYOND_LOCAL_MOVES:
        return None
    sampler = slice_sampler(target.log_density, step_size=scale, inverse_mass_matrix=target.variance)
    return Recipe(sampler, 0.7)
