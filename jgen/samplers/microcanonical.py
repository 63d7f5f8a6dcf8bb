r"""Simulate isokinetic (microcanonical) dynamics: the force turns the velocity at constant speed.

With :math:`M^{-1} = L L^\top` and a unit vector u, the velocity is :math:`\sqrt d\, u` in the coordinates
:math:`L^{-1} x`, and

.. math:: \dot x = \sqrt d\, L u, \qquad
    \dot u = \tfrac{\sqrt d}{d - 1} (I - u u^\top) L^\top \nabla \log p(x).

The product of :math:`p(x)` and the uniform distribution of u is invariant. At this speed step sizes are
comparable with those of HMC in any dimension, as its white momenta have length about :math:`\sqrt d`.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.tree_util import Partial

from jgen.samplers.mass_matrix import to_force, to_velocity
from jgen.samplers.state import ChainState, Tuning, flatten, gradient_init
from jgen.types import Array, Key, LogDensity, PyTree


class IsokineticPoint(NamedTuple):
    """Point of a trajectory with constant speed.

    Attributes:
        position: Ravelled ``[dim]``.
        direction: u, a unit vector ``[dim]``.
        log_density: At the position ``[]``.
        gradient: Of the log density ``[dim]``.
        energy_error: Minus the log of the Metropolis ratio of the trajectory so far, in nats ``[]``.
    """

    position: Array
    direction: Array
    log_density: Array
    gradient: Array
    energy_error: Array


def isokinetic_init(log_density: LogDensity, tune: Partial, key: Key, position: PyTree) -> ChainState:
    """Initialise a kernel of isokinetic dynamics, which needs two dimensions; costs one gradient."""
    state = gradient_init(log_density, tune, key, position)
    if state.gradient.size < 2:
        raise ValueError(
            "a direction of constant length needs 2 dimensions or more; the position has "
            f"{state.gradient.size}: use hmc or langevin"
        )
    return state


def random_direction(key: Key, like: Array) -> Array:
    """Draw a direction uniformly on the unit sphere ``[dim]``."""
    normal = jax.random.normal(key, like.shape, like.dtype)
    return normal / jnp.linalg.norm(normal)


def update_direction(direction: Array, force: Array, time: Array) -> tuple[Array, Array]:
    r"""Return the direction after some time under a constant force, and the kinetic energy gained, in nats.

    With :math:`\delta = \sqrt d\, t |f| / (d - 1)` and :math:`c = u \cdot f / |f|` it is the exact
    solution, a Moebius map of the sphere. The energy :math:`(d - 1) \log(\cosh\delta + c \sinh\delta)`
    is minus the log-determinant of its Jacobian.
    """
    dim = direction.size
    size = jnp.linalg.norm(force)
    toward = force / jnp.where(size > 0, size, 1.0)  # [dim]
    delta = dim**0.5 * time * size / (dim - 1)
    cosine = jnp.clip(toward @ direction, -1.0, 1.0)
    decay = jnp.exp(-delta)
    updated = toward * (1 - decay) * (1 + decay + cosine * (1 - decay)) + 2 * decay * direction
    gain = (dim - 1) * (delta + jnp.log1p(0.5 * (1 - cosine) * jnp.expm1(-2 * delta)))
    return updated / jnp.linalg.norm(updated), gain


def isokinetic_leapfrog(density: LogDensity, tuning: Tuning, point: IsokineticPoint) -> IsokineticPoint:
    """Make one leapfrog step: half an update of the direction, a drift, and the other half; one gradient."""
    step_size, factor = tuning
    force = to_force(factor, point.gradient)
    direction, first_gain = update_direction(point.direction, force, 0.5 * step_size)
    x = point.position + step_size * direction.size**0.5 * to_velocity(factor, direction)
    value, gradient = jax.value_and_grad(density)(x)
    direction, second_gain = update_direction(direction, to_force(factor, gradient), 0.5 * step_size)
    energy_error = point.energy_error + first_gain + second_gain - (value - point.log_density)
    usable = jnp.all(jnp.isfinite(gradient)) & jnp.isfinite(energy_error)
    return IsokineticPoint(x, direction, value, gradient, jnp.where(usable, energy_error, jnp.inf))


def isokinetic_trajectory(
    log_density: LogDensity, direction: Array, num_steps: int | Array, state: Any
) -> tuple[PyTree, IsokineticPoint]:
    """Make leapfrog steps from a state in a direction; return the last position, and the last point."""
    x, density, unravel = flatten(log_density, state.position)
    no_error = jnp.zeros_like(state.log_density)
    start = IsokineticPoint(x, direction, state.log_density, state.gradient, no_error)
    end = jax.lax.fori_loop(
        0, num_steps, lambda _, point: isokinetic_leapfrog(density, state.tuning, point), start
    )
    return unravel(end.position), end
