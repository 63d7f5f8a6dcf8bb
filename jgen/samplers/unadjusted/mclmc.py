"""Microcanonical Langevin Monte Carlo, unadjusted."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jax.tree_util import Partial

from jgen._internal.binding import as_partial
from jgen._internal.trees import select_tree
from jgen._internal.validation import check_positive
from jgen.samplers.accept import MAX_ENERGY_ERROR
from jgen.samplers.mass_matrix import check_inverse_mass_matrix
from jgen.samplers.microcanonical import Flight, fly, isokinetic_init, random_direction
from jgen.samplers.recipe import BEYOND_LOCAL_MOVES, Recipe
from jgen.samplers.state import Tuning, flatten
from jgen.types import Array, DrawKind, Draws, Key, LogDensity, PyTree, Sampler, Target


class FlightState(NamedTuple):
    """Where a chain stands, and where it is going.

    Attributes:
        position: Any pytree of floats.
        log_density: At the position ``[]``.
        gradient: Of the log density, ravelled ``[dim]``.
        direction: White, of length one ``[dim]``.
        tuning: Step size and metric.
    """

    position: PyTree
    log_density: Array
    gradient: Array
    direction: Array
    tuning: Tuning


def mclmc(
    log_density: LogDensity,
    *,
    step_size: float | Array = 0.5,
    decoherence_time: float | Array = 1.0,
    inverse_mass_matrix: Array | None = None,
) -> Sampler:
    r"""A flight of constant speed whose direction is slowly forgotten; never refused, hence biased.

    One step of size :math:`\epsilon` mixes noise into the direction and makes one isokinetic leapfrog:

    .. math:: u \leftarrow \frac{u + \nu \xi}{|u + \nu \xi|}, \quad
        \nu = \sqrt{(e^{2 \epsilon / T} - 1) / d}, \quad \xi \sim N(0, I),

    then half a turn of u under the force, a drift :math:`x \mathrel{+}= \epsilon \sqrt d\, L u`, and half
    a turn. In continuous time the target is invariant. The steps leave an error of order
    :math:`\epsilon^2`, for which there is no accept step: ``law`` is biased. It is seen in
    ``info["energy_error"]``, minus the log of the Metropolis ratio, which ``adjusted_mclmc`` would use:
    halve the step size until its variance per dimension is small, or the answers stop moving.
    On a Gaussian of high dimension the variance comes out :math:`r^2` times too large, with

    .. math:: r \tanh \tfrac{\epsilon r}{2} = \tfrac{\epsilon}{2}, \qquad
        r^2 = 1 + \tfrac{\epsilon^2}{12} + O(\epsilon^4):

    there :math:`|x| = r \sqrt d` and a drift keeps it if it begins at :math:`\cos(u, x) = -\epsilon / 2r`
    and ends at the opposite; the half turns, of rapidity :math:`\epsilon r / 2`, lead there and back from
    :math:`u \perp x`, where the noise leaves u.

    In the papers' units the speed is 1: their step is :math:`\epsilon \sqrt d`, their L is :math:`T \sqrt d`.

    Args:
        log_density: Position -> unnormalised log density ``[]``, in nats, of two numbers or more; bind
            data by ``Partial``.
        step_size: Leapfrog step size; the speed is that of HMC, the square root of the dimension.
        decoherence_time: T, over which the direction is forgotten; 1 suits a white target.
        inverse_mass_matrix: None (identity), variances ``[dim]`` or a covariance ``[dim, dim]``.

    Returns:
        A biased sampler. A step to a density or gradient that is not finite is not made: the chain turns
        round where it stands, and the draw is flagged as ``diverging``.

    Raises:
        ValueError: If an option is not positive, or a chain starts at a position of a single number.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from jgen.sampling.driver import sample
        >>> def log_density(x):
        ...     return -0.5 * jnp.sum(x**2)
        >>> sampler = mclmc(log_density, step_size=0.2)
        >>> run = sample(jax.random.key(0), sampler, num_draws=100, num_chains=4, position=jnp.ones((4, 50)))
        >>> run.draws.kind.value, bool(run.draws.info["energy_error"].var() / 50 < 1e-3)
        ('biased', True)

    Reference:
        Robnik, De Luca, Silverstein and Seljak (2023), "Microcanonical Hamiltonian Monte Carlo", JMLR 24;
        Robnik and Seljak (2024), "Fluctuation without dissipation: microcanonical Langevin Monte
        Carlo", arXiv 2303.18221.
    """
    log_density, step_size = as_partial(log_density), check_positive("step_size", step_size)
    return Sampler(
        Partial(mclmc_init, log_density, step_size, check_inverse_mass_matrix(inverse_mass_matrix)),
        Partial(mclmc_step, log_density, check_positive("decoherence_time", decoherence_time)),
    )


def mclmc_init(
    log_density: LogDensity, step_size: Array, inverse_mass_matrix: Array | None, key: Key, position: PyTree
) -> FlightState:
    """In any direction; spends one gradient."""
    position, value, gradient, tuning = isokinetic_init(
        log_density, step_size, inverse_mass_matrix, key, position
    )
    return FlightState(position, value, gradient, random_direction(key, gradient), tuning)


def mclmc_step(
    log_density: LogDensity, decoherence_time: Array, key: Key, state: FlightState
) -> tuple[FlightState, Draws]:
    """A little noise in the direction, one leapfrog, one gradient."""
    x, density, unravel = flatten(log_density, state.position)
    noise_size = jnp.sqrt(jnp.expm1(2 * state.tuning.step_size / decoherence_time) / x.size).astype(x.dtype)
    direction = state.direction + noise_size * jax.random.normal(key, x.shape, x.dtype)
    direction = direction / jnp.linalg.norm(direction)
    begin = Flight(x, direction, state.log_density, state.gradient, jnp.zeros_like(state.log_density))
    end = fly(density, state.tuning, begin)

    moved = FlightState(unravel(end.position), end.log_density, end.gradient, end.direction, state.tuning)
    turned_round = state._replace(direction=-direction)
    usable = end.energy_error < jnp.inf
    state = select_tree(usable, moved, turned_round)
    info = {
        "diverging": end.energy_error > MAX_ENERGY_ERROR,
        "energy_error": end.energy_error,
        "lp": state.log_density,
        "step_size": state.tuning.step_size,
        "num_grads": jnp.int32(1),
        "num_log_densities": jnp.int32(0),
    }
    return state, Draws(state.position, info, None, DrawKind.BIASED)


def recipe(target: Target, scale: float | Array = 1.0) -> Recipe | None:
    """MCLMC for any smooth target of 2 dimensions or more, connected and evenly curved."""
    if target.traits & BEYOND_LOCAL_MOVES or ravel_pytree(target.start)[0].size < 2:
        return None
    sampler = mclmc(target.log_density, step_size=0.5 * scale, inverse_mass_matrix=target.variance)
    return Recipe(sampler, None)
