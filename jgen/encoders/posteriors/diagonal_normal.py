"""Return Gaussian posteriors: the default of encoders."""

import flax.linen as nn
import jax.numpy as jnp
import numpyro.distributions as dist

from jgen._internal.dtypes import at_least_float32
from jgen.types import Array


class DiagonalNormal(nn.Module):
    r"""Diagonal Gaussian posterior, :math:`q(z \mid x) = N(\mu(x), \mathrm{diag}\, s(x)^2)`.

    The log-scale is bounded softly, :math:`\log s = b \tanh(r / b)`: nearly r where r is small, and within
    :math:`\pm b` for any x, so that neither s nor its gradient overflows.

    Attributes:
        bound: Bound b, in nats.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> q, _ = DiagonalNormal().init_with_output(jax.random.key(0), jnp.ones((5, 4)), 2)
        >>> q.batch_shape, q.event_shape
        ((5,), (2,))
    """

    bound: float = 7.0

    @nn.compact
    def __call__(self, features: Array, latent_dim: int) -> dist.Distribution:
        """Map ``features [batch, feature]`` to q(z | x), a distribution (batch,) over ``[latent_dim]``."""
        raw = at_least_float32(nn.Dense(2 * latent_dim)(features))
        mean, unbounded = jnp.split(raw, 2, axis=-1)
        scale = jnp.exp(self.bound * jnp.tanh(unbounded / self.bound))
        return dist.Normal(mean, scale).to_event(1)


def recipe() -> list[nn.Module]:
    """Return examples for the checks of posteriors."""
    return [DiagonalNormal()]
