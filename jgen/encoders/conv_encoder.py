"""Encode images or solids by strided convolutions."""

from collections.abc import Callable

import flax.linen as nn
import jax
import numpyro.distributions as dist

from jgen.encoders.down_convolution import DownTower
from jgen.encoders.input_checks import check_encoder_input
from jgen.encoders.posteriors.diagonal_normal import DiagonalNormal
from jgen.types import Array


class ConvEncoder(nn.Module):
    """Encoder of strided convolutions, from an image, a solid, or a grid of any rank to the posterior.

    Attributes:
        latent_dim: Size of z.
        features: Channels at each resolution, fine to coarse, each resolution half the last.
        posterior: Maps features to q(z | x) (``jgen.encoders.posteriors``).
        activation: Activation after each convolution.
        shift: Subtracted from the data first: 127.5 for bytes.
        scale: Divisor of the data after that.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> encoder = ConvEncoder(2, features=(4, 8))
        >>> q, _ = jax.eval_shape(encoder.init_with_output, jax.random.key(0), jnp.zeros((5, 8, 8, 1)))
        >>> q.batch_shape, q.event_shape
        ((5,), (2,))
    """

    latent_dim: int
    features: tuple[int, ...] = (32, 64)
    posterior: nn.Module = DiagonalNormal()
    activation: Callable[[Array], Array] = nn.gelu
    shift: float = 0.0
    scale: float = 1.0

    @nn.compact
    def __call__(self, x: Array) -> dist.Distribution:
        """Map ``x [batch, *space, channel]`` to q(z | x), a distribution (batch,) over ``[latent_dim]``."""
        check_encoder_input("ConvEncoder", x, spatial=True)
        features = DownTower(self.features, self.activation)((x - self.shift) / self.scale)
        return self.posterior(features, self.latent_dim)


def recipe() -> list[tuple[nn.Module, Array]]:
    """Return examples for the checks of encoders, each with data for it."""
    image, solid = (jax.random.normal(jax.random.key(0), shape) for shape in ((3, 7, 5, 2), (3, 3, 4, 5, 1)))
    return [(ConvEncoder(2, features=(4, 6)), image), (ConvEncoder(2, features=(2, 4)), solid)]
