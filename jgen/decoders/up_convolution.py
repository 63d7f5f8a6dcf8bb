"""Map a latent to a grid of any rank by up-convolutions, each resolution twice the last."""

import math
from collections.abc import Callable

import flax.linen as nn
import jax
import jax.numpy as jnp

from jgen._internal.convolution import Conv
from jgen.types import Array


class Residual(nn.Module):
    """Residual block x + F(x): F is two convolutions, each after an RMSNorm and an activation."""

    activation: Callable[[Array], Array]

    @nn.compact
    def __call__(self, x: Array) -> Array:
        """Apply the block to ``x [batch, *space, channel]``."""
        h = x
        for _ in range(2):
            h = self.activation(nn.RMSNorm()(h))
            h = Conv(x.shape[-1], (3,) * (x.ndim - 2))(h)
        return x + h


class UpTower(nn.Module):
    """Tower of a dense layer onto the coarsest grid, then residual blocks and up-convolutions in turn.

    A grid is half the next one, rounded up, and the excess after doubling is cut off, so sizes are free. An
    up-convolution repeats each cell and then convolves: it leaves no checkerboard, and where XLA has no fast
    transposed convolution (a CPU) it costs a half to a quarter of one.

    Attributes:
        shape: ``(*space, channels)``.
        width: Raw numbers for each element of ``shape``.
        features: Channels at each resolution, coarse to fine.
        num_blocks: Number of residual blocks at each resolution.
        activation: Activation between convolutions.

    Reference:
        Odena, Dumoulin and Olah (2016), "Deconvolution and checkerboard artifacts".
    """

    shape: tuple[int, ...]
    width: int
    features: tuple[int, ...]
    num_blocks: int
    activation: Callable[[Array], Array]

    @nn.compact
    def __call__(self, z: Array) -> Array:
        """Map ``z [batch, latent]`` to ``[batch, *shape, width]``."""
        *space, channels = self.shape
        sizes = [[-(-size // 2**level) for size in space] for level in range(len(self.features))][::-1]
        coarse = (*sizes[0], self.features[0])
        h = nn.Dense(math.prod(coarse))(z).reshape(-1, *coarse)
        for level, (size, features) in enumerate(zip(sizes, self.features, strict=True)):
            if level:
                for axis, length in enumerate(size, 1):
                    h = jax.lax.slice_in_dim(jnp.repeat(h, 2, axis), 0, length, axis=axis)
                h = Conv(features, (3,) * len(space))(h)
            for _ in range(self.num_blocks):
                h = Residual(self.activation)(h)
        h = self.activation(nn.RMSNorm()(h))
        raw = Conv(channels * self.width, (3,) * len(space))(h)
        return raw.reshape(-1, *self.shape, self.width)
