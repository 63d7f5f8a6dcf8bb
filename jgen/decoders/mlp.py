"""Decode latents by a fully connected network of any depth."""

import math
from collections.abc import Callable

import flax.linen as nn
import numpyro.distributions as dist

from jgen.decoders.heads.bernoulli import Bernoulli
from jgen.decoders.input_checks import check_decoder_input
from jgen.types import Array


class MLP(nn.Module):
    r"""Fully connected decoder: layers :math:`h_{l+1} = a(W_l h_l + b_l)`, then the head.

    Without hidden layers it is linear, and with a ``NormalShared`` head probabilistic PCA.

    Attributes:
        shape: Shape of x, ``(64,)`` or ``(8, 8, 1)``; the network does not use its axes.
        head: Maps raw numbers to the distribution (``jgen.decoders.heads``).
        hidden: Sizes of the hidden layers.
        activation: Activation between layers.

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
        """Map ``z [batch, latent]`` to p(x | z), a distribution (batch,) over x of ``shape``."""
        check_decoder_input("MLP", z, self.shape)
        h = z
        for size in self.hidden:
            h = self.activation(nn.Dense(size)(h))
        raw = nn.Dense(math.prod(self.shape) * self.head.width)(h)
        return self.head(raw.reshape(-1, *self.shape, self.head.width))


def recipe() -> list[tuple[nn.Module, int]]:
    """Return examples for the checks of decoders, each with its latent size."""
    return [(MLP((3, 3, 1), hidden=(8,)), 2), (MLP((5,), hidden=()), 3), (MLP((4,), hidden=(6, 5)), 2)]
