"""Strided convolutions in any number of dimensions: from a grid to features."""

from collections.abc import Callable

import flax.linen as nn

from jgen._internal.convolution import Conv
from jgen.types import Array


class DownTower(nn.Module):
    """Convolutions 3 wide in steps of 2, each resolution half the last; the last one is read as features.

    Attributes:
        features: Channels at each resolution, fine to coarse.
        activation: After each convolution.
    """

    features: tuple[int, ...]
    activation: Callable[[Array], Array]

    @nn.compact
    def __call__(self, x: Array) -> Array:
        """``[batch, *space, channel] -> [batch, feature]``."""
        axes = x.ndim - 2
        for features in self.features:
            x = self.activation(Conv(features, (3,) * axes, (2,) * axes)(x))
        return x.reshape(x.shape[0], -1)
