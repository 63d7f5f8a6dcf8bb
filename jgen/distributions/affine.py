"""Transform a random variable affinely: the distribution of ``scale * x + shift``."""

from functools import singledispatch
from typing import Any

import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from numpyro.distributions import constraints

from jgen._internal.validation import is_traced
from jgen.distributions.atoms import has_atoms
from jgen.distributions.gaussian_algebra import (
    dense,
    full_gaussian,
    gaussian_parameters,
    is_dense,
    like,
    lower_factor,
)
from jgen.distributions.input_checks import check_finite, to_float
from jgen.distributions.moments import moments
from jgen.distributions.parameters import (
    Mixture,
    elementwise_support,
    log_prob_of,
    map_components,
)
from jgen.types import Array, Key


def affine(distribution: Any, shift: Any, scale: Any) -> dist.Distribution:
    r"""Return the distribution of $y = A x + b$: $p_y(y) = p_x(A^{-1}(y - b)) / |\det A|$.

    Gaussians and mixtures of Gaussians keep their class: $N(A \mu + b, A \Sigma A^T)$. Other continuous
    distributions are wrapped, for elementwise scales, and keep their own support.

    Args:
        distribution: A continuous distribution with events ``[*event]``.
        shift: A scalar or ``[*event]``; with a matrix, a scalar or ``[new_dim]``.
        scale: A scalar or ``[*event]``, applied elementwise, not 0; or, for Gaussians and mixtures of
            Gaussians on vectors, a matrix ``[new_dim, dim]`` of full row rank.

    Returns:
        The distribution of y. A matrix gives full covariances.

    Raises:
        TypeError: A distribution that is discrete or has atoms, or a matrix with something that is not
            Gaussian.
        ValueError: Shapes that do not fit, a scale of 0, or a matrix that is not of full row rank.

    Example:
        >>> import numpyro.distributions as dist
        >>> moved = affine(dist.Normal(1.0, 2.0), 10.0, -3.0)
        >>> float(moved.loc), float(moved.scale)
        (7.0, 6.0)
    """
    check_finite("affine", shift=shift, scale=scale)
    event_shape = distribution.event_shape
    known, scale, shift = (
        None if is_traced(scale) else np.asarray(scale, float),
        to_float(scale),
        to_float(shift),
    )
    shape, is_matrix = scale.shape, scale.ndim == 2 and len(event_shape) == 1
    if is_matrix and (shape[1] != event_shape[0] or shape[0] > shape[1]):
        raise ValueError(f"affine: a matrix is [new_dim <= dim, dim = {event_shape[0]}]; got {shape}.")
    if is_matrix and known is not None and np.linalg.matrix_rank(known) < known.shape[0]:
        raise ValueError("affine: the matrix is not of full row rank, so y has no density.")
    if not is_matrix and shape not in ((), event_shape):
        raise ValueError(f"affine: scale has shape {shape}; expected a scalar or the event's {event_shape}.")
    if not is_matrix and known is not None and np.any(known == 0):
        raise ValueError("affine: a scale of 0 collapses the distribution, which then has no density.")
    new_shape = shape[:1] if is_matrix else event_shape
    if shift.shape not in ((), new_shape):
        raise ValueError(f"affine: shift has shape {shift.shape}; expected a scalar or {new_shape}.")
    return _affine(distribution, jnp.broadcast_to(shift, new_shape), scale, is_matrix)


class Affine(dist.Distribution):
    """Distribution of ``scale * x + shift`` for any continuous x, elementwise; -inf outside its support.

    NumPyro's own affine transform assumes that a traced scale is positive when it finds the support.
    """

    pytree_data_fields = ("base_dist", "shift", "scale")

    def __init__(self, base_dist: Any, shift: Array, scale: Array):
        self.base_dist, self.shift, self.scale = base_dist, shift, scale
        super().__init__(base_dist.batch_shape, base_dist.event_shape)

    @property
    def support(self) -> Any:
        """Return all reals: ``log_prob`` itself is -inf where the base distribution has no mass."""
        return constraints.independent(constraints.real, self.event_dim)

    @property
    def mean(self) -> Array:
        """Return ``scale * mean + shift``."""
        return self._forward(moments(self.base_dist)[0])

    @property
    def variance(self) -> Array:
        """Return ``scale^2 * variance``."""
        return jnp.broadcast_to(self.scale, self.shape()) ** 2 * moments(self.base_dist)[1]

    def _forward(self, x: Array) -> Array:
        return jnp.broadcast_to(self.scale, x.shape) * x + jnp.broadcast_to(self.shift, x.shape)

    def sample(self, key: Key, sample_shape: tuple[int, ...] = ()) -> Array:
        """Draw ``[*sample, *batch, *event]`` from the base distribution and transform."""
        return self._forward(jnp.asarray(self.base_dist.sample(key, sample_shape)))

    def log_prob(self, value: Array, intermediates: Any = None) -> Array:
        """Evaluate the base distribution at the point transformed back, less log |scale|."""
        del intermediates
        value = jnp.asarray(value)
        back = (value - jnp.broadcast_to(self.shift, value.shape)) / jnp.broadcast_to(self.scale, value.shape)
        return log_prob_of(self.base_dist, back) - jnp.log(jnp.abs(self.scale)).sum()


@singledispatch
def _affine(distribution: Any, shift: Any, scale: Any, is_matrix: bool) -> dist.Distribution:
    has_density = not (distribution.is_discrete or has_atoms(distribution))
    if is_matrix or not has_density or elementwise_support(distribution).event_dim > 0:
        raise TypeError(
            f"affine has no closed form for {type(distribution).__name__} here: matrices are for Gaussians "
            "and mixtures of them, elementwise scales for continuous ones with free coordinates."
        )
    return Affine(distribution, shift, jnp.broadcast_to(scale, distribution.event_shape))


@_affine.register(dist.Normal | dist.MultivariateNormal)
def _gaussian(distribution: Any, shift: Any, scale: Any, is_matrix: bool):
    if is_matrix:
        mean, factor = gaussian_parameters(dense(distribution))
        scale = jnp.broadcast_to(scale, mean.shape[:-1] + scale.shape)
        mean = (scale @ mean[..., None])[..., 0]
        moved = mean + jnp.broadcast_to(shift, mean.shape)
        return full_gaussian(moved, lower_factor(scale @ factor))
    mean, spread = gaussian_parameters(distribution)
    each = jnp.broadcast_to(scale, mean.shape)
    moved = each * mean + jnp.broadcast_to(shift, mean.shape)
    if not is_dense(distribution):
        return like(distribution, moved, jnp.abs(each) * spread)
    return like(distribution, moved, each[..., :, None] * spread * jnp.sign(each)[..., None, :])


@_affine.register
def _(distribution: dist.Independent, shift: Any, scale: Any, is_matrix: bool):
    base: Any = distribution
    while isinstance(base, dist.Independent):
        base = base.base_dist
    rule = _gaussian if isinstance(base, dist.Normal) else _affine.dispatch(object)
    return rule(distribution, shift, scale, is_matrix)


@_affine.register(Mixture)
def _(distribution: Any, shift: Any, scale: Any, is_matrix: bool):
    return map_components(distribution, lambda c: _affine(c, shift, scale, is_matrix))
