"""Symmetrise a distribution over the order of its parts."""

from dataclasses import dataclass
from functools import partial
from itertools import permutations
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from jax.scipy.special import logsumexp
from jax.tree_util import register_dataclass

from jgen.distributions.parameters import log_prob_of
from jgen.types import Array, Key

MAX_PARTS = 7


@register_dataclass
@dataclass(frozen=True)
class Symmetrised:
    """Mixture over all orders of the parts of a vector.

    Attributes:
        base: The distribution of one order, over ``[dim]``.
        orders: Source of each coordinate in each order ``[order, dim]``.
    """

    base: dist.Distribution
    orders: Array
    batch_shape: ClassVar[tuple[int, ...]] = ()

    def sample(self, key: Key, sample_shape: tuple[int, ...] = ()) -> Array:
        """Draw ``[*sample, dim]`` from the base, each in a random order."""
        keys = jax.random.split(key, int(np.prod(sample_shape, dtype=int)))  # [draw]
        return jax.vmap(self._draw_one)(keys).reshape(*sample_shape, -1)

    def _draw_one(self, key: Key) -> Array:
        base_key, order_key = jax.random.split(key)
        which = jax.random.randint(order_key, (), 0, len(self.orders))
        return self.base.sample(base_key)[self.orders[which]]

    def log_prob(self, value: Array) -> Array:
        """Evaluate the log-density ``[]`` of ``value [dim]``, in nats.

        Raises:
            ValueError: If the value has another shape.
        """
        if jnp.shape(value) != self.base.event_shape:
            raise ValueError(
                f"a value of this symmetrised distribution is of shape {self.base.event_shape}; got "
                f"{jnp.shape(value)}"
            )
        value = jnp.asarray(value)
        return logsumexp(jax.vmap(partial(log_prob_of, self.base))(value[self.orders])) - jnp.log(
            len(self.orders)
        )


def symmetrised(base: dist.Distribution, num_parts: int) -> Symmetrised:
    r"""Make the distribution of a draw whose parts are put into a random order.

    .. math:: q(x) = \frac{1}{K!} \sum_\pi p(x_{\pi(1)}, \ldots, x_{\pi(K)})

    The posterior of a mixture is invariant under relabelling of its components, so it has K! copies of each
    mode. A Gaussian fitted to one copy, symmetrised, covers all of them.

    Args:
        base: Single distribution p over vectors ``[dim]``: K parts of equal length, one after another.
        num_parts: K, 1 to 7: each of the K! orders is evaluated.

    Returns:
        A pytree with ``sample`` and ``log_prob``.

    Raises:
        ValueError: If the vector does not divide into so many parts, the distribution is batched, or there
            are too many parts.

    Example:
        >>> import jax.numpy as jnp, numpyro.distributions as dist
        >>> base = dist.Normal(jnp.array([-2.0, 2.0]), 0.5).to_event(1)
        >>> q = symmetrised(base, 2)
        >>> x = jnp.array([1.8, -2.1])
        >>> print(q.log_prob(x).round(3), q.log_prob(x[::-1]).round(3))
        -1.245 -1.245

    Reference:
        Frühwirth-Schnatter (2004), "Estimating marginal likelihoods for mixture and Markov switching models
        using bridge sampling techniques", The Econometrics Journal 7(1).
    """
    if base.batch_shape or len(base.event_shape) != 1 or not 1 <= num_parts <= MAX_PARTS:
        raise ValueError(
            f"symmetrised takes one distribution over vectors and 1 to {MAX_PARTS} parts; got batch shape "
            f"{base.batch_shape}, event shape {base.event_shape} and {num_parts} parts"
        )
    (dim,) = base.event_shape
    if not dim or dim % num_parts:
        raise ValueError(f"{dim} coordinates do not divide into {num_parts} equal parts")
    places = np.arange(dim).reshape(num_parts, -1)  # [part, coordinate]
    orders = np.stack([places[list(order)].ravel() for order in permutations(range(num_parts))])
    return Symmetrised(base, jnp.asarray(orders))
