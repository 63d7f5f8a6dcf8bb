"""The fully connected decoder, of any depth."""

import math
from collections.abc import Callable

import flax.linen as nn
import numpyro.distributions as dist

from jgen.decoders.heads.bernoulli import Bernoulli
from jgen.decoders.input_checks import check_decoder_input
from jgen.types import Array


class MLP(nn.Module):
    r"""Layers of weights between activations: :math:`h_{l+1} = a(W_l h_l + b_l)`, then the head.

    Without hidden layers it is linear, and with a ``NormalShared`` head probabilistic PCA.

    Attributes:
        shape: That of x, ``(64,)`` or ``(8, 8, 1)``; the network knows nothing of its axes.
        head: From raw numbers to the distribution (``jgen.decoders.heads``).
        hidden: The sizes of the hidden layers.
        activation: Between them.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> decoder = MLP((8, 8, 1), hidden=(32,))
        >>> params = decoder.init(jax.random.key(0), jnp.zeros((1, 2)))
        >>> pixels = decoder.apply(params, jnp.ones((5, 2)))
        >>> pixels.batch_shape, pixels.event_shape
        ((5,), (8, 8, 1))
    """

    shape: tuple[int, ...]
    head: nn.Module = Bernoulli()
    hidden: tuple[int, ...] = (256, 256)
    activation: Callable[[Array], Array] = nn.gelu

    @nn.compact
    def __call__(self, z: Array) -> dist.Distribution:
        """``z [batch, latent]`` -> p(x | z), a distribution (batch,) over x of ``shape``."""
        check_decoder_input("MLP", z, self.shape)
        h = z
        for size in self.hidden:
            h = self.activation(nn.Dense(size)(h))
        raw = nn.Dense(math.prod(self.shape) * self.head.width)(h)
        return self.head(raw.reshape(-1, *self.shape, self.head.width))


def recipe() -> list[tuple[nn.Module, int]]:
    """Examples for the laws of decoders, each with its number of latents."""
    return [(MLP((3, 3, 1), hidden=(16, 8)), 2), (MLP((5,), hidden=()), 3)]
