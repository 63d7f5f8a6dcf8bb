"""The convolutional encoder of solids."""

from collections.abc import Callable

import flax.linen as nn
import jax
import numpyro.distributions as dist

from jgen.encoders.down_convolution import DownTower
from jgen.encoders.input_checks import check_encoder_input
from jgen.encoders.posteriors.diagonal_normal import DiagonalNormal
from jgen.types import Array


class VoxelEncoder(nn.Module):
    """A tower of strided convolutions in three dimensions from the voxels to features, then the posterior.

    Attributes:
        latent_dim: Size of z.
        features: Channels at each resolution, fine to coarse, each half the last.
        posterior: From features to q(z | x) (``jgen.encoders.posteriors``).
        activation: After each convolution.
        shift: Taken off the data first.
        scale: What the data are divided by then.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> encoder = VoxelEncoder(2, features=(2, 4))
        >>> q, _ = jax.eval_shape(encoder.init_with_output, jax.random.key(0), jnp.zeros((5, 4, 4, 4, 1)))
        >>> q.batch_shape, q.event_shape
        ((5,), (2,))
    """

    latent_dim: int
    features: tuple[int, ...] = (16, 32)
    posterior: nn.Module = DiagonalNormal()
    activation: Callable[[Array], Array] = nn.gelu
    shift: float = 0.0
    scale: float = 1.0

    @nn.compact
    def __call__(self, x: Array) -> dist.Distribution:
        """``x [batch, depth, height, width, channel]`` -> q(z | x), (batch,) over ``[latent_dim]``."""
        check_encoder_input("VoxelEncoder", x, num_axes=3)
        features = DownTower(self.features, self.activation)((x - self.shift) / self.scale)
        return self.posterior(features, self.latent_dim)


def recipe() -> list[tuple[nn.Module, Array]]:
    """Examples for the laws of encoders, each with data for it."""
    return [(VoxelEncoder(2, features=(2, 4)), jax.random.normal(jax.random.key(0), (3, 3, 4, 5, 1)))]
