"""Model binary data: the default head of decoders."""

import flax.linen as nn
import jax.numpy as jnp
import numpyro.distributions as dist
from numpyro.distributions import constraints

from jgen._internal.dtypes import at_least_float32
from jgen.distributions.validated import ValidatedOnHost
from jgen.types import Array


class BernoulliBits(ValidatedOnHost, dist.BernoulliLogits):
    """Bernoulli distribution of NumPyro with -inf for values other than 0 and 1, NaN for NaN."""

    def log_prob(self, value: Array) -> Array:
        """Compute the log-mass ``[*sample, *batch]`` in nats."""
        is_one, valid = jnp.equal(value, 1), jnp.equal(value, 0) | jnp.equal(value, 1)
        return jnp.where(valid, super().log_prob(is_one), jnp.where(jnp.isnan(value), jnp.nan, -jnp.inf))


class Bernoulli(nn.Module):
    r"""Bernoulli head: each element is 1 with probability :math:`\sigma(r)`, else 0.

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
        """Return the support of one element."""
        return constraints.boolean

    def __call__(self, raw: Array) -> dist.Distribution:
        """Map ``raw [batch, *shape, 1]``, log-odds to a distribution (batch,) over x of this shape."""
        return BernoulliBits(at_least_float32(raw)[..., 0]).to_event(raw.ndim - 2)


def recipe() -> list[nn.Module]:
    """Return examples for the checks of heads."""
    return [Bernoulli()]
