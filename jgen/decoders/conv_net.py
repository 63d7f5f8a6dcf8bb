"""The convolutional decoder of images."""

from collections.abc import Callable

import flax.linen as nn
import numpyro.distributions as dist

from jgen.decoders.heads.bernoulli import Bernoulli
from jgen.decoders.input_checks import check_decoder_input
from jgen.decoders.up_convolution import UpTower
from jgen.types import Array


class ConvNet(nn.Module):
    """A residual tower of up-convolutions from a coarse grid to the image.

    Attributes:
        shape: ``(height, width, channels)``, of any sizes.
        head: From raw numbers to the distribution (``jgen.decoders.heads``).
        features: Channels at each resolution, coarse to fine, each twice the last: three of them make a
            28 x 28 image out of 7 x 7.
        num_blocks: Residual blocks at each resolution.
        activation: Between convolutions.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> decoder = ConvNet((8, 8, 1), features=(8, 4))
        >>> law, _ = jax.eval_shape(decoder.init_with_output, jax.random.key(0), jnp.zeros((5, 2)))
        >>> law.batch_shape, law.event_shape
        ((5,), (8, 8, 1))

    Reference:
        He, Zhang, Ren and Sun (2016), "Identity mappings in deep residual networks".
    """

    shape: tuple[int, ...]
    head: nn.Module = Bernoulli()
    features: tuple[int, ...] = (64, 32, 16)
    num_blocks: int = 1
    activation: Callable[[Array], Array] = nn.gelu

    @nn.compact
    def __call__(self, z: Array) -> dist.Distribution:
        """``z [batch, latent]`` -> p(x | z), a distribution (batch,) over images of ``shape``."""
        check_decoder_input("ConvNet", z, self.shape, num_axes=2)
        tower = UpTower(self.shape, self.head.width, self.features, self.num_blocks, self.activation)
        return self.head(tower(z))


def recipe() -> list[tuple[nn.Module, int]]:
    """Examples for the laws of decoders, each with its number of latents."""
    return [(ConvNet((7, 5, 2), features=(6, 4)), 2)]
