"""Compute with Gaussians given by a mean and standard deviations or a lower Cholesky factor.

No covariance is formed or inverted: everything goes through triangular factors and QR, which keeps half
the digits that products of matrices lose.
"""

from functools import singledispatch
from typing import Any

import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from jax.scipy.linalg import solve_triangular

from jgen._internal.units import power_of_two
from jgen._internal.validation import is_traced
from jgen.distributions.input_checks import check_batches, no_closed_form, to_float
from jgen.distributions.multivariate_normal import MultivariateNormal
from jgen.types import Array

Gaussian = dist.Normal | dist.MultivariateNormal | dist.Independent


@singledispatch
def gaussian_parameters(distribution: Any) -> tuple[Array, Array]:
    """Return mean ``[*batch, *event]`` and scale, ``[*batch, *event]`` or ``[*batch, dim, dim]``."""
    raise no_closed_form("gaussian_parameters", gaussian_parameters, distribution)


@gaussian_parameters.register
def _(distribution: dist.Normal):
    shape = distribution.batch_shape
    return tuple(jnp.broadcast_to(to_float(x), shape) for x in (distribution.loc, distribution.scale))


@gaussian_parameters.register
def _(distribution: dist.MultivariateNormal):
    shape = distribution.batch_shape + distribution.event_shape
    factor = to_float(distribution.scale_tril)
    return jnp.broadcast_to(to_float(distribution.loc), shape), jnp.broadcast_to(factor, shape + shape[-1:])


@gaussian_parameters.register
def _(distribution: dist.Independent):
    if isinstance(distribution.base_dist, dist.MultivariateNormal):
        raise no_closed_form("gaussian_parameters", gaussian_parameters, distribution)
    return gaussian_parameters(distribution.base_dist)


def like(distribution: dist.Distribution, mean: Array, scale: Array) -> dist.Distribution:
    """Make a Gaussian of another mean and scale in the same NumPyro classes.

    Raises:
        ValueError: For known parameters that their type does not hold.
    """
    if isinstance(distribution, dist.Independent):
        return like(distribution.base_dist, mean, scale).to_event(distribution.reinterpreted_batch_ndims)
    if isinstance(distribution, dist.MultivariateNormal):
        return full_gaussian(mean, scale)
    check_representable(mean, scale)
    return dist.Normal(mean, scale)


def full_gaussian(mean: Array, factor: Array) -> MultivariateNormal:
    """Make a Gaussian of a mean and a lower Cholesky factor that were computed.

    Raises:
        ValueError: For known parameters that their type does not hold.
    """
    check_representable(mean, jnp.diagonal(factor, axis1=-2, axis2=-1))
    return MultivariateNormal(mean, scale_tril=factor)


def check_representable(mean: Array, sds: Array) -> None:
    """Raise where known means or standard deviations that were computed are no numbers of their type."""
    if is_traced((mean, sds)):
        return
    known, known_sds = np.asarray(mean), np.asarray(sds)
    if not (np.isfinite(known).all() and np.isfinite(known_sds).all() and (known_sds > 0).all()):
        raise ValueError(
            f"the result has means up to {np.abs(known).max(initial=0):.6g} and standard deviations from "
            f"{known_sds.min(initial=np.inf):.6g}, which {known_sds.dtype} does not hold: change the unit"
        )


def _identity(mean: Array) -> Array:
    return jnp.broadcast_to(jnp.eye(mean.shape[-1], dtype=mean.dtype), (*mean.shape, mean.shape[-1]))


def is_dense(distribution: dist.Distribution) -> bool:
    """Return whether a Gaussian has a full covariance."""
    return isinstance(distribution, dist.MultivariateNormal)


def dense(distribution: dist.Distribution) -> dist.MultivariateNormal:
    """Write the covariance of a Gaussian on vectors in full."""
    mean, scale = gaussian_parameters(distribution)
    if is_dense(distribution):
        return distribution
    if distribution.event_dim != 1:
        raise ValueError(
            f"A full covariance needs vectors; the Gaussian has event_shape {distribution.event_shape}. "
            "Reshape its events to one axis."
        )
    return MultivariateNormal(mean, scale_tril=scale[..., None] * _identity(mean))


def same_form(p: dist.Distribution, q: dist.Distribution) -> tuple[dist.Distribution, dist.Distribution]:
    """Return two Gaussians on one space, both diagonal if they are, else both in full."""
    if p.event_shape != q.event_shape:
        raise ValueError(f"Expected two Gaussians on one space; got events {p.event_shape}, {q.event_shape}.")
    check_batches("two Gaussians", p, q)
    return (dense(p), dense(q)) if is_dense(p) or is_dense(q) else (p, q)


def lower_factor(factor: Array) -> Array:
    """Return the lower Cholesky factor of ``factor @ factor.T`` by QR, without forming the product."""
    upper = jnp.linalg.qr(jnp.swapaxes(factor, -1, -2), mode="r")
    sign = jnp.where(jnp.diagonal(upper, axis1=-2, axis2=-1) < 0, -1.0, 1.0).astype(upper.dtype)
    return jnp.swapaxes(upper * sign[..., None], -1, -2)


def combine_gaussians(p: Any, q: Any, p_weight: Array, q_weight: Array) -> dist.Distribution:
    """Return the Gaussian proportional to ``p^p_weight q^q_weight``: precisions add."""
    p, q = same_form(p, q)
    (m, s), (n, r) = gaussian_parameters(p), gaussian_parameters(q)
    if not is_dense(p):
        unit = _least_unit(s, r, p_weight, q_weight)
        s, r = s / unit, r / unit
        precision = p_weight / s**2 + q_weight / r**2
        return like(p, (p_weight * m / s**2 + q_weight * n / r**2) / precision, unit * precision**-0.5)
    identity = _identity(m)
    unit = _least_unit(jnp.abs(s).max(-1), jnp.abs(r).max(-1), p_weight, q_weight)  # [*batch, dim]
    s, r, m, n = s / unit[..., None], r / unit[..., None], m / unit, n / unit
    roots = jnp.concatenate(
        [w**0.5 * solve_triangular(x, identity, lower=True) for w, x in ((p_weight, s), (q_weight, r))], -2
    )  # [*batch, 2 dim, dim], whose Gram matrix is the precision
    d = m.shape[-1]
    targets = jnp.concatenate([roots[..., :d, :] @ m[..., None], roots[..., d:, :] @ n[..., None]], -2)
    orthogonal, upper = jnp.linalg.qr(roots)
    mean = solve_triangular(upper, jnp.swapaxes(orthogonal, -1, -2) @ targets)[..., 0]
    factor = lower_factor(solve_triangular(upper, identity))
    return full_gaussian(unit * mean, unit[..., None] * factor)


def _least_unit(s: Array, r: Array, p_weight: Array, q_weight: Array) -> Array:
    """Return powers of two of the smaller scale that counts: the squares of 1e-20 are not normal float32."""
    scales = (jnp.where(weight > 0, x, jnp.inf) for weight, x in ((p_weight, s), (q_weight, r)))
    return power_of_two(jnp.minimum(*scales))
