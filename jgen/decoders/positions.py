"""Ways for attention to know where a token stands; a module of two methods each.

``enter(x [row, time, width], index [time])`` changes what the first layer reads, and
``turn(x [row, time, head, dim], index [time])`` the queries and keys of every layer.
"""

import flax.linen as nn
import jax.numpy as jnp

from jgen.types import Array


class LearnedPositions(nn.Module):
    """A vector for each position, added to what is read there.

    Attributes:
        length: Positions there are.
    """

    length: int

    @nn.compact
    def enter(self, x: Array, index: Array) -> Array:
        """Adds the vectors of the positions."""
        return x + nn.Embed(self.length, x.shape[-1], name="places")(index)[None]

    def turn(self, x: Array, index: Array) -> Array:  # noqa: ARG002
        """The same vectors."""
        return x


class RotaryPositions(nn.Module):
    r"""Queries and keys turned by angles that grow with the position: attention sees differences.

    Pair i of d numbers is turned by :math:`t\, b^{-2i/d}` at position t; an inner product of a query at t and
    a key at s then depends on t - s alone. It learns nothing and knows no longest string.

    Attributes:
        base: b.

    Reference:
        Su et al. (2021), "RoFormer: enhanced transformer with rotary position embedding", arXiv 2104.09864.
    """

    base: float = 10_000.0

    def enter(self, x: Array, index: Array) -> Array:  # noqa: ARG002
        """The same vectors."""
        return x

    def turn(self, x: Array, index: Array) -> Array:
        """Turns each pair, ``(x[i], x[i + dim/2])``.

        Raises:
            ValueError: For an odd number of them.
        """
        dim = x.shape[-1]
        if dim % 2:
            raise ValueError(
                f"RotaryPositions turns pairs, and a head has {dim} numbers: make width / num_heads even"
            )
        rate = self.base ** (-jnp.arange(0, dim, 2) / dim)  # [pair]
        angle = (index[:, None] * rate[None])[None, :, None]  # [1, time, 1, pair]
        cos, sin = jnp.cos(angle).astype(x.dtype), jnp.sin(angle).astype(x.dtype)
        first, second = jnp.split(x, 2, axis=-1)
        return jnp.concatenate([first * cos - second * sin, first * sin + second * cos], axis=-1)
