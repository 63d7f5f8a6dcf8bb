"""No noise at all: what a generator without a likelihood says."""

from collections.abc import Callable

import flax.linen as nn
import numpyro.distributions as dist
from numpyro.distributions import constraints

from jgen._internal.dtypes import at_least_float32
from jgen.types import Array


class Delta(nn.Module):
    """Each element is a function of its raw number, for certain: for the generators of GANs and for samples.

    There is no density to learn by: what is not hit exactly has -inf nats.

    Attributes:
        squash: From raw numbers to the range of the data, element by element: ``jax.nn.sigmoid`` for [0, 1],
            ``jnp.tanh`` for [-1, 1]; None for none.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> Delta(jax.nn.sigmoid).apply({}, jnp.zeros((2, 3, 1))).sample(jax.random.key(0)).tolist()
        [[0.5, 0.5, 0.5], [0.5, 0.5, 0.5]]
    """

    squash: Callable[[Array], Array] | None = None

    width = 1
    takes = "finite numbers"
    remedy = "Drop the rows with missing values, or fill them in."

    @property
    def support(self) -> constraints.Constraint:
        """What one element may be."""
        return constraints.real

    def __call__(self, raw: Array) -> dist.Distribution:
        """``raw [batch, *shape, 1]`` -> a distribution (batch,) over x of this shape."""
        value = at_least_float32(raw)[..., 0]
        return dist.Delta(self.squash(value) if self.squash else value, event_dim=raw.ndim - 2)


def recipe() -> list[nn.Module]:
    """Examples for the laws of heads."""
    return [Delta(), Delta(nn.sigmoid)]
