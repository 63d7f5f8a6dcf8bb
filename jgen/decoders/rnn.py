"""Decode latents to token strings by a recurrent network."""

import flax.linen as nn
import jax
import jax.numpy as jnp

from jgen.decoders.sequence_distribution import Strings, TokenEmbedding, strings
from jgen.types import Array, PyTree


class RNN(nn.Module):
    r"""Recurrent decoder of token strings: a stack of cells, given a latent.

    .. math:: h_t = \mathrm{cell}(h_{t-1},\; E_{x_{t-1}} + W z), \qquad
        p(x_t \mid x_{<t}, z) = \mathrm{softmax}(V h_t + c),

    where :math:`x_0` is a start token. The memory of a step is the state of the cells, whose size does not
    grow with the string.

    Attributes:
        length: Number of tokens of a string.
        vocabulary: Number of different tokens, ``0 .. vocabulary - 1``.
        width: Width of the embedding E.
        cells: Cells from the lowest: any ``flax.linen.RNNCellBase`` over vectors, such as
            ``nn.GRUCell(128)`` or ``nn.OptimizedLSTMCell(128)``.
        end: Token that ends a string and pads it (see ``Strings``); None for none.

    Returns:
        Called with ``z [*batch, latent]``, a distribution over ``[length]``, ``Strings``. A latent of size 0
        makes it a language model.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from jgen.models.flax_functions import apply_of, init_of
        >>> network = RNN(length=6, vocabulary=4, width=8, cells=(nn.GRUCell(8),))
        >>> z = jnp.ones((3, 2))
        >>> words = apply_of(network)(init_of(network, z)(jax.random.key(0)), z)
        >>> words.batch_shape, words.event_shape
        ((3,), (6,))

    Reference:
        Bowman et al. (2016), "Generating sentences from a continuous space", CoNLL;
        Cho et al. (2014), "Learning phrase representations using RNN encoder-decoder", EMNLP.
    """

    length: int
    vocabulary: int
    width: int = 64
    cells: tuple[nn.RNNCellBase, ...] = (nn.GRUCell(128),)
    end: int | None = None

    def setup(self) -> None:
        """Make the layers."""
        self.reading = TokenEmbedding(self.vocabulary, self.width)
        self.layers = [nn.RNN(cell) for cell in self.cells]
        self.logits = nn.Dense(self.vocabulary)

    def __call__(self, z: Array) -> Strings:
        """Map ``z [*batch, latent]`` to a distribution (batch,) over ``[length]``."""
        return strings(self, z)

    def all_logits(self, z: Array, before: Array) -> Array:
        """Compute logits ``[row, length, vocabulary]`` of all positions from the tokens before them."""
        x = self.reading(z, before)  # [row, length, width]
        for layer in self.layers:
            x = jnp.asarray(layer(x, initial_carry=_initial_carry(layer.cell, x[:, 0])))
        return self.logits(x)

    def start(self, z: Array) -> PyTree:
        """Return the state of the cells before the first token."""
        x = self.reading(z, jnp.zeros((z.shape[0], 1), int))[:, 0]  # [row, width], for its precision
        return tuple(_initial_carry(layer.cell, x) for layer in self.layers)

    def step(self, z: Array, memory: PyTree, before: Array) -> tuple[PyTree, Array]:
        """Compute one position: the memory after it and its logits ``[row, vocabulary]``."""
        x = self.reading(z, before[:, None])[:, 0]  # [row, width]
        after = []
        for layer, carry in zip(self.layers, memory, strict=True):
            carry, x = layer.cell(carry, x)
            after.append(carry)
        return tuple(after), self.logits(x)


def _initial_carry(cell: nn.RNNCellBase, x: Array) -> PyTree:
    """Return the initial state of a cell, in the precision of its input."""
    carry = cell.initialize_carry(jax.random.key(0), x.shape)
    return jax.tree.map(lambda leaf: leaf.astype(x.dtype), carry)


def recipe() -> list[tuple[nn.Module, int]]:
    """Return examples for the checks of decoders, each with its latent size."""
    two = (nn.OptimizedLSTMCell(5), nn.GRUCell(6))
    one = RNN(length=4, vocabulary=3, width=4, cells=(nn.GRUCell(5),))
    return [(one, 2), (one.clone(cells=two, end=2), 3)]
