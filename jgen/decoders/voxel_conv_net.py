"""The convolutional decoder of solids."""

from collections.abc import Callable

import flax.linen as nn
import numpyro.distributions as dist

from jgen.decoders.heads.bernoulli import Bernoulli
from jgen.decoders.input_checks import check_decoder_input
from jgen.decoders.up_convolution import UpTower
from jgen.types import Array


class VoxelConvNet(nn.Module):
    """A residual tower of up-convolutions in three dimensions, from a coarse grid to the voxels.

    Attributes:
        shape: ``(depth, height, width, channels)``, of any sizes; one channel for occupancy.
        head: From raw numbers to the distribution (``jgen.decoders.heads``).
        features: Channels at each resolution, coarse to fine, each twice the last.
        num_blocks: Residual blocks at each resolution.
        activation: Between convolutions.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> decoder = VoxelConvNet((4, 4, 4, 1), features=(4, 2))
        >>> law, _ = jax.eval_shape(decoder.init_with_output, jax.random.key(0), jnp.zeros((5, 2)))
        >>> law.batch_shape, law.event_shape
        ((5,), (4, 4, 4, 1))

    Reference:
        Wu et al. (2016), "Learning a probabilistic latent space of object shapes via 3D
        generative-adversarial modeling".
    """

    shape: tuple[int, ...]
    head: nn.Module = Bernoulli()
    features: tuple[int, ...] = (32, 16, 8)
    num_blocks: int = 1
    activation: Callable[[Array], Array] = nn.gelu

    @nn.compact
    def __call__(self, z: Array) -> dist.Distribution:
        """``z [batch, latent]`` -> p(x | z), a distribution (batch,) over voxels of ``shape``."""
        check_decoder_input("VoxelConvNet", z, self.shape, num_axes=3)
        tower = UpTower(self.shape, self.head.width, self.features, self.num_blocks, self.activation)
        return self.head(tower(z))


def recipe() -> list[tuple[nn.Module, int]]:
    """Examples for the laws of decoders, each with its number of latents."""
    return [(VoxelConvNet((3, 4, 5, 1), features=(4, 2)), 2)]
