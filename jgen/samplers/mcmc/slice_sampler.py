"""Sample by slice sampling along random lines, as a state machine with one log density per step."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jax.tree_util import Partial

from jgen._internal.binding import as_partial, bind_static
from jgen._internal.threefry import step_uniforms
from jgen._internal.validation import check_count
from jgen.samplers.accept import log_uniform, markov_draw, report
from jgen.samplers.mass_matrix import to_velocity
from jgen.samplers.recipe import Recipe, local_recipe
from jgen.samplers.state import GradientFreeState, bind_tuning, density_init, flatten
from jgen.samplers.state_machine import StateMachine, run_to_completion
from jgen.types import Array, Draws, Key, LogDensity, Sampler, Target

MAX_SHRINKS = 100
"""Points drawn from an interval; each nearly halves it, to nothing long before this many."""


class Interval(NamedTuple):
    """Interval on a line through the position, in units of ``direction``; the position is at 0."""

    key: Key
    direction: Array  # [dim]
    level: Array  # [] least log density, minus that of the position
    low: Array  # []
    high: Array  # []
    steps_low: Array  # [] times that the low end may still step out; 0 once it is below the level
    steps_high: Array  # []
    offset: Array  # [] of the last point
    value: Array  # [] log density at the last point
    num_points: Array  # []
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
    r"""Draw from the part of a line where the density exceeds a random level; no rejection and no gradient.

    On a line :math:`x + t L u` through x, u a random unit vector, with a level drawn below the density,

    .. math:: \log y = \log p(x) - E, \quad E \sim \mathrm{Exp}(1), \qquad
        S = \{t : \log p(x + t L u) \ge \log y\},

    an interval of width :math:`\epsilon` is placed at random around 0, and each end steps out by
    :math:`\epsilon` until it has left S. Then points are drawn uniformly from the interval: the first in S is
    the draw, and one outside becomes the end on its side of 0, so that the interval always contains x. The
    width only decides how many log densities a draw takes: too short costs steps out, too long costs points.
    ``acceptance_rate`` is one over the number of points, so that warm-up can tune the width.

    The step is a ``StateMachine`` with one log density per transition.

    Args:
        log_density: Position -> unnormalised log density ``[]``, in nats; bind data by ``Partial``.
        step_size: Width of the first interval, in units of L; two or three standard deviations are best.
        inverse_mass_matrix: :math:`L L^\top`: None (identity), variances ``[dim]`` or a covariance
            ``[dim, dim]``.
        max_step_outs: Maximal number of steps out, divided between the two ends at random.
        along_axes: Whether u is an axis rather than any direction: one coordinate moves at a time (or column
            of L). Structural.

    Returns:
        A Markov sampler, whose state has the ``tuning`` that warm-up adapts. A NaN log density is -inf.

    Raises:
        ValueError: If the step size is not positive, or ``max_step_outs`` is negative.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from jgen.sampling import sample
        >>> def log_density(x):
        ...     return -0.5 * jnp.sum(x**2)
        >>> sampler = slice_sampler(log_density, step_size=2.0)
        >>> run = sample(jax.random.key(0), sampler, num_draws=200, num_chains=9, position=jnp.zeros((9, 2)))
        >>> bool(abs(run.draws.value.var() - 1) < 0.2), run.cost.num_grads
        (True, 0)

    Reference:
        Neal (2003), "Slice sampling", Annals of Statistics 31(3), figures 3 and 5.
    """
    log_density = as_partial(log_density)
    max_step_outs = check_count("max_step_outs", max_step_outs, least=0)
    start = Partial(bind_static(init_work, along_axes=along_axes), max_step_outs)
    machine = StateMachine(start, Partial(step_work, log_density), Partial(finalize))
    init = Partial(density_init, log_density, bind_tuning(step_size, inverse_mass_matrix))
    return Sampler(init, Partial(run_to_completion, machine))


def init_work(max_step_outs: Array, key: Key, state: GradientFreeState, *, along_axes: bool) -> Interval:
    """Draw a line, a level, and an interval around the position; costs nothing."""
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
    steps_low = jnp.floor((max_step_outs + 1) * share).astype(jnp.int32)
    return Interval(
        key=key,
        direction=to_velocity(state.tuning.inverse_mass_factor, unit),
        level=log_uniform(level),
        low=low,
        high=low + width,
        steps_low=steps_low,
        steps_high=max_step_outs - steps_low,
        offset=jnp.zeros_like(low),
        value=state.log_density,
        num_points=jnp.int32(0),
        num_log_densities=jnp.int32(0),
        stuck=jnp.bool(False),
        done=jnp.bool(False),
    )


def step_work(log_density: LogDensity, state: GradientFreeState, interval: Interval) -> Interval:
    """Evaluate one point of the line: the low end, the high end, or a point between them."""
    x, density, _ = flatten(log_density, state.position)
    low, high = interval.low, interval.high
    is_low = interval.steps_low > 0
    is_high = ~is_low & (interval.steps_high > 0)
    is_inner = ~is_low & ~is_high
    _, uniform, _ = step_uniforms(interval.key, interval.num_log_densities, low.dtype)
    inner = low + (high - low) * uniform
    offset = jnp.where(is_low, low, jnp.where(is_high, high, inner))
    value = density(x + offset * interval.direction)
    inside = (value - state.log_density >= interval.level) & (value < jnp.inf)

    num_points = interval.num_points + is_inner
    stuck = is_inner & ~inside & (num_points == MAX_SHRINKS)
    width = state.tuning.step_size
    shrinks, is_below = is_inner & ~inside, offset < 0
    return interval._replace(
        low=jnp.where(is_low & inside, low - width, jnp.where(shrinks & is_below, offset, low)),
        high=jnp.where(is_high & inside, high + width, jnp.where(shrinks & ~is_below, offset, high)),
        steps_low=jnp.where(is_low, jnp.where(inside, interval.steps_low - 1, 0), interval.steps_low),
        steps_high=jnp.where(is_high, jnp.where(inside, interval.steps_high - 1, 0), interval.steps_high),
        offset=jnp.where(stuck, 0.0, offset),
        value=jnp.where(stuck, state.log_density, value),
        num_points=num_points,
        num_log_densities=interval.num_log_densities + 1,
        stuck=stuck,
        done=(is_inner & inside) | stuck,
    )


def finalize(state: GradientFreeState, interval: Interval) -> tuple[GradientFreeState, Draws]:
    """Return the point found; the position itself where the interval shrank to nothing."""
    x, unravel = ravel_pytree(state.position)
    position = unravel(x + interval.offset * interval.direction)
    value = interval.value.astype(state.log_density.dtype)
    state = GradientFreeState(position, value, state.tuning)
    info = {
        "acceptance_rate": jnp.where(interval.stuck, 0.0, 1.0 / interval.num_points),
        "n_steps": interval.num_log_densities,
        "stuck": interval.stuck,
        **report(state, num_log_densities=interval.num_log_densities),
    }
    return state, markov_draw(state, info, "num_grads", "step_size")


def recipe(target: Target, scale: float | Array = 1.0) -> Recipe | None:
    """Make the sampler for a target that suits local moves, with a width of three standard deviations."""
    return local_recipe(slice_sampler, target, scale, 0.7)
