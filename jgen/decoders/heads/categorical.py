"""One of several classes, in no order."""

import flax.linen as nn
import jax.numpy as jnp
import numpyro.distributions as dist
from numpyro.distributions import constraints

from jgen._internal.dtypes import at_least_float32
from jgen.distributions.validated import ValidatedOnHost
from jgen.types import Array


class CategoricalLevels(ValidatedOnHost, dist.CategoricalLogits):
    """NumPyro's categorical law, for whole numbers kept as floats too; -inf for what is no class."""

    def log_prob(self, value: Array) -> Array:
        """Log-mass ``[*sample, *batch]`` in nats."""
        value, last = jnp.asarray(value), self.logits.shape[-1] - 1
        known = (value >= 0) & (value <= last) & (value == jnp.floor(value))
        return jnp.where(known, super().log_prob(jnp.where(known, value, 0).astype(jnp.int32)), -jnp.inf)


class Categorical(nn.Module):
    r"""Each element is class k with probability :math:`\mathrm{softmax}(r)_k`: levels, tokens, colours.

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
        """Raw numbers for each element."""
        return self.num_classes

    @property
    def support(self) -> constraints.Constraint:
        """What one element may be."""
        return constraints.integer_interval(0, self.num_classes - 1)

    @property
    def takes(self) -> str:
        """The support in words."""
        return f"integers 0 to {self.num_classes - 1}"

    remedy = "Quantise the data to that many levels, or give the head their number of classes."

    def __call__(self, raw: Array) -> dist.Distribution:
        """``raw [batch, *shape, class]``, logits -> a distribution (batch,) over x of this shape."""
        return CategoricalLevels(at_least_float32(raw)).to_event(raw.ndim - 2)


def recipe() -> list[nn.Module]:
    """Examples for the laws of heads."""
    return [Categorical(5)]
