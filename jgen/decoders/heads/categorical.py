"""Model unordered classes."""

import flax.linen as nn
import jax.numpy as jnp
import numpyro.distributions as dist
from numpyro.distributions import constraints

from jgen._internal.dtypes import at_least_float32
from jgen.distributions.validated import ValidatedOnHost
from jgen.types import Array


class CategoricalLevels(ValidatedOnHost, dist.CategoricalLogits):
    """Categorical distribution of NumPyro, for whole numbers as floats too; -inf for other values."""

    def log_prob(self, value: Array) -> Array:
        """Compute the log-mass ``[*sample, *batch]`` in nats."""
        value, last = jnp.asarray(value), self.logits.shape[-1] - 1
        valid = (value >= 0) & (value <= last) & (value == jnp.floor(value))
        log_prob = super().log_prob(jnp.where(valid, value, 0).astype(jnp.int32))
        return jnp.where(valid, log_prob, jnp.where(jnp.isnan(value), jnp.nan, -jnp.inf))


class Categorical(nn.Module):
    r"""Categorical head: each element is class k with probability :math:`\mathrm{softmax}(r)_k`.

    Suits levels, tokens and colours.

    Attributes:
        num_classes: x holds integers 0, ..., ``num_classes - 1``.

    Example:
        >>> import jax.numpy as jnp
        >>> levels = Categorical(17).apply({}, jnp.zeros((2, 8, 8, 1, 17)))
        >>> levels.batch_shape, levels.event_shape
        ((2,), (8, 8, 1))
    """

    num_classes: int

    def __post_init__(self) -> None:
        if self.num_classes < 2:
            raise ValueError(f"Categorical: num_classes is {self.num_classes}; give at least 2")
        super().__post_init__()

    @property
    def width(self) -> int:
        """Return how many raw numbers each element takes."""
        return self.num_classes

    @property
    def support(self) -> constraints.Constraint:
        """Return the support of one element."""
        return constraints.integer_interval(0, self.num_classes - 1)

    @property
    def takes(self) -> str:
        """Describe the support in words."""
        return f"integers 0 to {self.num_classes - 1}"

    remedy = "Quantise the data to that many levels, or give the head their number of classes."

    def __call__(self, raw: Array) -> dist.Distribution:
        """Map ``raw [batch, *shape, class]``, logits, to a distribution (batch,) over x of this shape."""
        return CategoricalLevels(at_least_float32(raw)).to_event(raw.ndim - 2)


def recipe() -> list[nn.Module]:
    """Return examples for the checks of heads."""
    return [Categorical(5)]
