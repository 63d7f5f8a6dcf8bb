"""Return point posteriors, for autoencoders."""

import flax.linen as nn
import numpyro.distributions as dist

from jgen._internal.dtypes import at_least_float32
from jgen.types import Array


class Point(nn.Module):
    """Point posterior for autoencoders: a ``Delta``.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> q, _ = Point().init_with_output(jax.random.key(0), jnp.ones((5, 4)), 2)
        >>> q.batch_shape, q.event_shape
        ((5,), (2,))
    """

    @nn.compact
    def __call__(self, features: Array, latent_dim: int) -> dist.Distribution:
        """Map ``features [batch, feature]`` to q(z | x), a distribution (batch,) over ``[latent_dim]``."""
        return dist.Delta(at_least_float32(nn.Dense(latent_dim)(features)), event_dim=1)


def recipe() -> list[nn.Module]:
    """Return examples for the checks of posteriors."""
    return [Point()]
