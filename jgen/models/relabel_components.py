"""Relabel the components of posterior draws of a mixture."""

import functools
from itertools import permutations

import jax
import jax.numpy as jnp
import numpy as np

from jgen._internal.dtypes import at_least_float32
from jgen._internal.units import unit_of
from jgen._internal.validation import is_traced
from jgen.types import Array

SWEEPS = 5
BATCH = 256
SMALLEST_SD = 1e-3
"""Least deviation of a part of a component, in that of the part over all draws and components."""


def relabel_components(draws: Array) -> Array:
    r"""Permute the components of each draw so that all draws are as similar as possible.

    The posterior of a mixture is invariant under permutations of its components, so draws come in any of K!
    orders, and means over draws are meaningless. With :math:`m, s` the means and standard deviations of all
    draws in their current orders, each draw x takes the order

    .. math:: \arg\min_\pi \sum_{k, j} \left( \frac{x_{\pi(k) j} - m_{kj}}{s_{kj}} \right)^2,

    and the two steps are repeated, starting from the first draw as mean and every part's deviation over all
    draws and components.

    Args:
        draws: ``[draw, component, part]``; K! orders are tried, so K is small, 7 at most.

    Returns:
        The permuted draws ``[draw, component, part]``.

    Raises:
        ValueError: For draws of another shape, more than 7 components, or known draws that are not finite,
            which have no nearest order.

    Example:
        >>> import jax.numpy as jnp
        >>> draws = jnp.array([[[-2.0], [2.0]], [[2.1], [-1.9]], [[-2.2], [1.8]]])
        >>> print(relabel_components(draws)[:, 0, 0])
        [-2.  -1.9 -2.2]

    Reference:
        Stephens (2000), "Dealing with label switching in mixture models", JRSS B 62(4), algorithm 2 with a
        Gaussian loss.
    """
    if jnp.ndim(draws) != 3 or not jnp.size(draws):
        raise ValueError(f"relabel_components takes draws [draw, component, part]; got {jnp.shape(draws)}")
    if jnp.shape(draws)[1] > 7:
        raise ValueError(
            f"relabel_components tries all K! orders, and K = {jnp.shape(draws)[1]} components are more "
            "than 7"
        )
    if not is_traced(draws) and not np.isfinite(np.asarray(draws, np.float64)).all():
        raise ValueError("relabel_components: a draw is NaN or infinite, and so has no nearest order")
    return _relabel(jnp.asarray(draws))


@jax.jit
def _relabel(draws: Array) -> Array:
    wide = at_least_float32(draws)
    centred = wide - jnp.broadcast_to(wide[:1, :1], wide.shape)  # [draw, component, part]
    scaled = centred / jnp.broadcast_to(unit_of(centred, (0, 1)), centred.shape)
    orders = np.array(list(permutations(range(draws.shape[1]))))  # [order, component]
    spread = scaled.std((0, 1))  # [part]
    least = SMALLEST_SD * jnp.where(spread > 0, spread, 1.0)

    def nearest(mean: Array, sd: Array, draw: Array) -> Array:
        distances = (((draw[orders] - mean[None]) / sd[None]) ** 2).sum((1, 2))
        return jnp.asarray(orders)[jnp.argmin(distances)]  # [component]

    def orders_towards(mean: Array, sd: Array) -> Array:
        return jax.lax.map(functools.partial(nearest, mean, sd), scaled, batch_size=BATCH)

    def sweep(_: Array, chosen: Array) -> Array:
        current = jnp.take_along_axis(scaled, chosen[..., None], axis=1)
        sd = current.std(0)
        return orders_towards(current.mean(0), sd + jnp.broadcast_to(least, sd.shape))

    start = jnp.broadcast_to(spread + least, draws.shape[1:])
    chosen = jax.lax.fori_loop(0, SWEEPS, sweep, orders_towards(scaled[0], start))  # [draw, component]
    return jnp.take_along_axis(draws, chosen[..., None], axis=1)
