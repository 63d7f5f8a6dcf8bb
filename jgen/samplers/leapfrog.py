r"""Simulate Hamiltonian dynamics by leapfrog steps, and accept or reject the end of a trajectory.

With the inverse mass matrix :math:`M^{-1} = L L^\top` and white momentum n, one leapfrog step of size
:math:`\epsilon` is

.. math:: n \mathrel{+}= \tfrac\epsilon2 L^\top \nabla \log p(x), \quad
    x \mathrel{+}= \epsilon L n, \quad n \mathrel{+}= \tfrac\epsilon2 L^\top \nabla \log p(x).

It preserves volume, is reversible under a flip of n, and nearly conserves the energy
:math:`H = -\log p(x) + |n|^2 / 2`.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from jgen.samplers.accept import accept_trajectory, normal_and_log_uniform
from jgen.samplers.mass_matrix import to_force, to_velocity
from jgen.samplers.state import flatten
from jgen.types import Array, Info, Key, LogDensity


class Phase(NamedTuple):
    """Point of phase space.

    Attributes:
        position: Ravelled ``[dim]``.
        momentum: White, ``n = Lᵀ r`` ``[dim]``.
        log_density: At the position ``[]``.
        gradient: Of the log density ``[dim]``.
    """

    position: Array
    momentum: Array
    log_density: Array
    gradient: Array


def leapfrog(density: LogDensity, tuning: Any, num_steps: int | Array, start: Phase) -> Phase:
    """Make ``num_steps`` leapfrog steps; costs as many gradients."""
    step_size, factor = tuning.step_size, tuning.inverse_mass_factor

    def drift(phase: Phase) -> Array:
        return phase.position + step_size * to_velocity(factor, phase.momentum)

    def drift_and_kick(_: Array, phase: Phase) -> Phase:
        x = drift(phase)
        force = to_force(factor, jax.grad(density)(x))
        return phase._replace(position=x, momentum=phase.momentum + step_size * force)

    def half_kick(phase: Phase) -> Phase:
        force = to_force(factor, phase.gradient)
        return phase._replace(momentum=phase.momentum + 0.5 * step_size * force)

    # The half kicks of two neighbouring steps are one kick. Only the last step needs the log density, which
    # may cost as much as the gradient: a sum over all data, with nothing to fuse it with.
    phase = jax.lax.fori_loop(0, num_steps - 1, drift_and_kick, half_kick(start))
    x = drift(phase)
    value, gradient = jax.value_and_grad(density)(x)
    return half_kick(Phase(x, phase.momentum, value, gradient))


def energies(start: Phase, end: Phase) -> tuple[Array, Array, Array]:
    """Return the energies before and after a trajectory and their difference, in nats ``[]``.

    The energy is minus the log of the joint density of position and momentum. The difference is +inf where
    the end's energy or gradient is not finite.
    """
    # XLA computes a stack once; it would recompute each of two scalars for every array selected by it.
    kinetic = 0.5 * jnp.stack([start.momentum @ start.momentum, end.momentum @ end.momentum])
    before, after = kinetic - jnp.stack([start.log_density, end.log_density])
    # The difference of two large energies would have the roundings of both.
    error = (kinetic[1] - kinetic[0]) - (end.log_density - start.log_density)
    usable = jnp.all(jnp.isfinite(end.gradient)) & jnp.isfinite(after)
    return before, after, jnp.where(usable, error, jnp.inf)


def trajectory(log_density: LogDensity, num_steps: Array, key: Key, state: Any) -> tuple[Any, Info, Phase]:
    """Simulate one trajectory from a new momentum, and accept or reject its end.

    Args:
        log_density: Position -> unnormalised log density ``[]``, in nats.
        num_steps: Leapfrog steps; it must not depend on the position.
        key: For the momentum and the decision.
        state: A ``ChainState``, or one with more fields, which do not change.

    Returns:
        The state, the draw's info, and the end of the trajectory, accepted or not.
    """
    x, density, unravel = flatten(log_density, state.position)
    momentum, log_u = normal_and_log_uniform(key, x)
    start = Phase(x, momentum, state.log_density, state.gradient)
    end = leapfrog(density, state.tuning, num_steps, start)
    before, after, error = energies(start, end)
    position = unravel(end.position)
    proposed = state._replace(position=position, log_density=end.log_density, gradient=end.gradient)
    state, accepted, info = accept_trajectory(log_u, error, num_steps, proposed, state)
    info["energy"] = jnp.where(accepted, after, before)
    return state, info, end
