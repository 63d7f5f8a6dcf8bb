"""Score examples or latents by critic networks."""

from collections.abc import Callable

import flax.linen as nn

from jgen.encoders.down_convolution import DownTower
from jgen.encoders.input_checks import check_encoder_input
from jgen.types import Array


class MLPCritic(nn.Module):
    """Fully connected critic of data of any axes or of latents.

    It has no norm over the batch: the gradient penalty of ``wasserstein_gan`` treats examples separately.

    Attributes:
        hidden: Sizes of the hidden layers.
        activation: Activation between layers.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> critic = MLPCritic(hidden=(16,))
        >>> params = critic.init(jax.random.key(0), jnp.zeros((1, 2)))
        >>> critic.apply(params, jnp.ones((5, 2))).shape
        (5,)

    Reference:
        Gulrajani et al. (2017), "Improved training of Wasserstein GANs".
    """

    hidden: tuple[int, ...] = (256, 256)
    activation: Callable[[Array], Array] = nn.leaky_relu

    @nn.compact
    def __call__(self, value: Array) -> Array:
        """Map ``value [batch, ...]`` to scores ``[batch]``, higher for values that look real."""
        check_encoder_input("MLPCritic", value)
        h = value.reshape(value.shape[0], -1)
        for size in self.hidden:
            h = self.activation(nn.Dense(size)(h))
        return nn.Dense(1)(h)[:, 0]


class ConvCritic(nn.Module):
    """Critic of strided convolutions, of images, solids, or grids of any rank.

    Attributes:
        features: Channels at each resolution, fine to coarse, each resolution half the last.
        activation: Activation after each convolution.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> critic = ConvCritic(features=(4, 8))
        >>> params = critic.init(jax.random.key(0), jnp.zeros((1, 8, 8, 1)))
        >>> critic.apply(params, jnp.ones((5, 8, 8, 1))).shape
        (5,)
    """

    features: tuple[int, ...] = (32, 64)
    activation: Callable[[Array], Array] = nn.leaky_relu

    @nn.compact
    def __call__(self, value: Array) -> Array:
        """Map ``value [batch, *space, channel]`` to scores ``[batch]``, higher for values that look real."""
        check_encoder_input("ConvCritic", value, spatial=True)
        return nn.Dense(1)(DownTower(self.features, self.activation)(value))[:, 0]
