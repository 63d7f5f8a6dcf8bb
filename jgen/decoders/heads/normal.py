"""Model real numbers by Gaussian noise around a mean: of a fixed, a shared or an elementwise scale."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpyro.distributions as dist
from numpyro.distributions import constraints

from jgen._internal.dtypes import at_least_float32
from jgen._internal.validation import check_positive
from jgen.decoders.heads.inverse_softplus import inverse_softplus
from jgen.types import Array


class _NormalHead(nn.Module):
    """Gaussian head whose subclasses define the scale."""

    width = 1
    takes = "finite numbers"
    remedy = "Drop the rows with missing values, or fill them in."

    @property
    def support(self) -> constraints.Constraint:
        """Return the support of one element."""
        return constraints.real

    @nn.compact
    def __call__(self, raw: Array) -> dist.Distribution:
        """Map ``raw [batch, *shape, width]``, means first, to a distribution (batch,) over x."""
        raw = at_least_float32(raw)
        mean = raw[..., 0]
        return dist.Normal(mean, jnp.broadcast_to(self._scale(raw), mean.shape)).to_event(raw.ndim - 2)

    def _scale(self, raw: Array) -> Array:
        raise NotImplementedError


class Normal(_NormalHead):
    """Gaussian head of a fixed scale: its log-likelihood is the squared error, normalised.

    Attributes:
        scale: Standard deviation, in units of x.

    Example:
        >>> import jax.numpy as jnp
        >>> noisy = Normal(0.5).apply({}, jnp.zeros((2, 3, 1)))
        >>> noisy.event_shape, noisy.variance[0].tolist()
        ((3,), [0.25, 0.25, 0.25])
    """

    scale: float = 1.0

    def __post_init__(self) -> None:
        check_positive("Normal: scale", self.scale)
        super().__post_init__()

    def _scale(self, raw: Array) -> Array:
        return jnp.full_like(raw[..., 0], self.scale)


class NormalShared(_NormalHead):
    r"""Gaussian head of one learned scale for all elements, as in probabilistic PCA.

    The scale is :math:`m + \mathrm{softplus}(\rho)`; without the minimum m the likelihood of a decoder that
    fits one example exactly is unbounded.

    Attributes:
        start: Scale that training starts from, above ``minimum``.
        minimum: Minimal scale m.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> head = NormalShared(start=0.5)
        >>> params = head.init(jax.random.key(0), jnp.zeros((2, 3, 1)))
        >>> float(head.apply(params, jnp.zeros((2, 3, 1))).base_dist.scale[0, 0].round(6))
        0.5
    """

    start: float = 1.0
    minimum: float = 1e-3

    def __post_init__(self) -> None:
        check_positive("NormalShared: minimum", self.minimum)
        check_positive("NormalShared: start - minimum", self.start - self.minimum)
        super().__post_init__()

    def _scale(self, raw: Array) -> Array:  # noqa: ARG002
        start = nn.initializers.constant(inverse_softplus(self.start - self.minimum))
        return self.minimum + jax.nn.softplus(at_least_float32(self.param("scale", start, ())))


class NormalLearned(_NormalHead):
    r"""Gaussian head with an elementwise scale from the decoder, :math:`m + \mathrm{softplus}(r_2)`.

    Attributes:
        minimum: Minimal scale m.

    Example:
        >>> import jax.numpy as jnp
        >>> NormalLearned().apply({}, jnp.zeros((2, 3, 2))).event_shape
        (3,)

    Reference:
        Rybkin, Daniilidis and Levine (2021), "Simple and effective VAE training with calibrated decoders".
    """

    minimum: float = 1e-3

    width = 2

    def __post_init__(self) -> None:
        check_positive("NormalLearned: minimum", self.minimum)
        super().__post_init__()

    def _scale(self, raw: Array) -> Array:
        return self.minimum + jax.nn.softplus(raw[..., 1])


def recipe() -> list[nn.Module]:
    """Return examples for the checks of heads."""
    return [Normal(0.5), NormalShared(), NormalLearned()]
