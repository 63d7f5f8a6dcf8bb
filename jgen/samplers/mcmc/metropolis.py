"""Random-walk Metropolis."""

from typing import NamedTuple

import jax.numpy as jnp
from jax.tree_util import Partial

from jgen._internal.binding import as_partial
from jgen._internal.validation import check_positive
from jgen.samplers.accept import metropolis_accept, normal_and_log_uniform
from jgen.samplers.input_checks import check_position
from jgen.samplers.mass_matrix import check_inverse_mass_matrix, to_velocity
from jgen.samplers.recipe import BEYOND_LOCAL_MOVES, Recipe
from jgen.samplers.state import Tuning, flatten, make_tuning
from jgen.types import Array, DrawKind, Draws, Key, LogDensity, PyTree, Sampler, Target


class WalkState(NamedTuple):
    """Where a chain stands; it keeps no gradient."""

    position: PyTree
    log_density: Array  # []
    tuning: Tuning


def metropolis(
    log_density: LogDensity,
    *,
    step_size: float | Array = 1.0,
    inverse_mass_matrix: Array | None = None,
) -> Sampler:
    r"""Gaussian random-walk proposals, accepted with probability :math:`\min(1, p(x') / p(x))`.

    The proposal is :math:`x' = x + \epsilon L \xi`, :math:`\xi \sim N(0, I)`, where
    :math:`L L^\top` is the matrix that gradient samplers call the inverse mass matrix: the best
    known choice is the target's covariance with :math:`\epsilon = 2.38 / \sqrt d`.

    Args:
        log_density: Position -> unnormalised log density ``[]``, in nats; bind data by ``Partial``.
        step_size: Standard deviation of the proposal, in units of L.
        inverse_mass_matrix: None (identity), variances ``[dim]`` or a covariance ``[dim, dim]``.

    Returns:
        A Markov sampler; the state carries ``tuning`` for warm-up.

    Raises:
        ValueError: If the step size is not positive.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from jgen.sampling.driver import sample
        >>> def log_density(x):
        ...     return -jnp.sum(jnp.abs(x))
        >>> run = sample(
        ...     jax.random.key(0), metropolis(log_density), num_draws=50, num_chains=2,
        ...     position=jnp.zeros((2, 1)),
        ... )
        >>> sorted(run.draws.info)
        ['acceptance_rate', 'invalid', 'lp', 'num_grads', 'num_log_densities', 'step_size']

    Reference:
        Roberts, Gelman and Gilks (1997), "Weak convergence and optimal scaling of random walk
        Metropolis algorithms", Annals of Applied Probability 7(1).
    """
    log_density, step_size = as_partial(log_density), check_positive("step_size", step_size)
    return Sampler(
        Partial(metropolis_init, log_density, step_size, check_inverse_mass_matrix(inverse_mass_matrix)),
        Partial(metropolis_step, log_density),
    )


def metropolis_init(
    log_density: LogDensity, step_size: Array, inverse_mass_matrix: Array | None, key: Key, position: PyTree
) -> WalkState:
    """Spends one log density."""
    del key
    check_position(log_density, position, "metropolis")
    flat, density, _ = flatten(log_density, position)
    return WalkState(position, density(flat), make_tuning(step_size, inverse_mass_matrix, flat))


def metropolis_step(log_density: LogDensity, key: Key, state: WalkState) -> tuple[WalkState, Draws]:
    """One proposal, one log density."""
    step_size, factor = state.tuning
    x, density, unravel = flatten(log_density, state.position)
    noise, coin = normal_and_log_uniform(key, x)
    x = x + step_size * to_velocity(factor, noise)
    value = density(x)
    proposed = WalkState(unravel(x), value, state.tuning)
    state, acceptance_rate, _ = metropolis_accept(coin, value - state.log_density, proposed, state)
    info = {
        "acceptance_rate": acceptance_rate,
        "invalid": ~(value < jnp.inf),
        "lp": state.log_density,
        "step_size": step_size,
        "num_grads": jnp.int32(0),
        "num_log_densities": jnp.int32(1),
    }
    return state, Draws(state.position, info, None, DrawKind.MARKOV)


def recipe(target: Target, scale: float | Array = 1.0) -> Recipe | None:
    """A random walk in the target's own units, where modes are connected and curvature is even."""
    if target.traits & BEYOND_LOCAL_MOVES:
        return None
    sampler = metropolis(target.log_density, step_size=scale, inverse_mass_matrix=target.variance)
    return Recipe(sampler, 0.234)
