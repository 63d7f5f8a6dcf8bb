"""Treat particles of populations as draws or chains."""

from dataclasses import replace

import jax

from jgen.types import DrawKind, Draws


def merge_particles(draws: Draws, axis: int) -> Draws:
    """Merge the particle axis of populations into the axis before it; return other draws as they are.

    Args:
        draws: With particles on the axis after ``axis``, if they are populations.
        axis: Axis of values and log-weights: 0 of the draws of one step, which makes particles chains; 1 of
            those of a run, which makes them draws.

    Example:
        >>> import jax.numpy as jnp
        >>> one_step = Draws(jnp.ones((4, 10, 3)), {}, jnp.zeros((4, 10)), DrawKind.ENSEMBLE)
        >>> merge_particles(one_step, 0).value.shape
        (40, 3)
    """
    if draws.kind is not DrawKind.ENSEMBLE:
        return draws
    value, log_weight = jax.tree.map(
        lambda leaf: leaf.reshape(*leaf.shape[:axis], -1, *leaf.shape[axis + 2 :]),
        (draws.value, draws.log_weight),
    )
    return replace(draws, value=value, log_weight=log_weight)
