"""Map a grid of any rank to features by strided convolutions."""

from collections.abc import Callable

import flax.linen as nn

from jgen._internal.convolution import Conv
from jgen.types import Array


class DownTower(nn.Module):
    """Tower of convolutions of width 3 and stride 2; the last grid is flattened to features.

    Attributes:
        features: Channels at each resolution, fine to coarse.
        activation: Activation after each convolution.
    """

    features: tuple[int, ...]
    activation: Callable[[Array], Array]

    @nn.compact
    def __call__(self, x: Array) -> Array:
        """Map ``x [batch, *space, channel]`` to ``[batch, feature]``."""
        axes = x.ndim - 2
        for features in self.features:
            x = self.activation(Conv(features, (3,) * axes, (2,) * axes)(x))
        return x.reshape(x.shape[0], -1)
