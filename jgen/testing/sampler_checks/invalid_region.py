"""Make the density or gradient of a target invalid in a half-space."""

import dataclasses

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jax.tree_util import Partial

from jgen.types import Array, LogDensity, PyTree, Target


def with_invalid_region(
    target: Target, boundary: float = jnp.inf, value: float = 0.0, slope: float = 1.0
) -> Target:
    """Return the target with an invalid region above a boundary of its first coordinate; none by default.

    The region is data: checks of a sampler on a target share one program with it and without.

    Args:
        target: Any target.
        boundary: Where the region begins.
        value: Added to the log density in it: NaN, or -inf.
        slope: Multiplies the gradient in it: NaN.

    Returns:
        The target with such a log density, otherwise unchanged.
    """
    region = jnp.array([boundary, value, slope])
    return dataclasses.replace(
        target, log_density=Partial(density_with_invalid_region, target.log_density, region)
    )


def density_with_invalid_region(log_density: LogDensity, region: Array, position: PyTree) -> Array:
    """Evaluate the density; ``region`` is (boundary, value, slope)."""
    boundary, value, slope = region
    is_invalid = ravel_pytree(position)[0][0] > boundary
    changed = log_density(position) + jnp.where(is_invalid, value, 0.0)
    return _with_slope(changed, jnp.where(is_invalid, slope, 1.0))


@jax.custom_jvp
def _with_slope(value: Array, slope: Array) -> Array:
    """Return the value, its gradient multiplied by a slope."""
    del slope
    return value


@_with_slope.defjvp
def _with_slope_jvp(primals: tuple, tangents: tuple) -> tuple[Array, Array]:
    value, slope = primals
    return value, tangents[0] * slope
