"""Gaussian noise around a mean: its scale fixed, shared and learned, or each element's own."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpyro.distributions as dist
from numpyro.distributions import constraints

from jgen._internal.dtypes import at_least_float32
from jgen._internal.validation import check_positive
from jgen.decoders.heads.inverse_softplus import inverse_softplus
from jgen.types import Array

REMEDY = "Drop the rows with missing values, or fill them in."


class Normal(nn.Module):
    """Each element is its raw number plus Gaussian noise of a fixed scale; the squared error, normalised.

    Attributes:
        scale: The standard deviation, in units of x.

    Example:
        >>> import jax.numpy as jnp
        >>> noisy = Normal(0.5).apply({}, jnp.zeros((2, 3, 1)))
        >>> noisy.event_shape, noisy.variance[0].tolist()
        ((3,), [0.25, 0.25, 0.25])
    """

    scale: float = 1.0

    width = 1
    takes = "finite numbers"
    remedy = REMEDY

    @property
    def support(self) -> constraints.Constraint:
        """What one element may be."""
        return constraints.real

    def __post_init__(self) -> None:
        check_positive("Normal: scale", self.scale)
        super().__post_init__()

    def __call__(self, raw: Array) -> dist.Distribution:
        """``raw [batch, *shape, 1]``, means -> a distribution (batch,) over x of this shape."""
        mean = at_least_float32(raw)[..., 0]
        return dist.Normal(mean, jnp.full_like(mean, self.scale)).to_event(raw.ndim - 2)


class NormalShared(nn.Module):
    r"""Gaussian noise of one learned scale for all elements, as in probabilistic PCA.

    The scale is :math:`m + \mathrm{softplus}(\rho)`; without the floor m the likelihood of a decoder that
    fits one example exactly is unbounded.

    Attributes:
        start: The scale that training starts from, above ``minimum``.
        minimum: The floor m.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> head = NormalShared(start=0.5)
        >>> params = head.init(jax.random.key(0), jnp.zeros((2, 3, 1)))
        >>> float(head.apply(params, jnp.zeros((2, 3, 1))).base_dist.scale[0, 0].round(6))
        0.5
    """

    start: float = 1.0
    minimum: float = 1e-3

    width = 1
    takes = "finite numbers"
    remedy = REMEDY

    @property
    def support(self) -> constraints.Constraint:
        """What one element may be."""
        return constraints.real

    def __post_init__(self) -> None:
        check_positive("NormalShared: minimum", self.minimum)
        check_positive("NormalShared: start - minimum", self.start - self.minimum)
        super().__post_init__()

    @nn.compact
    def __call__(self, raw: Array) -> dist.Distribution:
        """``raw [batch, *shape, 1]``, means -> a distribution (batch,) over x of this shape."""
        mean = at_least_float32(raw)[..., 0]
        start = nn.initializers.constant(inverse_softplus(self.start - self.minimum))
        unbounded = at_least_float32(self.param("scale", start, ()))
        scale = self.minimum + jax.nn.softplus(unbounded)
        return dist.Normal(mean, jnp.broadcast_to(scale, mean.shape)).to_event(raw.ndim - 2)


class NormalLearned(nn.Module):
    r"""Gaussian noise whose scale the decoder says, element by element: :math:`m + \mathrm{softplus}(r_2)`.

    Attributes:
        minimum: The floor m of the scale.

    Example:
        >>> import jax.numpy as jnp
        >>> NormalLearned().apply({}, jnp.zeros((2, 3, 2))).event_shape
        (3,)

    Reference:
        Rybkin, Daniilidis and Levine (2021), "Simple and effective VAE training with calibrated decoders".
    """

    minimum: float = 1e-3

    width = 2
    takes = "finite numbers"
    remedy = REMEDY

    @property
    def support(self) -> constraints.Constraint:
        """What one element may be."""
        return constraints.real

    def __post_init__(self) -> None:
        check_positive("NormalLearned: minimum", self.minimum)
        super().__post_init__()

    def __call__(self, raw: Array) -> dist.Distribution:
        """``raw [batch, *shape, 2]``, means and scales -> a distribution (batch,) over x of this shape."""
        raw = at_least_float32(raw)
        scale = self.minimum + jax.nn.softplus(raw[..., 1])
        return dist.Normal(raw[..., 0], scale).to_event(raw.ndim - 2)


def recipe() -> list[nn.Module]:
    """Examples for the laws of heads."""
    return [Normal(0.5), NormalShared(), NormalLearned()]
