"""Make and read the state of a chain: position, log density, gradient and tuning."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jax.tree_util import Partial

from jgen._internal.binding import as_partial
from jgen._internal.validation import check_positive
from jgen.samplers.input_checks import check_position
from jgen.samplers.mass_matrix import check_inverse_mass_matrix
from jgen.types import Array, Key, LogDensity, PyTree, Sampler


class Tuning(NamedTuple):
    """Parameters that warm-up may adapt; every adaptable state has them under the name ``tuning``.

    Attributes:
        step_size: Step size ``[]``.
        inverse_mass_factor: L with ``L Lᵀ = M⁻¹``: ``[dim]`` where M is diagonal, else lower
            triangular ``[dim, dim]``.
    """

    step_size: Array
    inverse_mass_factor: Array


class PositionState(NamedTuple):
    """State of a chain whose kernel keeps only the position."""

    position: PyTree


class DensityState(NamedTuple):
    """State of a chain whose kernel has nothing to tune.

    Attributes:
        position: Any pytree.
        log_density: At the position ``[]``; for ``elliptical_slice`` the log likelihood.
    """

    position: PyTree
    log_density: Array


class GradientFreeState(NamedTuple):
    """State of a chain that has a step size and uses no gradients.

    Attributes:
        position: Any pytree of floats.
        log_density: At the position ``[]``.
        tuning: Parameters that warm-up may adapt.
    """

    position: PyTree
    log_density: Array
    tuning: Tuning


class ChainState(NamedTuple):
    """State of a chain that uses gradients.

    Attributes:
        position: Any pytree of floats.
        log_density: At the position ``[]``.
        gradient: Of the log density, ravelled ``[dim]``.
        tuning: Parameters that warm-up may adapt.
    """

    position: PyTree
    log_density: Array
    gradient: Array
    tuning: Tuning


class MomentumState(NamedTuple):
    """State of a chain that keeps its momentum between draws.

    Attributes:
        position: Any pytree of floats.
        log_density: At the position ``[]``, or its last estimate.
        gradient: Of the log density, ravelled ``[dim]``.
        momentum: White ``[dim]``; of length one for ``mclmc``.
        tuning: Parameters that warm-up may adapt.
    """

    position: PyTree
    log_density: Array
    gradient: Array
    momentum: Array
    tuning: Tuning


def make_kernel(
    init: Callable[..., Any],
    step: Callable[..., Any],
    log_density: Callable[..., Array],
    step_size: float | Array,
    inverse_mass_matrix: Array | None,
    *step_options: Array,
    init_options: tuple[Array, ...] = (),
) -> Sampler:
    """Bind a log density and its tuning to the two functions of a kernel.

    Args:
        init: ``init(log_density, tune, *init_options, key, position) -> state``, see ``bind_tuning``.
        step: ``step(log_density, *step_options, key, state) -> (state, draws)``.
        log_density: Position -> unnormalised log density ``[]``, or an estimate of it.
        step_size: Step size ``[]``.
        inverse_mass_matrix: None (identity), variances ``[dim]`` or a covariance ``[dim, dim]``.
        *step_options: Further arrays for ``step``.
        init_options: Further arrays for ``init``.

    Returns:
        The sampler.

    Raises:
        ValueError: If the step size is not positive, or the matrix is no covariance.
    """
    log_density, tune = as_partial(log_density), bind_tuning(step_size, inverse_mass_matrix)
    return Sampler(Partial(init, log_density, tune, *init_options), Partial(step, log_density, *step_options))


def flatten(log_density: LogDensity, position: PyTree) -> tuple[Array, LogDensity, Callable[[Array], PyTree]]:
    """Return the position as a vector ``[dim]``, the log density of such a vector, and the inverse map."""
    flat, unravel = ravel_pytree(position)
    return flat, lambda x: log_density(unravel(x)), unravel


def flatten_particles(particles: PyTree) -> Array:
    """Return particles ``[particle, *event]`` as vectors ``[particle, dim]``."""
    return jax.vmap(lambda position: ravel_pytree(position)[0])(particles)


def stateless(step: Callable[..., Any], *bound: Any) -> Sampler:
    """Bind arguments to the step of a sampler whose draws do not depend on each other."""
    return Sampler(Partial(no_state), Partial(step, *bound))


def no_state(key: Key, position: PyTree | None) -> tuple[()]:
    """Return the empty state of samplers whose draws do not depend on each other."""
    del key, position
    return ()


def bind_tuning(step_size: float | Array, inverse_mass_matrix: Array | None) -> Partial:
    """Check a step size and a mass matrix, and bind them: ``tune(flat) -> Tuning``, by ``make_tuning``.

    Raises:
        ValueError: If the step size is not positive, or the matrix is no covariance.
    """
    step_size = check_positive("step_size", step_size)
    return Partial(make_tuning, step_size, check_inverse_mass_matrix(inverse_mass_matrix))


def make_tuning(step_size: Array, inverse_mass_matrix: Array | None, flat: Array) -> Tuning:
    """Make the tuning that a chain starts with.

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


def density_init(log_density: LogDensity, tune: Partial, key: Key, position: PyTree) -> GradientFreeState:
    """Initialise a kernel that uses no gradients; costs one log density."""
    del key
    check_position(log_density, position, "this sampler")
    flat, density, _ = flatten(log_density, position)
    return GradientFreeState(position, density(flat), tune(flat))


def gradient_init(log_density: LogDensity, tune: Partial, key: Key, position: PyTree) -> ChainState:
    """Initialise a kernel that uses gradients; costs one gradient."""
    del key
    check_position(log_density, position, "a gradient sampler")
    flat, density, _ = flatten(log_density, position)
    return ChainState(position, *jax.value_and_grad(density)(flat), tune(flat))
