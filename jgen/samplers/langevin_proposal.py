"""Propose a Langevin step and compute its Metropolis ratio."""

import jax

from jgen.samplers.mass_matrix import to_force, to_velocity
from jgen.samplers.state import ChainState, flatten
from jgen.types import Array, LogDensity


def langevin_proposal(log_density: LogDensity, noise: Array, state: ChainState) -> tuple[ChainState, Array]:
    r"""Propose :math:`x' = x + \epsilon L (\xi + \tfrac\epsilon2 L^\top \nabla \log p(x))`; one gradient.

    Args:
        log_density: Position -> unnormalised log density ``[]``, in nats.
        noise: :math:`\xi`, standard normal ``[dim]``.
        state: Current state.

    Returns:
        The proposed state and the log of its Metropolis ratio ``[]``.
    """
    step_size, factor = state.tuning
    x, density, unravel = flatten(log_density, state.position)
    half_force = 0.5 * step_size * to_force(factor, state.gradient)
    x = x + step_size * to_velocity(factor, noise + half_force)
    value, gradient = jax.value_and_grad(density)(x)
    noise_back = -noise - half_force - 0.5 * step_size * to_force(factor, gradient)
    log_ratio = value - state.log_density + 0.5 * (noise @ noise - noise_back @ noise_back)
    return ChainState(unravel(x), value, gradient, state.tuning), log_ratio
