"""Decode latents to functions of position, evaluated on a grid of any resolution."""

import math
from collections.abc import Callable

import flax.linen as nn
import jax.numpy as jnp
import numpyro.distributions as dist

from jgen.decoders.heads.bernoulli import Bernoulli
from jgen.decoders.input_checks import check_decoder_input
from jgen.types import Array


class Occupancy(nn.Module):
    r"""Implicit decoder: a function :math:`f(p, z)` of position and latent, for every p of a grid, or any p.

    The grid divides the cube :math:`[-1, 1]^d` into cells and f is evaluated at their centres. No parameter
    depends on it: ``decoder.clone(shape=(64, 64, 64, 1))`` makes finer solids with the same parameters. The
    network reads coordinates and their sines and cosines, :math:`\sin 2^k \pi p, \cos 2^k \pi p`.

    Attributes:
        shape: ``(*space, channels)``, in any number of dimensions; one channel for occupancy.
        head: Maps raw numbers to the distribution (``jgen.decoders.heads``).
        hidden: Sizes of the hidden layers; the latent enters each.
        num_frequencies: Number of frequencies, k from 0.
        activation: Activation between layers; a smooth one makes smooth solids.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> decoder = Occupancy((4, 4, 4, 1), hidden=(16,))
        >>> z = jnp.ones((5, 2))
        >>> _, params = jax.eval_shape(decoder.init_with_output, jax.random.key(0), z)
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
        """Map ``z [batch, latent]`` to p(x | z), a distribution (batch,) over x of ``shape``.

        With ``points [point, axis]``, in [-1, 1], it is a distribution over ``[point, channel]`` instead.
        """
        check_decoder_input("Occupancy", z, self.shape)
        *space, channels = self.shape
        positions = cell_centres(*space) if points is None else points
        if positions.ndim != 2 or positions.shape[1] != len(space):
            raise ValueError(
                f"Occupancy takes points [point, {len(space)}], got an array of shape {positions.shape}"
            )
        h = frequency_features(positions.astype(z.dtype), self.num_frequencies)[None]  # [1, point, feature]
        for size in self.hidden:
            h = self.activation(nn.Dense(size)(h) + nn.Dense(size, use_bias=False)(z)[:, None])
        raw = nn.Dense(channels * self.head.width)(h)  # [batch, point, channel x width]
        shape = self.shape if points is None else (len(positions), channels)
        return self.head(raw.reshape(-1, *shape, self.head.width))


def cell_centres(*sizes: int) -> Array:
    """Return the centres of the cells of a grid on [-1, 1]^d, ``[cell, axis]``, the last axis fastest.

    Example:
        >>> cell_centres(1, 2).tolist()
        [[0.0, -0.5], [0.0, 0.5]]
    """
    axes = [(2 * jnp.arange(size) + 1) / size - 1 for size in sizes]
    return jnp.stack(jnp.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(sizes))


def frequency_features(points: Array, num_frequencies: int) -> Array:
    """Append sines and cosines: ``[point, axis] -> [point, axis x (1 + 2 frequencies)]``."""
    angles = [math.pi * 2**k * points for k in range(num_frequencies)]
    return jnp.concatenate([points, *map(jnp.sin, angles), *map(jnp.cos, angles)], axis=-1)


def recipe() -> list[tuple[nn.Module, int]]:
    """Return examples for the checks of decoders, each with its latent size."""
    return [(Occupancy((2, 3, 4, 1), hidden=(8, 6)), 2)]
