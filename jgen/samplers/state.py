"""Make and read the state of a chain: position, log density, gradient and tuning."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

from jgen.samplers.input_checks import check_position
from jgen.types import Array, Key, LogDensity, PyTree


class Tuning(NamedTuple):
    """What warm-up may learn; every adaptable state carries it under the name ``tuning``.

    Attributes:
        step_size: Step size ``[]``.
        inverse_mass_factor: L with ``L Lᵀ = M⁻¹``: ``[dim]`` where M is diagonal, else lower
            triangular ``[dim, dim]``.
    """

    step_size: Array
    inverse_mass_factor: Array


class ChainState(NamedTuple):
    """Where a chain that follows gradients stands.

    Attributes:
        position: Any pytree of floats.
        log_density: At the position ``[]``.
        gradient: Of the log density, ravelled ``[dim]``.
        tuning: What warm-up may learn.
    """

    position: PyTree
    log_density: Array
    gradient: Array
    tuning: Tuning


def flatten(log_density: LogDensity, position: PyTree) -> tuple[Array, LogDensity, Callable[[Array], PyTree]]:
    """The position as a vector ``[dim]``, the log density of such a vector, and the way back."""
    flat, unravel = ravel_pytree(position)
    return flat, lambda x: log_density(unravel(x)), unravel


def no_state(key: Key, position: PyTree | None) -> tuple[()]:
    """``init`` of samplers whose draws carry nothing from one to the next."""
    del key, position
    return ()


def make_tuning(step_size: Array, inverse_mass_matrix: Array | None, flat: Array) -> Tuning:
    """The tuning a chain starts with.

    Args:
        step_size: Step size ``[]``.
        inverse_mass_matrix: None (identity), variances ``[dim]`` or a covariance ``[dim, dim]``.
        flat: The ravelled position ``[dim]``, for its size and dtype.

    Raises:
        ValueError: If the matrix does not fit the position.
    """
    (dim,) = flat.shape
    if inverse_mass_matrix is None:
        factor = jnp.ones_like(flat)
    else:
        matrix = jnp.asarray(inverse_mass_matrix, flat.dtype)
        if matrix.shape not in ((dim,), (dim, dim)):
            raise ValueError(
                f"inverse_mass_matrix has shape {matrix.shape}; a position of {dim} numbers takes "
                f"({dim},) for a diagonal or ({dim}, {dim}) for a dense one"
            )
        factor = jnp.sqrt(matrix) if matrix.ndim == 1 else jnp.linalg.cholesky(matrix)
    return Tuning(jnp.asarray(step_size, flat.dtype), factor)


def gradient_init(
    log_density: LogDensity, step_size: Array, inverse_mass_matrix: Array | None, key: Key, position: PyTree
) -> ChainState:
    """``init`` of every kernel that follows a gradient; spends one gradient."""
    del key
    check_position(log_density, position, "a gradient sampler")
    flat, density, _ = flatten(log_density, position)
    value, gradient = jax.value_and_grad(density)(flat)
    return ChainState(position, value, gradient, make_tuning(step_size, inverse_mass_matrix, flat))
