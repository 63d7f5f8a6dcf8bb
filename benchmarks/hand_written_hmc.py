"""Run a hand-written HMC for one model, as a reference for the HMC of libraries."""

from functools import partial

import jax
import jax.numpy as jnp

from benchmarks.contenders import Contender, Drawn
from jgen.types import Array, DrawKind, Draws, Key, LogDensity


def hand_written_hmc(
    log_density: LogDensity, positions: Array, step_size: Array, inverse_mass: Array, num_steps: int
) -> Contender:
    """Return a plain ``lax.scan`` over trajectories, closed over the density, all chains in one array.

    It does the minimum of HMC: one key per draw, momenta, leapfrog steps, an accept step, stored positions.
    It reports nothing, has no guards, and compiles again for any new option.

    Args:
        log_density: ``[dim] -> []``.
        positions: Positions of the chains ``[chain, dim]``.
        step_size: Leapfrog step size ``[]``.
        inverse_mass: Variances ``[dim]``.
        num_steps: Leapfrog steps per draw.

    Returns:
        The contender.
    """
    evaluate = jax.vmap(jax.value_and_grad(log_density))
    inverse_mass = inverse_mass[None]  # [1, dim]

    def leapfrog(carry: tuple, _: None) -> tuple[tuple, None]:
        x, momentum, _, gradient = carry
        momentum = momentum + 0.5 * step_size * gradient
        x = x + step_size * inverse_mass * momentum
        value, gradient = evaluate(x)
        return (x, momentum + 0.5 * step_size * gradient, value, gradient), None

    def energy(value: Array, momentum: Array) -> Array:
        return 0.5 * jnp.sum(inverse_mass * momentum**2, axis=-1) - value

    def trajectory(carry: tuple, key: Key) -> tuple[tuple, Array]:
        x, value, gradient = carry
        momentum_key, accept_key = jax.random.split(key)
        momentum = jax.random.normal(momentum_key, x.shape) / jnp.sqrt(inverse_mass)
        (new_x, new_momentum, new_value, new_gradient), _ = jax.lax.scan(
            leapfrog, (x, momentum, value, gradient), length=num_steps
        )
        log_ratio = energy(value, momentum) - energy(new_value, new_momentum)
        accepted = jnp.log(jax.random.uniform(accept_key, value.shape)) < log_ratio  # [chain]
        carry = (
            jnp.where(accepted[:, None], new_x, x),
            jnp.where(accepted, new_value, value),
            jnp.where(accepted[:, None], new_gradient, gradient),
        )
        return carry, carry[0]

    @partial(jax.jit, static_argnums=1)
    def run(key: Key, num_draws: int) -> Array:
        return jax.lax.scan(trajectory, (positions, *evaluate(positions)), jax.random.split(key, num_draws))[
            1
        ]

    def draw(num_draws: int) -> Drawn:
        values = run(jax.random.key(1), num_draws)  # [draw, chain, dim]
        spent = num_draws * len(positions) * num_steps
        return Drawn(Draws(jnp.swapaxes(values, 0, 1), {}, None, DrawKind.MARKOV), spent, 0)

    return Contender("hand-written hmc", "hmc", draw)
