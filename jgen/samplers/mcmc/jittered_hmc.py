"""Hamiltonian Monte Carlo whose trajectories vary in length from draw to draw."""

from typing import NamedTuple

import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jax.tree_util import Partial

from jgen._internal.binding import as_partial
from jgen._internal.validation import check_count, check_positive
from jgen.samplers.leapfrog import trajectory
from jgen.samplers.mass_matrix import check_inverse_mass_matrix, to_velocity
from jgen.samplers.recipe import BEYOND_LOCAL_MOVES, Recipe
from jgen.samplers.state import gradient_init
from jgen.types import Array, DrawKind, Draws, Key, LogDensity, PyTree, Sampler, Target


class TrajectoryTuning(NamedTuple):
    """What warm-up may learn.

    Attributes:
        step_size: Step size ``[]``.
        inverse_mass_factor: L with ``L Lᵀ = M⁻¹``.
        trajectory_length: The longest trajectory, in units of time ``[]``.
    """

    step_size: Array
    inverse_mass_factor: Array
    trajectory_length: Array


class Flown(NamedTuple):
    """The last trajectory, accepted or not: what an adaptation of its length must know.

    Attributes:
        start: Where it began, ravelled ``[dim]``.
        end: Where it ended ``[dim]``.
        velocity: How fast it moved there, ``L n`` ``[dim]``.
        length: How long it was to be, in units of time ``[]``.
    """

    start: Array
    end: Array
    velocity: Array
    length: Array


class JitteredState(NamedTuple):
    """Where a chain stands.

    Attributes:
        position: Any pytree of floats.
        log_density: At the position ``[]``.
        gradient: Of the log density, ravelled ``[dim]``.
        tuning: What warm-up may learn.
        persistent: Draws made so far, which choose the next length ``[]``.
        flown: The last trajectory.
    """

    position: PyTree
    log_density: Array
    gradient: Array
    tuning: TrajectoryTuning
    persistent: Array
    flown: Flown


def jittered_hmc(
    log_density: LogDensity,
    *,
    step_size: float | Array = 1.0,
    trajectory_length: float | Array = 2.25,
    inverse_mass_matrix: Array | None = None,
    max_steps: int | Array = 1000,
) -> Sampler:
    r"""Leapfrog trajectories of many lengths, so that none of them resonates with the target.

    A trajectory of fixed length that fits a period of one coordinate leaves that coordinate where it was.
    Here draw k = 1, 2, ... follows the motion for a time of :math:`u_k T`, in

    .. math:: \min(\lceil u_k T / \epsilon \rceil, \text{max\_steps}) \text{ leapfrog steps}, \qquad
        u_k = k \varphi \bmod 1, \quad \varphi = (\sqrt5 - 1)/2.

    The :math:`u_k` fill (0, 1) as evenly as any sequence can. They depend on nothing but k, so every draw
    is one of HMC, and chains side by side make equally many steps: none waits for another.

    Args:
        log_density: Position -> unnormalised log density ``[]``, in nats; bind data by ``Partial``.
        step_size: Leapfrog step size :math:`\epsilon`.
        trajectory_length: The longest trajectory T, in units of time; they are T / 2 long on average, and
            ``jgen.sampling.adaptation.chees`` learns it. 2.25 suits a Gaussian whose covariance is the
            inverse mass matrix.
        inverse_mass_matrix: None (identity), variances ``[dim]`` or a covariance ``[dim, dim]``.
        max_steps: Leapfrog steps a draw, at most: a bound on its cost where warm-up tries a tiny step.

    Returns:
        A Markov sampler; the state carries ``tuning`` for warm-up.

    Raises:
        ValueError: If the step size, the trajectory's length or ``max_steps`` is not positive.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from jgen.sampling.driver import sample
        >>> def log_density(x):
        ...     return -0.5 * jnp.sum(x**2)
        >>> sampler = jittered_hmc(log_density, step_size=0.5, trajectory_length=3.0)
        >>> run = sample(jax.random.key(0), sampler, num_draws=5, num_chains=4, position=jnp.zeros((4, 2)))
        >>> run.draws.info["n_steps"][0].tolist()
        [4, 2, 6, 3, 1]

    Reference:
        Hoffman, Radul and Sountsov (2021), "An adaptive-MCMC scheme for setting trajectory lengths in
        Hamiltonian Monte Carlo", AISTATS; Neal (2011), arXiv 1206.1901, section 3.2.
    """
    log_density, step_size = as_partial(log_density), check_positive("step_size", step_size)
    length = check_positive("trajectory_length", trajectory_length)
    return Sampler(
        Partial(
            jittered_init, log_density, step_size, length, check_inverse_mass_matrix(inverse_mass_matrix)
        ),
        Partial(jittered_step, log_density, check_count("max_steps", max_steps)),
    )


def jittered_init(
    log_density: LogDensity,
    step_size: Array,
    trajectory_length: Array,
    inverse_mass_matrix: Array | None,
    key: Key,
    position: PyTree,
) -> JitteredState:
    """Before the first trajectory; spends one gradient."""
    state = gradient_init(log_density, step_size, inverse_mass_matrix, key, position)
    flat, _ = ravel_pytree(position)
    length = trajectory_length.astype(flat.dtype)
    flown = Flown(flat, flat, jnp.zeros_like(flat), jnp.zeros_like(length))
    tuning = TrajectoryTuning(*state.tuning, length)
    return JitteredState(position, state.log_density, state.gradient, tuning, jnp.uint32(0), flown)


def jittered_step(
    log_density: LogDensity, max_steps: Array, key: Key, state: JitteredState
) -> tuple[JitteredState, Draws]:
    """One trajectory of a length that only the number of the draw decides."""
    step_size, factor, longest = state.tuning
    index = state.persistent + 1
    length = longest * fraction(index).astype(longest.dtype)
    num_steps = jnp.clip(jnp.ceil(length / step_size), 1, max_steps).astype(jnp.int32)
    start, _ = ravel_pytree(state.position)
    state, info, end = trajectory(log_density, num_steps, key, state)
    flown = Flown(start, end.position, to_velocity(factor, end.momentum), length)
    state = state._replace(persistent=index, flown=flown)
    return state, Draws(state.position, info, None, DrawKind.MARKOV)


def fraction(index: Array) -> Array:
    """``index`` times the golden ratio, modulo 1 ``[]``: unsigned integers wrap by themselves."""
    return (index * jnp.uint32(2654435769)) / jnp.float32(2**32)


def recipe(target: Target, scale: float | Array = 1.0) -> Recipe | None:
    """Jittered HMC for any smooth target whose modes are connected and whose curvature is even."""
    if target.traits & BEYOND_LOCAL_MOVES:
        return None
    sampler = jittered_hmc(target.log_density, step_size=scale, inverse_mass_matrix=target.variance)
    return Recipe(sampler, 0.8, reversible=False)  # draw t has a length of its own
