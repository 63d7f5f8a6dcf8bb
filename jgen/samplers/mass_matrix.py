"""Multiply by the factor of an inverse mass matrix, and check the matrix."""

import jax.numpy as jnp
import numpy as np

from jgen._internal.validation import is_traced
from jgen.types import Array


def to_velocity(factor: Array, noise: Array) -> Array:
    """Return ``L n``: a velocity from white noise or white momentum ``[dim]``."""
    return factor * noise if factor.ndim == 1 else factor @ noise


def to_force(factor: Array, gradient: Array) -> Array:
    """Return ``Lᵀ g``: the force on the white momentum from a gradient ``[dim]``."""
    return factor * gradient if factor.ndim == 1 else factor.T @ gradient


def check_inverse_mass_matrix(inverse_mass_matrix: Array | None) -> Array | None:
    """Check that a concrete matrix is a covariance.

    Raises:
        ValueError: If it is not.
    """
    if inverse_mass_matrix is None or is_traced(inverse_mass_matrix):
        return inverse_mass_matrix
    matrix = np.asarray(inverse_mass_matrix)
    if matrix.ndim == 2 and matrix.shape[0] == matrix.shape[1] and np.isfinite(matrix).all():
        # Rounding of the entries may break symmetry, and definiteness, by this much.
        rounding = 8 * len(matrix) * np.finfo(np.float32).eps * np.abs(matrix).max()
        valid = np.abs(matrix - matrix.T).max() <= rounding and np.linalg.eigvalsh(matrix).min() > 0
    else:
        valid = bool(np.all((matrix > 0) & np.isfinite(matrix))) or matrix.ndim > 2
    if not valid:
        raise ValueError(
            "inverse_mass_matrix must be variances, all positive, or a covariance, symmetric and positive "
            f"definite; got {matrix}"
        )
    return jnp.asarray(inverse_mass_matrix, float)
