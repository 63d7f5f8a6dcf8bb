"""Encode data by a fully connected network of any depth."""

from collections.abc import Callable

import flax.linen as nn
import jax
import numpyro.distributions as dist

from jgen.encoders.input_checks import check_encoder_input
from jgen.encoders.posteriors.diagonal_normal import DiagonalNormal
from jgen.types import Array


class MLPEncoder(nn.Module):
    """Fully connected encoder: hidden layers, then the posterior; without hidden layers it is linear.

    Attributes:
        latent_dim: Size of z.
        hidden: Sizes of the hidden layers.
        posterior: Maps features to q(z | x) (``jgen.encoders.posteriors``): ``Point()`` for autoencoders,
            ``Flow()`` for posteriors that are not Gaussian.
        activation: Activation between layers.
        shift: Subtracted from the data first: 127.5 for bytes.
        scale: Divisor of the data after that.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> encoder = MLPEncoder(2, hidden=(32,))
        >>> params = encoder.init(jax.random.key(0), jnp.zeros((1, 8, 8, 1)))
        >>> q = encoder.apply(params, jnp.ones((5, 8, 8, 1)))
        >>> q.batch_shape, q.event_shape
        ((5,), (2,))
    """

    latent_dim: int
    hidden: tuple[int, ...] = (256, 256)
    posterior: nn.Module = DiagonalNormal()
    activation: Callable[[Array], Array] = nn.gelu
    shift: float = 0.0
    scale: float = 1.0

    @nn.compact
    def __call__(self, x: Array) -> dist.Distribution:
        """Map ``x [batch, *event]`` to q(z | x), a distribution (batch,) over ``[latent_dim]``."""
        check_encoder_input("MLPEncoder", x)
        h = (x.reshape(x.shape[0], -1) - self.shift) / self.scale
        for size in self.hidden:
            h = self.activation(nn.Dense(size)(h))
        return self.posterior(h, self.latent_dim)


def recipe() -> list[tuple[nn.Module, Array]]:
    """Return examples for the checks of encoders, each with data for it."""
    return [(MLPEncoder(2, hidden=(8,)), jax.random.normal(jax.random.key(0), (3, 2, 3)))]
