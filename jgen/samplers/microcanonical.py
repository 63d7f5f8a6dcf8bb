r"""Motion at constant speed, which microcanonical samplers share: the force only turns the direction.

In white coordinates a point moves at speed :math:`\sqrt d` in the direction u, :math:`|u| = 1`, and

.. math:: \dot x = \sqrt d\, L u, \qquad
    \dot u = \tfrac{\sqrt d}{d - 1} (I - u u^\top) L^\top \nabla \log p(x).

The motion leaves :math:`p(x)` times uniform directions invariant. At this speed a time step means in any
dimension what it means to HMC, whose white momenta are about :math:`\sqrt d` long.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from jgen.samplers.mass_matrix import to_force, to_velocity
from jgen.samplers.state import ChainState, Tuning, gradient_init
from jgen.types import Array, Key, LogDensity, PyTree


class Flight(NamedTuple):
    """A point of a trajectory.

    Attributes:
        position: Ravelled ``[dim]``.
        direction: White, of length one ``[dim]``.
        log_density: At the position ``[]``.
        gradient: Of the log density ``[dim]``.
        energy_error: Minus the log of the Metropolis ratio of the trajectory so far, in nats ``[]``.
    """

    position: Array
    direction: Array
    log_density: Array
    gradient: Array
    energy_error: Array


def isokinetic_init(
    log_density: LogDensity, step_size: Array, inverse_mass_matrix: Array | None, key: Key, position: PyTree
) -> ChainState:
    """Spends one gradient; refuses a line, on which there is no direction to turn to."""
    state = gradient_init(log_density, step_size, inverse_mass_matrix, key, position)
    if state.gradient.size < 2:
        raise ValueError(
            "a direction of constant length needs 2 dimensions or more; the position has "
            f"{state.gradient.size}: use hmc or langevin"
        )
    return state


def random_direction(key: Key, like: Array) -> Array:
    """Uniform on the sphere ``[dim]``."""
    normal = jax.random.normal(key, like.shape, like.dtype)
    return normal / jnp.linalg.norm(normal)


def turn(direction: Array, force: Array, time: Array) -> tuple[Array, Array]:
    r"""The direction after a time under a constant force, and the kinetic energy gained, in nats.

    With :math:`\delta = \sqrt d\, t |f| / (d - 1)` and :math:`c = u \cdot f / |f|` it is the exact
    solution, a Moebius map of the sphere. The energy :math:`(d - 1) \log(\cosh\delta + c \sinh\delta)`
    is minus the log-determinant of its Jacobian.
    """
    dim = direction.size
    size = jnp.linalg.norm(force)
    toward = force / jnp.where(size > 0, size, 1.0)  # [dim]
    rapidity = dim**0.5 * time * size / (dim - 1)
    cosine = jnp.clip(toward @ direction, -1.0, 1.0)
    decay = jnp.exp(-rapidity)
    turned = toward * (1 - decay) * (1 + decay + cosine * (1 - decay)) + 2 * decay * direction
    gain = (dim - 1) * (rapidity + jnp.log1p(0.5 * (1 - cosine) * jnp.expm1(-2 * rapidity)))
    return turned / jnp.linalg.norm(turned), gain


def fly(density: LogDensity, tuning: Tuning, flight: Flight) -> Flight:
    """One leapfrog step, half a turn, a drift, half a turn; spends one gradient."""
    step_size, factor = tuning
    direction, first_gain = turn(flight.direction, to_force(factor, flight.gradient), 0.5 * step_size)
    x = flight.position + step_size * direction.size**0.5 * to_velocity(factor, direction)
    value, gradient = jax.value_and_grad(density)(x)
    direction, second_gain = turn(direction, to_force(factor, gradient), 0.5 * step_size)
    energy_error = flight.energy_error + first_gain + second_gain - (value - flight.log_density)
    usable = jnp.all(jnp.isfinite(gradient)) & jnp.isfinite(energy_error)
    return Flight(x, direction, value, gradient, jnp.where(usable, energy_error, jnp.inf))
