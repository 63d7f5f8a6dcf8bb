"""Every law, on one decoder or encoder."""

import flax.linen as nn
import jax

from jgen.testing.network_checks import hold_to_laws
from jgen.types import Key, PyTree

ROWS = 3


def check_decoder(module: nn.Module, latent_dim: int, *, key: Key | None = None) -> tuple[str, ...]:
    """Holds a decoder to every law jgen knows; the one function to run on a new one.

    - state: parameters in float32 and nothing else; fields that can be hashed;
    - shapes: batch_shape is ``(batch,)``; draws and log-probabilities have the axes they must have;
    - dependence: other latents, other distributions;
    - batch first: what is said of a row depends on no other, to the last bit;
    - extremes: at latents 0, 1e-3, 1e2 and 1e4 times as large, draws have finite log-probabilities, and they
      and those of ordinary x have finite gradients;
    - precision: with parameters and latents in bfloat16, log-probabilities are in float32;
    - rebuilding: an equal module compiles nothing;
    - purity: alone or among others, compiled or not, a row has the same log-probability;
    - keys: parameters are made by the key, and from it alone.

    Nothing here is left to chance: a right decoder keeps them all.

    Args:
        module: ``z [batch, latent]`` -> a distribution (batch,), over arrays or any pytree.
        latent_dim: Size of z; 0 where it is not conditioned on anything.
        key: For parameters, latents and draws.

    Returns:
        The names of the laws kept.

    Raises:
        LawBroken: Naming the law, what was found, and what usually does it.

    Example:
        >>> from jgen.decoders import MLP
        >>> kept = check_decoder(MLP((3,), hidden=()), 2)
        >>> kept[:4], kept[4:]
        (('state', 'shapes', 'dependence', 'batch first'),
         ('extremes', 'precision', 'rebuilding', 'purity', 'keys'))
    """
    key, z_key = jax.random.split(jax.random.key(0) if key is None else key)
    return hold_to_laws(module, jax.random.normal(z_key, (ROWS, latent_dim)), key)


def check_encoder(module: nn.Module, x: PyTree, *, key: Key | None = None) -> tuple[str, ...]:
    """Holds an encoder to the same laws: it is a decoder of latents from data.

    Tokens and graphs cannot be larger than they are: there the law of extremes scales their embeddings
    (``flax.linen.Embed``).

    Args:
        module: ``x [batch, *event]`` -> a distribution (batch,) over ``[latent]``.
        x: Ordinary data for it, ``[batch, ...]`` on every leaf, three rows or more that differ.
        key: For parameters and draws.

    Returns:
        The names of the laws kept.

    Raises:
        LawBroken: Naming the law, what was found, and what usually does it.

    Example:
        >>> import jax
        >>> from jgen.encoders import MLPEncoder, Point
        >>> x = jax.random.normal(jax.random.key(0), (3, 2))
        >>> "extremes" in check_encoder(MLPEncoder(3, hidden=(), posterior=Point()), x)
        True
    """
    return hold_to_laws(module, x, jax.random.key(0) if key is None else key)
