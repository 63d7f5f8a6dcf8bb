"""Compute the 2-Wasserstein distance between Gaussians."""

from typing import Any

import jax
import jax.numpy as jnp

from jgen._internal.units import unit_of
from jgen.distributions.gaussian_algebra import gaussian_parameters, is_dense, same_form
from jgen.types import Array, Result


def wasserstein2(p: Any, q: Any) -> Result:
    r"""Compute the optimal-transport distance $W_2 = (\inf E\|x - y\|^2)^{1/2}$ between two Gaussians.

    $$W_2^2 = \|m - n\|^2 + \mathrm{tr}\,(S + R - 2 (S^{1/2} R S^{1/2})^{1/2})
    = \|m - n\|^2 + \|L - K U\|_F^2,$$

    with $S = L L^T$, $R = K K^T$, and U the rotation that brings K closest to L (polar factor of
    $K^T L$). The second form loses no digits where p and q nearly agree. Its gradient does not need that of U
    (by the envelope theorem), so equal singular values do no harm; at p = q the distance has no gradient.

    Args:
        p: A Gaussian, diagonal or full.
        q: Another, on the same space.

    Returns:
        A ``Result``, exact; in the unit of x.

    Raises:
        TypeError: A distribution that is not Gaussian.
        ValueError: Events of different shapes.

    Example:
        >>> import numpyro.distributions as dist
        >>> float(wasserstein2(dist.Normal(0.0, 1.0), dist.Normal(3.0, 5.0)).value)
        5.0

    Reference:
        Bhatia, Jain and Lim, On the Bures-Wasserstein distance between positive definite matrices (2019).
    """
    p, q = same_form(p, q)
    p_mean, p_scale = gaussian_parameters(p)
    q_mean, q_scale = gaussian_parameters(q)
    if is_dense(p):
        units = (unit_of(scale, (-2, -1)) for scale in (q_scale, p_scale))
        k, ell = (scale / unit for scale, unit in zip((q_scale, p_scale), units, strict=True))
        left, _, right = jnp.linalg.svd(jnp.swapaxes(k, -1, -2) @ ell)
        q_scale = q_scale @ jax.lax.stop_gradient(left @ right)  # the rotation U
    event_axes = tuple(range(-p.event_dim, 0))
    scale_axes = (-2, -1) if is_dense(p) else event_axes
    means, scales = p_mean - q_mean, p_scale - q_scale
    unit = jnp.maximum(
        unit_of(means, event_axes).max(event_axes, initial=0),
        unit_of(scales, scale_axes).max(scale_axes, initial=0),
    )

    def squares(x: Array, axes: tuple[int, ...]) -> Array:
        return ((x / jnp.expand_dims(unit, axes)) ** 2).sum(axes)

    value = unit * jnp.sqrt(squares(means, event_axes) + squares(scales, scale_axes))
    return Result(value, value, value, 0, "closed form", {"distance": "Wasserstein-2", "unit": "that of x"})
