"""A causal Transformer over token strings, with a memory of keys and values."""

import flax.linen as nn
import jax.numpy as jnp
from jax.lax import dynamic_update_slice_in_dim

from jgen.decoders.positions import LearnedPositions, RotaryPositions
from jgen.decoders.sequence_distribution import Reading, Strings, strings
from jgen.types import Array, PyTree


class Transformer(nn.Module):
    r"""Strings of tokens by causal self-attention, given a latent.

    What is read at position t is the token before it plus a projection of z; then each block adds to it

    .. math:: x \mathrel{+}= \mathrm{Attention}(\mathrm{LayerNorm}(x)), \quad
        x \mathrel{+}= \mathrm{MLP}(\mathrm{LayerNorm}(x)),

    where position t attends to positions up to t; :math:`p(x_t \mid x_{<t}, z)` is the softmax of a linear
    map of the end, normalised once more. All positions are one pass where the string is known. A draw keeps
    the keys and values of the positions behind it, so that each of its ``length`` steps costs one position's
    share of a pass: a draw is as many multiplications as a ``log_prob``.

    Attributes:
        length: Tokens of a string.
        vocabulary: Tokens there are, ``0 .. vocabulary - 1``.
        width: Numbers a position, divisible by ``num_heads``.
        num_layers: Blocks.
        num_heads: Heads of each attention.
        positions: How attention knows where a token stands: ``RotaryPositions()`` or
            ``LearnedPositions(length)``.
        end: The token that ends a string and pads it (see ``Strings``); None where there is none.

    Returns:
        Called with ``z [*batch, latent]``, a distribution over ``[length]``, ``Strings``. A latent of size 0
        makes it a language model.

    Raises:
        ValueError: For a width that the heads cannot share.

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
        """Parts that all methods share."""
        if self.width % self.num_heads:
            raise ValueError(
                f"Transformer: width is {self.width} and num_heads {self.num_heads}: the heads share the "
                "width, so it must be a multiple of them"
            )
        self.reading = Reading(self.vocabulary, self.width)
        self.blocks = [Block(self.num_heads, self.positions) for _ in range(self.num_layers)]
        self.last_norm = nn.LayerNorm()
        self.logits = nn.Dense(self.vocabulary)

    def __call__(self, z: Array) -> Strings:
        """``z [*batch, latent]`` -> a distribution (batch,) over ``[length]``."""
        return strings(self, z)

    def teach(self, z: Array, before: Array) -> Array:
        """Logits ``[row, length, vocabulary]`` of all positions, given the tokens before them."""
        return self._read(z, self.start(z), before)[1]

    def start(self, z: Array) -> PyTree:
        """No keys and values ``[row, length, head, dim]`` of each block yet, and position 0."""
        dtype = self.reading(z, jnp.zeros((z.shape[0], 1), int)).dtype
        shape = (z.shape[0], self.length, self.num_heads, self.width // self.num_heads)
        nothing = jnp.zeros(shape, dtype)
        return tuple((nothing, nothing) for _ in range(self.num_layers)), jnp.zeros((), int)

    def step(self, z: Array, memory: PyTree, before: Array) -> tuple[PyTree, Array]:
        """One position: the memory after it and its logits ``[row, vocabulary]``."""
        memory, logits = self._read(z, memory, before[:, None])
        return memory, logits[:, 0]

    def _read(self, z: Array, memory: PyTree, before: Array) -> tuple[PyTree, Array]:
        """Some more positions ``before [row, time]``: the memory after them, their logits."""
        kept, index = memory
        index = index + jnp.arange(before.shape[1])  # [time]
        x = self.positions.enter(self.reading(z, before), index)  # [row, time, width]
        after = []
        for block, own in zip(self.blocks, kept, strict=True):
            x, own = block(x, own, index)
            after.append(own)
        return (tuple(after), index[-1] + 1), self.logits(self.last_norm(x))


class Block(nn.Module):
    """Attention to what is behind, then an MLP, each added to what it normalises first.

    Attributes:
        num_heads: Heads of the attention.
        positions: How it knows where a token stands.
    """

    num_heads: int
    positions: nn.Module

    @nn.compact
    def __call__(
        self, x: Array, kept: tuple[Array, Array], index: Array
    ) -> tuple[Array, tuple[Array, Array]]:
        """``x [row, time, width]`` at positions ``index``, after those whose keys and values are kept."""
        width, dim = x.shape[-1], x.shape[-1] // self.num_heads
        normal = nn.LayerNorm(name="attention_norm")(x)
        query, key, value = (
            nn.DenseGeneral((self.num_heads, dim), name=name)(normal) for name in ("query", "key", "value")
        )  # [row, time, head, dim]
        query, key = self.positions.turn(query, index), self.positions.turn(key, index)
        keys, values = (
            dynamic_update_slice_in_dim(old, new.astype(old.dtype), index[0], axis=1)
            for old, new in zip(kept, (key, value), strict=True)
        )  # [row, length, head, dim]
        behind = jnp.arange(keys.shape[1])[None] <= index[:, None]  # [time, length]
        seen = nn.dot_product_attention(query, keys, values, mask=behind[None, None])
        x = x + nn.DenseGeneral(width, axis=(-2, -1), name="attention")(seen)
        hidden = nn.gelu(nn.Dense(4 * width, name="hidden")(nn.LayerNorm(name="mlp_norm")(x)))
        return x + nn.Dense(width, name="mlp")(hidden), (keys, values)


def recipe() -> list[tuple[nn.Module, int]]:
    """Examples for the laws of decoders, each with its number of latents."""
    rotary = Transformer(length=4, vocabulary=3, width=4, num_layers=2, num_heads=2)
    return [(rotary, 2), (rotary.clone(positions=LearnedPositions(4), end=2), 3)]
