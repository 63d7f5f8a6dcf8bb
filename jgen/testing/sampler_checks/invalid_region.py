"""A target behind a wall, beyond which its density is of no use."""

import dataclasses

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jax.tree_util import Partial

from jgen.types import Array, LogDensity, PyTree, Target


def with_invalid_region(
    target: Target, wall: float = jnp.inf, value: float = 0.0, slope: float = 1.0
) -> Target:
    """The target, poisoned where its first coordinate passes a wall; by default there is none.

    The poison is data: laws of a sampler on a target share one program with it and without.

    Args:
        target: Any target.
        wall: Where it stands.
        value: Added to the log density beyond it: NaN, or -inf.
        slope: Multiplies the gradient beyond it: NaN.

    Returns:
        The target with such a log density, all else as it was.
    """
    poison = jnp.array([wall, value, slope])
    return dataclasses.replace(
        target, log_density=Partial(density_with_invalid_region, target.log_density, poison)
    )


def density_with_invalid_region(log_density: LogDensity, poison: Array, position: PyTree) -> Array:
    """The density; ``poison`` is (wall, value, slope)."""
    wall, value, slope = poison
    is_beyond = ravel_pytree(position)[0][0] > wall
    poisoned = log_density(position) + jnp.where(is_beyond, value, 0.0)
    return _with_slope(poisoned, jnp.where(is_beyond, slope, 1.0))


@jax.custom_jvp
def _with_slope(value: Array, slope: Array) -> Array:
    """The value, whose gradient is multiplied by a slope."""
    del slope
    return value


@_with_slope.defjvp
def _with_slope_jvp(primals: tuple, tangents: tuple) -> tuple[Array, Array]:
    value, slope = primals
    return value, tangents[0] * slope
