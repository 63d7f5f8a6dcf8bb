"""A recurrent encoder of token strings, read from both ends."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpyro.distributions as dist

from jgen.encoders.posteriors.diagonal_normal import DiagonalNormal
from jgen.types import Array


class SequenceEncoder(nn.Module):
    """What one cell holds after it has read the string forwards, beside what another read backwards.

    What pads a string is not read: the posterior does not depend on how much of it there is.

    Attributes:
        latent_dim: Size of z.
        vocabulary: Tokens there are, ``0 .. vocabulary - 1``.
        width: Of the embedding.
        cell: The cell, as a value: any ``flax.linen.RNNCellBase`` over vectors; each direction has its own.
        end: The token that ends a string and pads it, as in ``jgen.decoders``; None where there is none.
        posterior: From features to q(z | x) (``jgen.encoders.posteriors``).

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
        """Tokens ``x [batch, length]`` -> q(z | x), a distribution (batch,) over ``[latent_dim]``."""
        if x.ndim != 2 or not jnp.issubdtype(x.dtype, jnp.integer):
            raise ValueError(
                f"SequenceEncoder takes integers [batch, length], got {x.dtype} of shape {x.shape}: give one "
                "row to each string, x[None] for a single one"
            )
        read = nn.Embed(self.vocabulary, self.width, name="tokens")(x)  # [batch, length, width]
        size = jnp.full(x.shape[0], x.shape[1])
        if self.end is not None:
            stop = x == self.end
            size = jnp.where(stop.any(1), stop.argmax(1) + 1, size)  # [batch], with the first end
        rest = self.cell.initialize_carry(jax.random.key(0), read[:, 0].shape)
        rest = jax.tree.map(lambda leaf: leaf.astype(read.dtype), rest)
        forwards = nn.RNN(self.cell.clone(), name="forwards")
        backwards = nn.RNN(self.cell.clone(), reverse=True, name="backwards")
        held = [jnp.asarray(way(read, initial_carry=rest, seq_lengths=size)) for way in (forwards, backwards)]
        last = [jnp.take_along_axis(h, size[:, None, None] - 1, axis=1)[:, 0] for h in held]
        return self.posterior(jnp.concatenate(last, axis=-1), self.latent_dim)


def recipe() -> list[tuple[nn.Module, Array]]:
    """Examples for the laws of encoders, each with data for it."""
    x = jax.random.randint(jax.random.key(0), (3, 4), 0, 5)
    return [(SequenceEncoder(2, 5, width=4, cell=nn.GRUCell(6), end=1), x)]
