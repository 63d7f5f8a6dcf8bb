"""Encode the positions of tokens for attention.

Each encoding is a module of two methods: ``embed(x [row, time, width], index [time])`` changes the input of
the first layer, and ``rotate(x [row, time, head, dim], index [time])`` the queries and keys of every layer.
"""

import flax.linen as nn
import jax.numpy as jnp

from jgen.types import Array


class LearnedPositions(nn.Module):
    """Learned position encoding: a vector for each position, added to the input.

    Attributes:
        length: Number of positions.
    """

    length: int

    @nn.compact
    def embed(self, x: Array, index: Array) -> Array:
        """Add the vectors of the positions."""
        return x + nn.Embed(self.length, x.shape[-1], name="places")(index)[None]

    def rotate(self, x: Array, index: Array) -> Array:  # noqa: ARG002
        """Return x unchanged."""
        return x


class RotaryPositions(nn.Module):
    r"""Rotary position encoding: attention depends on differences of positions.

    Pair i of d numbers is rotated by the angle :math:`t\, b^{-2i/d}` at position t; an inner product of a
    query at t and a key at s then depends on t - s alone. It has no parameters and no maximal length.

    Attributes:
        base: Base b of the angles.

    Reference:
        Su et al. (2021), "RoFormer: enhanced transformer with rotary position embedding", arXiv 2104.09864.
    """

    base: float = 10_000.0

    def embed(self, x: Array, index: Array) -> Array:  # noqa: ARG002
        """Return x unchanged."""
        return x

    def rotate(self, x: Array, index: Array) -> Array:
        """Rotate each pair, ``(x[i], x[i + dim/2])``.

        Raises:
            ValueError: If ``dim`` is odd.
        """
        dim = x.shape[-1]
        if dim % 2:
            raise ValueError(
                f"RotaryPositions rotates pairs, and a head has {dim} numbers: make width / num_heads even"
            )
        rate = self.base ** (-jnp.arange(0, dim, 2) / dim)  # [pair]
        angle = (index[:, None] * rate[None])[None, :, None]  # [1, time, 1, pair]
        cos, sin = jnp.cos(angle).astype(x.dtype), jnp.sin(angle).astype(x.dtype)
        first, second = jnp.split(x, 2, axis=-1)
        return jnp.concatenate([first * cos - second * sin, first * sin + second * cos], axis=-1)
