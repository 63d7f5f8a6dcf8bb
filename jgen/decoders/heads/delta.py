"""Return deterministic outputs: the head of generators without a likelihood."""

from collections.abc import Callable

import flax.linen as nn
import numpyro.distributions as dist
from numpyro.distributions import constraints

from jgen._internal.dtypes import at_least_float32
from jgen.types import Array


class Delta(nn.Module):
    """Point-mass head: each element is a function of its raw number, for generators of GANs.

    It has no density for likelihood training: all values but the point have -inf nats.

    Attributes:
        squash: Maps raw numbers to the range of the data, elementwise: ``jax.nn.sigmoid`` for [0, 1],
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
        """Return the support of one element."""
        return constraints.real

    def __call__(self, raw: Array) -> dist.Distribution:
        """Map ``raw [batch, *shape, 1]`` to a distribution (batch,) over x of this shape."""
        value = at_least_float32(raw)[..., 0]
        return dist.Delta(self.squash(value) if self.squash else value, event_dim=raw.ndim - 2)


def recipe() -> list[nn.Module]:
    """Return examples for the checks of heads."""
    return [Delta(), Delta(nn.sigmoid)]
