"""The implicit decoder: a function of place, which makes a grid of any resolution."""

import math
from collections.abc import Callable

import flax.linen as nn
import jax.numpy as jnp
import numpyro.distributions as dist

from jgen.decoders.heads.bernoulli import Bernoulli
from jgen.decoders.input_checks import check_decoder_input
from jgen.types import Array


class Occupancy(nn.Module):
    r"""What is at a place, from the place and the latent: :math:`f(p, z)` for every p of a grid, or any p.

    The grid divides the cube :math:`[-1, 1]^d` into cells and asks at their centres. No parameter depends on
    it: ``decoder.clone(shape=(64, 64, 64, 1))`` makes finer solids with the same parameters. A place is read
    as its coordinates and their sines and cosines, :math:`\sin 2^k \pi p, \cos 2^k \pi p`.

    Attributes:
        shape: ``(*space, channels)``, in any number of dimensions; one channel for occupancy.
        head: From raw numbers to the distribution (``jgen.decoders.heads``).
        hidden: The sizes of the hidden layers, all of which the latent enters.
        num_frequencies: How many k there are, from 0.
        activation: Between layers; a smooth one makes smooth solids.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> decoder = Occupancy((4, 4, 4, 1), hidden=(16,))
        >>> z = jnp.ones((5, 2))
        >>> law, params = jax.eval_shape(decoder.init_with_output, jax.random.key(0), z)
        >>> jax.eval_shape(decoder.clone(shape=(8, 8, 8, 1)).apply, params, z).event_shape
        (8, 8, 8, 1)
        >>> jax.eval_shape(decoder.apply, params, z, jnp.array([[0.1, 0.2, 0.3]])).event_shape
        (1, 1)

    Reference:
        Mescheder et al. (2019), "Occupancy networks"; Mildenhall et al. (2020), "NeRF", for the sines.
    """

    shape: tuple[int, ...]
    head: nn.Module = Bernoulli()
    hidden: tuple[int, ...] = (128, 128, 128)
    num_frequencies: int = 3
    activation: Callable[[Array], Array] = nn.gelu

    @nn.compact
    def __call__(self, z: Array, points: Array | None = None) -> dist.Distribution:
        """``z [batch, latent]`` -> p(x | z), a distribution (batch,) over x of ``shape``.

        With ``points [point, axis]``, in [-1, 1], it is one over ``[point, channel]`` instead.
        """
        check_decoder_input("Occupancy", z, self.shape)
        *space, channels = self.shape
        asked = cell_centres(*space) if points is None else points
        if asked.ndim != 2 or asked.shape[1] != len(space):
            raise ValueError(
                f"Occupancy takes points [point, {len(space)}], got an array of shape {asked.shape}"
            )
        h = waves(asked.astype(z.dtype), self.num_frequencies)[None]  # [1, point, feature]
        for size in self.hidden:
            h = self.activation(nn.Dense(size)(h) + nn.Dense(size, use_bias=False)(z)[:, None])
        raw = nn.Dense(channels * self.head.width)(h)  # [batch, point, channel x width]
        shape = self.shape if points is None else (len(asked), channels)
        return self.head(raw.reshape(-1, *shape, self.head.width))


def cell_centres(*sizes: int) -> Array:
    """Centres of the cells of [-1, 1]^d cut into a grid, ``[cell, axis]``, the last axis fastest.

    Example:
        >>> cell_centres(1, 2).tolist()
        [[0.0, -0.5], [0.0, 0.5]]
    """
    axes = [(2 * jnp.arange(size) + 1) / size - 1 for size in sizes]
    return jnp.stack(jnp.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(sizes))


def waves(points: Array, num_frequencies: int) -> Array:
    """Coordinates, and their sines and cosines: ``[point, axis] -> [point, axis x (1 + 2 frequencies)]``."""
    angles = [math.pi * 2**k * points for k in range(num_frequencies)]
    return jnp.concatenate([points, *map(jnp.sin, angles), *map(jnp.cos, angles)], axis=-1)


def recipe() -> list[tuple[nn.Module, int]]:
    """Examples for the laws of decoders, each with its number of latents."""
    return [(Occupancy((2, 3, 4, 1), hidden=(8, 6)), 2)]
