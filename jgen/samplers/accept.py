"""Accept or reject a proposal by the Metropolis rule, and report the step."""

import math
from typing import Any, TypeVar

import jax
import jax.numpy as jnp

from jgen._internal.threefry import two_uniforms
from jgen._internal.trees import select_tree
from jgen.types import COUNTS, Array, DrawKind, Draws, Info, Key

T = TypeVar("T")


MAX_ENERGY_ERROR = 1000.0
"""Energy error in nats above which a trajectory is divergent (Stan's rule)."""


def log_uniform(uniform: Array) -> Array:
    """Return the log of a uniform on (0, 1], from one on [0, 1), since log 0 would accept anything."""
    return jnp.log(1.0 - uniform)  # exact: the uniform is a multiple of eps


def normal_and_log_uniform(key: Key, like: Array) -> tuple[Array, Array]:
    """Draw the normals of a proposal and the log of the uniform that decides it, from every random bit.

    With a cheap density, random bits are most of the cost: a split key would take two blocks of threefry
    more, and ``jax.random.normal`` takes a block for each number where here a block makes two. In float64
    they have the 24 bits of float32 too: full ones took five times as long, more than the gradient of a
    decoder of 64 numbers, and an error of 1e-7 is far below that of any mean of draws.

    Args:
        key: Any key; it must not be used again.
        like: A vector ``[dim]``, for its size and type.

    Returns:
        Standard normals ``[dim]``, and the log of a uniform on (0, 1) for ``metropolis_accept`` ``[]``.
    """
    some, others = two_uniforms(key, ((like.size + 2) // 2,), jnp.float32)
    half_a_step = jnp.finfo(jnp.float32).eps / 2  # from multiples of eps to odd ones of eps / 2: never 0 or 1
    uniforms = jnp.concatenate([some, others])[: like.size + 1] + half_a_step
    normals = math.sqrt(2) * jax.lax.erf_inv(2 * uniforms[:-1] - 1)
    return normals.astype(like.dtype), jnp.log(uniforms[-1]).astype(like.dtype)


def accept(key: Key, log_ratio: Array, proposed: T, current: T) -> tuple[T, Array, Array]:
    """Accept or reject a proposal; a log ratio of NaN or +inf is rejected.

    Args:
        key: For the decision.
        log_ratio: Log of the acceptance ratio ``[]``.
        proposed: State to move to.
        current: State to stay in.

    Returns:
        The state, the acceptance probability ``[]`` and whether it moved ``[]``.
    """
    log_u = log_uniform(jax.random.uniform(key, dtype=log_ratio.dtype))
    return metropolis_accept(log_u, log_ratio, proposed, current)


def metropolis_accept(log_u: Array, log_ratio: Array, proposed: T, current: T) -> tuple[T, Array, Array]:
    """Accept or reject as ``accept`` does, by the log of a given uniform."""
    log_ratio = jnp.where(log_ratio < jnp.inf, log_ratio, -jnp.inf)
    accepted = log_u < log_ratio
    return select_tree(accepted, proposed, current), jnp.exp(jnp.minimum(log_ratio, 0.0)), accepted


def metropolis_step(log_u: Array, log_ratio: Array, proposed: Any, current: Any) -> tuple[Any, Draws]:
    """Accept or reject a proposal and report the draw, for kernels of one evaluation a step.

    Args:
        log_u: Log of a uniform on (0, 1) ``[]``.
        log_ratio: Log of the acceptance ratio ``[]``.
        proposed: State to move to, with a ``position``, its ``log_density`` and, if the kernel uses it, its
            ``gradient``. A gradient that is not finite is rejected.
        current: State to stay in.

    Returns:
        The state and the draw.
    """
    has_gradient = hasattr(proposed, "gradient")
    if has_gradient:
        usable = jnp.all(jnp.isfinite(proposed.gradient)) & jnp.isfinite(proposed.log_density)
        log_ratio = jnp.where(usable, log_ratio, -jnp.inf)
    state, acceptance_rate, _ = metropolis_accept(log_u, log_ratio, proposed, current)
    tuned = {"step_size": state.tuning.step_size} if hasattr(state, "tuning") else {}
    info = {
        "acceptance_rate": acceptance_rate,
        "invalid": ~(proposed.log_density < jnp.inf),
        "lp": state.log_density,
        **evaluations(int(has_gradient), int(not has_gradient)),
        **tuned,
    }
    return state, markov_draw(state, info, *COUNTS, *tuned)


def accept_trajectory(
    log_u: Array, energy_error: Array, num_steps: Array, proposed: T, current: T
) -> tuple[T, Array, dict[str, Array]]:
    """Accept or reject the end of a trajectory by its energy error.

    Args:
        log_u: Log of a uniform on (0, 1) ``[]``.
        energy_error: Energy at the end minus that at the start, in nats ``[]``.
        num_steps: Leapfrog steps that were made, one gradient each ``[]``.
        proposed: State at the end.
        current: State at the start.

    Returns:
        The state, whether it moved ``[]``, and the draw's info.
    """
    state, acceptance_rate, accepted = metropolis_accept(log_u, -energy_error, proposed, current)
    info = {
        "acceptance_rate": acceptance_rate,
        "diverging": energy_error > MAX_ENERGY_ERROR,
        "n_steps": num_steps,
        **report(state, num_steps),
    }
    return state, accepted, info


def unadjusted_step(energy_error: Array, moved: Any, stayed: Any) -> tuple[Any, Draws]:
    """Move unless the energy error is +inf, and report the draw of an unadjusted kernel.

    Args:
        energy_error: Minus the log of the Metropolis ratio, in nats ``[]``; +inf where the new density or
            gradient is not finite.
        moved: State after the step.
        stayed: State if the step is not made.

    Returns:
        The state and the draw.
    """
    state = select_tree(energy_error < jnp.inf, moved, stayed)
    info = {"diverging": energy_error > MAX_ENERGY_ERROR, "energy_error": energy_error, **report(state, 1)}
    return state, Draws(state.position, info, None, DrawKind.BIASED, COUNTS | {"step_size"})


def markov_draw(state: Any, info: Info, *constant: str) -> Draws:
    """Return the draw of a Markov kernel: the position, with the names of the info that is constant."""
    return Draws(state.position, info, None, DrawKind.MARKOV, frozenset(constant))


def report(state: Any, num_grads: int | Array = 0, num_log_densities: int | Array = 0) -> dict[str, Array]:
    """Return log density, step size and counted cost of a draw, for its info."""
    tuning = {"lp": state.log_density, "step_size": state.tuning.step_size}
    return {**tuning, **evaluations(num_grads, num_log_densities)}


def evaluations(num_grads: int | Array = 0, num_log_densities: int | Array = 0) -> dict[str, Array]:
    """Return the counted cost of a draw, for its info."""
    return {"num_grads": jnp.int32(num_grads), "num_log_densities": jnp.int32(num_log_densities)}
