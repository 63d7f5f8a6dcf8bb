"""Relabel the components of posterior draws of a mixture."""

import functools
from itertools import permutations

import jax
import jax.numpy as jnp
import numpy as np

from jgen.types import Array

SWEEPS = 5
BATCH = 256
SMALLEST_SD = 1e-3


@jax.jit
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
        ValueError: If there are more than 7 components.

    Example:
        >>> import jax.numpy as jnp
        >>> draws = jnp.array([[[-2.0], [2.0]], [[2.1], [-1.9]], [[-2.2], [1.8]]])
        >>> print(relabel_components(draws)[:, 0, 0])
        [-2.  -1.9 -2.2]

    Reference:
        Stephens (2000), "Dealing with label switching in mixture models", JRSS B 62(4), algorithm 2 with a
        Gaussian loss.
    """
    if draws.shape[1] > 7:
        raise ValueError(
            f"relabel_components tries all K! orders, and K = {draws.shape[1]} components are more than 7"
        )
    orders = np.array(list(permutations(range(draws.shape[1]))))  # [order, component]

    def nearest(mean: Array, sd: Array, draw: Array) -> Array:
        distances = (((draw[orders] - mean[None]) / sd[None]) ** 2).sum((1, 2))
        return draw[jnp.asarray(orders)[jnp.argmin(distances)]]

    def sweep(_: Array, draws: Array) -> Array:
        towards = functools.partial(nearest, draws.mean(0), draws.std(0) + SMALLEST_SD)
        return jax.lax.map(towards, draws, batch_size=BATCH)

    spread = jnp.broadcast_to(draws.std((0, 1)), draws.shape[1:]) + SMALLEST_SD
    towards_first = functools.partial(nearest, draws[0], spread)
    return jax.lax.fori_loop(0, SWEEPS, sweep, jax.lax.map(towards_first, draws, batch_size=BATCH))
