"""Compute means and variances of NumPyro distributions, or refuse those that NumPyro computes otherwise."""

from functools import singledispatch
from typing import Any

import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from numpy.polynomial.legendre import leggauss

from jgen.distributions.input_checks import to_float
from jgen.types import Array

Truncated = (
    dist.LeftTruncatedDistribution | dist.RightTruncatedDistribution | dist.TwoSidedTruncatedDistribution
)
Circular = dist.VonMises | dist.SineBivariateVonMises | dist.SineSkewed | dist.ProjectedNormal


@singledispatch
def moments(distribution: Any) -> tuple[Array, Array]:
    """Return mean and variance of each element, ``[*batch, *event]``.

    NumPyro's own, but for truncated normals, whose variance it takes as a difference of large numbers (a
    quarter off for N(0, 1) on (4, 6) in float32, and below 0 for narrow intervals), and inverse Wishart
    matrices, whose variances off the diagonal are others.

    Raises:
        NotImplementedError: NumPyro has none, or, as for angles, other numbers of these names.

    Example:
        >>> mean, variance = moments(dist.TruncatedNormal(0.0, 1.0, low=4.0, high=6.0))
        >>> round(float(mean), 3), round(float(variance), 4)
        (4.226, 0.0466)
    """
    return jnp.asarray(distribution.mean), jnp.asarray(distribution.variance)


@moments.register(Circular)
def _(distribution: Any):
    raise NotImplementedError(
        f"The mean and variance of {type(distribution).__name__} in NumPyro are those of a direction, not of "
        "a number: estimate what you need from draws."
    )


@moments.register
def _(distribution: dist.InverseWishart):
    """Compute the variance by its formula, which off the diagonal is not NumPyro's (Mardia et al. 1979)."""
    psi = jnp.asarray(distribution.scale_matrix)
    k = jnp.asarray(distribution.concentration)[..., None, None] - psi.shape[-1]
    diagonal = jnp.diagonal(psi, axis1=-2, axis2=-1)
    products = diagonal[..., :, None] * diagonal[..., None, :]
    k, psi, products = jnp.broadcast_arrays(k, psi, products)
    variance = ((k + 1) * psi**2 + (k - 1) * products) / (k * (k - 1) ** 2 * (k - 3))
    return jnp.asarray(distribution.mean), jnp.where(k > 3, variance, jnp.nan)


@moments.register
def _(_distribution: dist.InverseWishartCholesky):
    raise NotImplementedError(
        "NumPyro's mean of InverseWishartCholesky is the factor of the mean, not the mean of the factor, and "
        "it has no variance: estimate them from draws."
    )


@moments.register(dist.Independent | dist.ExpandedDistribution)
def _(distribution: Any):
    mean, variance = moments(distribution.base_dist)
    shape = distribution.batch_shape + distribution.event_shape
    return jnp.broadcast_to(mean, shape), jnp.broadcast_to(variance, shape)


@moments.register(Truncated)
def _(distribution: Any):
    base = distribution.base_dist
    if not isinstance(base, dist.Normal):
        return jnp.asarray(distribution.mean), jnp.asarray(distribution.variance)
    ends = (getattr(distribution, name, end) for name, end in (("low", -jnp.inf), ("high", jnp.inf)))
    loc, scale, low, high = (
        jnp.broadcast_to(to_float(x), distribution.batch_shape) for x in (base.loc, base.scale, *ends)
    )
    mean, variance = _cut_normal((low - loc) / scale, (high - loc) / scale)
    return loc + scale * mean, scale**2 * variance


NATS = 40.0
"""So far below its largest value the density is not integrated: exp(-40) is 4e-18."""
NODES, WEIGHTS = leggauss(64)


def _cut_normal(low: Array, high: Array) -> tuple[Array, Array]:
    """Integrate the standard normal on an interval, from its mode there, by Gauss and Legendre's rule."""
    mode = jnp.clip(0.0, low, high)
    reach = 2 * NATS / (jnp.sqrt(mode**2 + 2 * NATS) + jnp.abs(mode))
    first, last = jnp.maximum(low - mode, -reach), jnp.minimum(high - mode, reach)
    step = first + (last - first) * _along(mode, (1 + NODES) / 2)  # [node, *batch]
    mass = _along(mode, WEIGHTS) * jnp.exp(-step * (mode[None] + step / 2))
    mass = mass / mass.sum(0)
    mean = (mass * step).sum(0)
    return mode + mean, (mass * (step - mean[None]) ** 2).sum(0)


def _along(like: Array, numbers: np.ndarray) -> Array:
    return jnp.asarray(numbers, like.dtype).reshape(-1, *(1,) * like.ndim)
