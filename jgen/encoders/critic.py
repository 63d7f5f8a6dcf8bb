"""Critics: how real something looks, as one number."""

from collections.abc import Callable

import flax.linen as nn

from jgen.encoders.down_convolution import DownTower
from jgen.encoders.input_checks import check_encoder_input
from jgen.types import Array


class MLPCritic(nn.Module):
    """Layers of weights between activations, of data of any axes or of latents.

    There is no norm over the batch: the gradient penalty of Wasserstein's game is one example's own.

    Attributes:
        hidden: The sizes of the hidden layers.
        activation: Between layers.

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
        """``value [batch, ...] -> score [batch]``, higher for what looks real."""
        check_encoder_input("MLPCritic", value)
        h = value.reshape(value.shape[0], -1)
        for size in self.hidden:
            h = self.activation(nn.Dense(size)(h))
        return nn.Dense(1)(h)[:, 0]


class ConvCritic(nn.Module):
    """A tower of strided convolutions, of images or, with one more axis, of solids.

    Attributes:
        features: Channels at each resolution, fine to coarse, each half the last.
        activation: After each convolution.

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
        """``value [batch, *space, channel] -> score [batch]``, higher for what looks real."""
        check_encoder_input("ConvCritic", value, num_axes=max(1, value.ndim - 2))
        return nn.Dense(1)(DownTower(self.features, self.activation)(value))[:, 0]
