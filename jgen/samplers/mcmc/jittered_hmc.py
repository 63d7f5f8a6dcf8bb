"""Sample by Hamiltonian Monte Carlo with trajectories of varying length."""

from typing import NamedTuple

import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jax.tree_util import Partial

from jgen._internal.validation import check_count, check_positive
from jgen.samplers.accept import markov_draw
from jgen.samplers.leapfrog import trajectory
from jgen.samplers.mass_matrix import to_velocity
from jgen.samplers.recipe import Recipe, local_recipe
from jgen.samplers.state import gradient_init, make_kernel
from jgen.types import Array, Draws, Key, LogDensity, PyTree, Sampler, Target


class TrajectoryTuning(NamedTuple):
    """Parameters that warm-up may adapt.

    Attributes:
        step_size: Step size ``[]``.
        inverse_mass_factor: L with ``L Lᵀ = M⁻¹``.
        trajectory_length: The longest trajectory, in units of time ``[]``.
    """

    step_size: Array
    inverse_mass_factor: Array
    trajectory_length: Array


class LastTrajectory(NamedTuple):
    """Last trajectory, accepted or not, by which an adaptation tunes the length.

    Attributes:
        start: First position, ravelled ``[dim]``.
        end: Last position ``[dim]``.
        velocity: At the end, ``L n`` ``[dim]``.
        length: Intended length, in units of time ``[]``.
    """

    start: Array
    end: Array
    velocity: Array
    length: Array


class JitteredState(NamedTuple):
    """State of a chain with its last trajectory.

    Attributes:
        position: Any pytree of floats.
        log_density: At the position ``[]``.
        gradient: Of the log density, ravelled ``[dim]``.
        tuning: Parameters that warm-up may adapt.
        persistent: Number of draws so far, which sets the next length ``[]``.
        last_trajectory: Start, end, velocity and length.
    """

    position: PyTree
    log_density: Array
    gradient: Array
    tuning: TrajectoryTuning
    persistent: Array
    last_trajectory: LastTrajectory


def jittered_hmc(
    log_density: LogDensity,
    *,
    step_size: float | Array = 1.0,
    trajectory_length: float | Array = 2.25,
    inverse_mass_matrix: Array | None = None,
    max_steps: int | Array = 1000,
) -> Sampler:
    r"""Simulate leapfrog trajectories of varying length, to avoid resonance with the target.

    A trajectory as long as the period of one coordinate leaves that coordinate unchanged. Here draw
    k = 1, 2, ... simulates the dynamics for a time of :math:`u_k T`, in

    .. math:: \min(\lceil u_k T / \epsilon \rceil, \text{max\_steps}) \text{ leapfrog steps}, \qquad
        u_k = k \varphi \bmod 1, \quad \varphi = (\sqrt5 - 1)/2.

    The :math:`u_k` are a low-discrepancy sequence in (0, 1). They depend only on k, so every draw is one of
    HMC, and vmapped chains make equally many steps.

    Args:
        log_density: Position -> unnormalised log density ``[]``, in nats; bind data by ``Partial``.
        step_size: Leapfrog step size :math:`\epsilon`.
        trajectory_length: The longest trajectory T, in units of time; they are T / 2 long on average, and
            ``jgen.sampling.adaptation.chees`` adapts it. 2.25 suits a Gaussian whose covariance is the
            inverse mass matrix.
        inverse_mass_matrix: None (identity), variances ``[dim]`` or a covariance ``[dim, dim]``.
        max_steps: Largest number of leapfrog steps of a draw, which bounds its cost if steps are tiny.

    Returns:
        A Markov sampler, whose state has the ``tuning`` that warm-up adapts.

    Raises:
        ValueError: If the step size, the trajectory's length or ``max_steps`` is not positive.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from jgen.sampling import sample
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
    length = check_positive("trajectory_length", trajectory_length)
    max_steps = check_count("max_steps", max_steps)
    target = log_density, step_size, inverse_mass_matrix
    return make_kernel(jittered_init, jittered_step, *target, max_steps, init_options=(length,))


def jittered_init(
    log_density: LogDensity, tune: Partial, trajectory_length: Array, key: Key, position: PyTree
) -> JitteredState:
    """Initialise before the first trajectory; costs one gradient."""
    state = gradient_init(log_density, tune, key, position)
    flat, _ = ravel_pytree(position)
    length = trajectory_length.astype(flat.dtype)
    last = LastTrajectory(flat, flat, jnp.zeros_like(flat), jnp.zeros_like(length))
    tuning = TrajectoryTuning(*state.tuning, length)
    return JitteredState(position, state.log_density, state.gradient, tuning, jnp.uint32(0), last)


def jittered_step(
    log_density: LogDensity, max_steps: Array, key: Key, state: JitteredState
) -> tuple[JitteredState, Draws]:
    """Simulate one trajectory, whose length depends only on the number of the draw."""
    step_size, factor, longest = state.tuning
    index = state.persistent + 1
    length = longest * fraction(index).astype(longest.dtype)
    num_steps = jnp.clip(jnp.ceil(length / step_size), 1, max_steps).astype(jnp.int32)
    start, _ = ravel_pytree(state.position)
    state, info, end = trajectory(log_density, num_steps, key, state)
    last = LastTrajectory(start, end.position, to_velocity(factor, end.momentum), length)
    state = state._replace(persistent=index, last_trajectory=last)
    return state, markov_draw(state, info, "num_log_densities", "step_size")


def fraction(index: Array) -> Array:
    """Return ``index`` times the golden ratio, modulo 1 ``[]``: unsigned integers wrap."""
    return (index * jnp.uint32(2654435769)) / jnp.float32(2**32)


def recipe(target: Target, scale: float | Array = 1.0) -> Recipe | None:
    """Make jittered HMC for a target that suits local moves."""
    return local_recipe(jittered_hmc, target, scale, 0.8, reversible=False)  # lengths differ among draws
