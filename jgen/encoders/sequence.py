"""Encode token strings by a bidirectional recurrent network."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpyro.distributions as dist

from jgen.encoders.posteriors.diagonal_normal import DiagonalNormal
from jgen.types import Array


class SequenceEncoder(nn.Module):
    """Bidirectional recurrent encoder: the final states of a forward and a backward cell, then the posterior.

    Padding is not read: the posterior does not depend on its length.

    Attributes:
        latent_dim: Size of z.
        vocabulary: Number of different tokens, ``0 .. vocabulary - 1``.
        width: Width of the embedding.
        cell: Cell, any ``flax.linen.RNNCellBase`` over vectors; each direction has a copy.
        end: Token that ends a string and pads it, as in ``jgen.decoders``; None for none.
        posterior: Maps features to q(z | x) (``jgen.encoders.posteriors``).

    Example:
        >>> import jax, jax.numpy as jnp
        >>> encoder, x = SequenceEncoder(2, 5, width=8, cell=nn.GRUCell(8)), jnp.zeros((3, 6), int)
        >>> q, _ = jax.jit(encoder.init_with_output)(jax.random.key(0), x)
        >>> q.batch_shape, q.event_shape
        ((3,), (2,))

    Reference:
        Bowman et al. (2016), "Generating sentences from a continuous space", CoNLL.
    """

    latent_dim: int
    vocabulary: int
    width: int = 64
    cell: nn.RNNCellBase = nn.GRUCell(128)
    end: int | None = None
    posterior: nn.Module = DiagonalNormal()

    @nn.compact
    def __call__(self, x: Array) -> dist.Distribution:
        """Map tokens ``x [batch, length]`` to q(z | x), a distribution (batch,) over ``[latent_dim]``."""
        if x.ndim != 2 or not jnp.issubdtype(x.dtype, jnp.integer):
            raise ValueError(
                f"SequenceEncoder takes integers [batch, length], got {x.dtype} of shape {x.shape}: give one "
                "row to each string, x[None] for a single one"
            )
        tokens = nn.Embed(self.vocabulary, self.width, name="tokens")(x)  # [batch, length, width]
        size = jnp.full(x.shape[0], x.shape[1])
        if self.end is not None:
            stop = x == self.end
            size = jnp.where(stop.any(1), stop.argmax(1) + 1, size)  # [batch], with the first end
        carry = self.cell.initialize_carry(jax.random.key(0), tokens[:, 0].shape)
        carry = jax.tree.map(lambda leaf: leaf.astype(tokens.dtype), carry)
        forwards = nn.RNN(self.cell.clone(), name="forwards")
        backwards = nn.RNN(self.cell.clone(), reverse=True, name="backwards")
        states = [
            jnp.asarray(rnn(tokens, initial_carry=carry, seq_lengths=size)) for rnn in (forwards, backwards)
        ]
        last = [jnp.take_along_axis(h, size[:, None, None] - 1, axis=1)[:, 0] for h in states]
        return self.posterior(jnp.concatenate(last, axis=-1), self.latent_dim)


def recipe() -> list[tuple[nn.Module, Array]]:
    """Return examples for the checks of encoders, each with data for it."""
    x = jax.random.randint(jax.random.key(0), (3, 4), 0, 5)
    return [(SequenceEncoder(2, 5, width=4, cell=nn.GRUCell(6), end=1), x)]
