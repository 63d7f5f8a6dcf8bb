"""Decode latents to images or solids by up-convolutions."""

from collections.abc import Callable

import flax.linen as nn
import numpyro.distributions as dist

from jgen.decoders.heads.bernoulli import Bernoulli
from jgen.decoders.input_checks import check_decoder_input
from jgen.decoders.up_convolution import UpTower
from jgen.types import Array


class ConvNet(nn.Module):
    """Decoder of residual up-convolutions, from a coarse grid to an image, a solid, or a grid of any rank.

    Attributes:
        shape: ``(*space, channels)``, of any rank and sizes: ``(28, 28, 1)`` for images,
            ``(16, 16, 16, 1)`` for solids.
        head: Maps raw numbers to the distribution (``jgen.decoders.heads``).
        features: Channels at each resolution, coarse to fine, each resolution twice the last: three of them
            make a 28 x 28 image out of 7 x 7. Fewer channels suffice for solids.
        num_blocks: Residual blocks at each resolution.
        activation: Between convolutions.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> decoder = ConvNet((8, 8, 1), features=(8, 4))
        >>> pixels, _ = jax.eval_shape(decoder.init_with_output, jax.random.key(0), jnp.zeros((5, 2)))
        >>> pixels.batch_shape, pixels.event_shape
        ((5,), (8, 8, 1))

    Reference:
        He, Zhang, Ren and Sun (2016), "Identity mappings in deep residual networks"; Wu et al. (2016),
        "Learning a probabilistic latent space of object shapes via 3D generative-adversarial modeling".
    """

    shape: tuple[int, ...]
    head: nn.Module = Bernoulli()
    features: tuple[int, ...] = (64, 32, 16)
    num_blocks: int = 1
    activation: Callable[[Array], Array] = nn.gelu

    @nn.compact
    def __call__(self, z: Array) -> dist.Distribution:
        """Map ``z [batch, latent]`` to p(x | z), a distribution (batch,) over x of ``shape``."""
        check_decoder_input("ConvNet", z, self.shape, spatial=True)
        tower = UpTower(self.shape, self.head.width, self.features, self.num_blocks, self.activation)
        return self.head(tower(z))


def recipe() -> list[tuple[nn.Module, int]]:
    """Return examples for the checks of decoders, each with its latent size."""
    return [(ConvNet((7, 5, 2), features=(6, 4)), 2), (ConvNet((3, 4, 5, 1), features=(4, 2)), 2)]
