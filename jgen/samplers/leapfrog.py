r"""Hamiltonian motion, which HMC in all its forms shares: leapfrogs, and a trajectory taken or refused.

With the inverse mass matrix :math:`M^{-1} = L L^\top` and white momentum n, one leapfrog step of size
:math:`\epsilon` is

.. math:: n \mathrel{+}= \tfrac\epsilon2 L^\top \nabla \log p(x), \quad
    x \mathrel{+}= \epsilon L n, \quad n \mathrel{+}= \tfrac\epsilon2 L^\top \nabla \log p(x).

It keeps volumes, runs backwards when n is turned round, and nearly keeps the energy
:math:`H = -\log p(x) + |n|^2 / 2`.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from jgen.samplers.accept import MAX_ENERGY_ERROR, metropolis_accept, normal_and_log_uniform
from jgen.samplers.mass_matrix import to_force, to_velocity
from jgen.samplers.state import flatten
from jgen.types import Array, Info, Key, LogDensity


class Phase(NamedTuple):
    """A point of phase space.

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
    """The point ``num_steps`` leapfrog steps later; spends as many gradients."""
    step_size, factor = tuning.step_size, tuning.inverse_mass_factor

    def drift_and_kick(_: Array, phase: Phase) -> Phase:
        x = phase.position + step_size * to_velocity(factor, phase.momentum)
        value, gradient = jax.value_and_grad(density)(x)
        return Phase(x, phase.momentum + step_size * to_force(factor, gradient), value, gradient)

    def half_a_kick(phase: Phase, sign: float) -> Phase:
        kick = 0.5 * step_size * to_force(factor, phase.gradient)
        return phase._replace(momentum=phase.momentum + sign * kick)

    # Where one step ends and the next begins, two half kicks are one; the last step made one half too many.
    return half_a_kick(jax.lax.fori_loop(0, num_steps, drift_and_kick, half_a_kick(start, 1.0)), -1.0)


def energies(start: Phase, end: Phase) -> tuple[Array, Array, Array]:
    """Before a trajectory, after it, and what it gained, in nats ``[]``: +inf where its end cannot be used.

    The energy is minus the log of the joint density of position and momentum.
    """
    # XLA makes a stack once; it would make each of two scalars anew for all that is decided by it.
    kinetic = 0.5 * jnp.stack([start.momentum @ start.momentum, end.momentum @ end.momentum])
    before, after = kinetic - jnp.stack([start.log_density, end.log_density])
    usable = jnp.all(jnp.isfinite(end.gradient)) & jnp.isfinite(after)
    return before, after, jnp.where(usable, after - before, jnp.inf)


def trajectory(log_density: LogDensity, num_steps: Array, key: Key, state: Any) -> tuple[Any, Info, Phase]:
    """One trajectory from a fresh momentum, accepted or refused as a whole.

    Args:
        log_density: Position -> unnormalised log density ``[]``, in nats.
        num_steps: Leapfrog steps; it must not depend on the position.
        key: Draws the momentum, and decides.
        state: A ``ChainState``, or one with more fields, which are left as they are.

    Returns:
        The state, what is to be said of it, and the end of the trajectory, accepted or not.
    """
    x, density, unravel = flatten(log_density, state.position)
    momentum, coin = normal_and_log_uniform(key, x)
    start = Phase(x, momentum, state.log_density, state.gradient)
    end = leapfrog(density, state.tuning, num_steps, start)
    before, after, error = energies(start, end)
    proposed = state._replace(
        position=unravel(end.position), log_density=end.log_density, gradient=end.gradient
    )
    state, acceptance_rate, accepted = metropolis_accept(coin, -error, proposed, state)
    info = {
        "acceptance_rate": acceptance_rate,
        "diverging": error > MAX_ENERGY_ERROR,
        "energy": jnp.where(accepted, after, before),
        "lp": state.log_density,
        "n_steps": num_steps,
        "step_size": state.tuning.step_size,
        "num_grads": num_steps,
        "num_log_densities": jnp.zeros_like(num_steps),
    }
    return state, info, end
