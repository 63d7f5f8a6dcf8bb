"""Decode latents to token strings by a causal Transformer with a cache of keys and values."""

import flax.linen as nn
import jax.numpy as jnp
from jax.lax import dynamic_update_slice_in_dim

from jgen.decoders.positions import LearnedPositions, RotaryPositions
from jgen.decoders.sequence_distribution import Strings, TokenEmbedding, strings
from jgen.types import Array, PyTree


class Transformer(nn.Module):
    r"""Causal Transformer decoder of token strings, given a latent.

    The input at position t is the embedded token before it plus a projection of z; each block then adds

    .. math:: x \mathrel{+}= \mathrm{Attention}(\mathrm{LayerNorm}(x)), \quad
        x \mathrel{+}= \mathrm{MLP}(\mathrm{LayerNorm}(x)),

    where position t attends to positions up to t; :math:`p(x_t \mid x_{<t}, z)` is the softmax of a linear
    map of the last LayerNorm. For a known string all positions are one pass. A draw caches the keys and
    values of earlier positions, so that each of its ``length`` steps costs one position's share of a pass: a
    draw needs as many multiplications as a ``log_prob``.

    Attributes:
        length: Number of tokens of a string.
        vocabulary: Number of different tokens, ``0 .. vocabulary - 1``.
        width: Width of each position, divisible by ``num_heads``.
        num_layers: Number of blocks.
        num_heads: Number of heads of each attention.
        positions: Position encoding: ``RotaryPositions()`` or ``LearnedPositions(length)``.
        end: Token that ends a string and pads it (see ``Strings``); None for none.

    Returns:
        Called with ``z [*batch, latent]``, a distribution over ``[length]``, ``Strings``. A latent of size 0
        makes it a language model.

    Raises:
        ValueError: If ``width`` is no multiple of ``num_heads``.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from jgen.models.flax_functions import apply_of, init_of
        >>> network = Transformer(length=6, vocabulary=4, width=8, num_layers=1, num_heads=2)
        >>> z = jnp.ones((3, 2))
        >>> words = apply_of(network)(init_of(network, z)(jax.random.key(0)), z)
        >>> words.batch_shape, words.event_shape
        ((3,), (6,))

    Reference:
        Vaswani et al. (2017), "Attention is all you need", NeurIPS;
        Xiong et al. (2020), "On layer normalization in the Transformer architecture", ICML.
    """

    length: int
    vocabulary: int
    width: int = 128
    num_layers: int = 2
    num_heads: int = 4
    positions: nn.Module = RotaryPositions()
    end: int | None = None

    def setup(self) -> None:
        """Make the layers."""
        if self.width % self.num_heads:
            raise ValueError(
                f"Transformer: width is {self.width} and num_heads {self.num_heads}: the heads share the "
                "width, so it must be a multiple of them"
            )
        self.reading = TokenEmbedding(self.vocabulary, self.width)
        self.blocks = [Block(self.num_heads, self.positions) for _ in range(self.num_layers)]
        self.last_norm = nn.LayerNorm()
        self.logits = nn.Dense(self.vocabulary)

    def __call__(self, z: Array) -> Strings:
        """Map ``z [*batch, latent]`` to a distribution (batch,) over ``[length]``."""
        return strings(self, z)

    def all_logits(self, z: Array, before: Array) -> Array:
        """Compute logits ``[row, length, vocabulary]`` of all positions from the tokens before them."""
        return self._advance(z, self.start(z), before)[1]

    def start(self, z: Array) -> PyTree:
        """Return an empty cache of keys and values ``[row, length, head, dim]`` a block, and position 0."""
        dtype = self.reading(z, jnp.zeros((z.shape[0], 1), int)).dtype
        shape = (z.shape[0], self.length, self.num_heads, self.width // self.num_heads)
        zeros = jnp.zeros(shape, dtype)
        return tuple((zeros, zeros) for _ in range(self.num_layers)), jnp.zeros((), int)

    def step(self, z: Array, memory: PyTree, before: Array) -> tuple[PyTree, Array]:
        """Compute one position: the memory after it and its logits ``[row, vocabulary]``."""
        memory, logits = self._advance(z, memory, before[:, None])
        return memory, logits[:, 0]

    def _advance(self, z: Array, memory: PyTree, before: Array) -> tuple[PyTree, Array]:
        """Compute further positions ``before [row, time]``: the memory after them, their logits."""
        caches, index = memory
        index = index + jnp.arange(before.shape[1])  # [time]
        x = self.positions.embed(self.reading(z, before), index)  # [row, time, width]
        after = []
        for block, cache in zip(self.blocks, caches, strict=True):
            x, cache = block(x, cache, index)
            after.append(cache)
        return (tuple(after), index[-1] + 1), self.logits(self.last_norm(x))


class Block(nn.Module):
    """Transformer block: attention to earlier positions, then an MLP, each after a LayerNorm and residual.

    Attributes:
        num_heads: Number of heads of the attention.
        positions: Position encoding.
    """

    num_heads: int
    positions: nn.Module

    @nn.compact
    def __call__(
        self, x: Array, cache: tuple[Array, Array], index: Array
    ) -> tuple[Array, tuple[Array, Array]]:
        """Apply the block to ``x [row, time, width]`` at positions ``index``; return x and the new cache."""
        width, dim = x.shape[-1], x.shape[-1] // self.num_heads
        normal = nn.LayerNorm(name="attention_norm")(x)
        query, key, value = (
            nn.DenseGeneral((self.num_heads, dim), name=name)(normal) for name in ("query", "key", "value")
        )  # [row, time, head, dim]
        query, key = self.positions.rotate(query, index), self.positions.rotate(key, index)
        keys, values = (
            dynamic_update_slice_in_dim(old, new.astype(old.dtype), index[0], axis=1)
            for old, new in zip(cache, (key, value), strict=True)
        )  # [row, length, head, dim]
        earlier = jnp.arange(keys.shape[1])[None] <= index[:, None]  # [time, length]
        attended = nn.dot_product_attention(query, keys, values, mask=earlier[None, None])
        x = x + nn.DenseGeneral(width, axis=(-2, -1), name="attention")(attended)
        hidden = nn.gelu(nn.Dense(4 * width, name="hidden")(nn.LayerNorm(name="mlp_norm")(x)))
        return x + nn.Dense(width, name="mlp")(hidden), (keys, values)


def recipe() -> list[tuple[nn.Module, int]]:
    """Return examples for the checks of decoders, each with its latent size."""
    rotary = Transformer(length=4, vocabulary=3, width=4, num_layers=2, num_heads=2)
    return [(rotary, 2), (rotary.clone(positions=LearnedPositions(4), end=2), 3)]
