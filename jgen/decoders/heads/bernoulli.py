"""Coin flips. A base file, so that every decoder may have this head where it is given no other."""

import flax.linen as nn
import jax.numpy as jnp
import numpyro.distributions as dist
from numpyro.distributions import constraints

from jgen._internal.dtypes import at_least_float32
from jgen.distributions.validated import ValidatedOnHost
from jgen.types import Array


class BernoulliBits(ValidatedOnHost, dist.BernoulliLogits):
    """NumPyro's Bernoulli law, which says -inf of what is neither 0 nor 1, wherever it is asked."""

    def log_prob(self, value: Array) -> Array:
        """Log-mass ``[*sample, *batch]`` in nats."""
        is_one, known = jnp.equal(value, 1), jnp.equal(value, 0) | jnp.equal(value, 1)
        return jnp.where(known, super().log_prob(is_one), -jnp.inf)


class Bernoulli(nn.Module):
    r"""Each element is 1 with probability :math:`\sigma(r)`, else 0.

    Example:
        >>> import jax.numpy as jnp
        >>> pixels = Bernoulli().apply({}, jnp.zeros((2, 8, 8, 1, 1)))
        >>> pixels.batch_shape, pixels.event_shape
        ((2,), (8, 8, 1))
        >>> bool(jnp.allclose(pixels.log_prob(jnp.ones((2, 8, 8, 1))), 64 * jnp.log(0.5)))
        True
    """

    width = 1
    takes = "0 or 1"
    remedy = (
        "Binarise the data (x > a threshold, or a draw with probabilities x), or take the head "
        "ContinuousBernoulli for values between 0 and 1."
    )

    @property
    def support(self) -> constraints.Constraint:
        """What one element may be."""
        return constraints.boolean

    def __call__(self, raw: Array) -> dist.Distribution:
        """``raw [batch, *shape, 1]``, log-odds -> a distribution (batch,) over x of this shape."""
        return BernoulliBits(at_least_float32(raw)[..., 0]).to_event(raw.ndim - 2)


def recipe() -> list[nn.Module]:
    """Examples for the laws of heads."""
    return [Bernoulli()]
