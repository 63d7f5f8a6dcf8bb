"""Check a decoder or an encoder."""

import flax.linen as nn
import jax

from jgen.testing.check_network import check_network
from jgen.testing.check_result import CheckResult
from jgen.types import Key, PyTree

BATCH = 3


def check_decoder(module: nn.Module, latent_dim: int, *, key: Key | None = None) -> list[CheckResult]:
    """Check a decoder by every check of networks.

    - state: parameters in float32 and nothing else; fields that can be hashed;
    - shapes: batch_shape is ``(batch,)``; draws and log-probabilities have the axes that they must have;
    - dependence: other latents give other distributions;
    - batch_independence: log p of a row depends on no other row, to the last bit;
    - extremes: at latents 0, 1e-3, 1e2 and 1e4 times as large, draws have finite log-probabilities, and they
      and those of ordinary x have finite gradients;
    - precision: with parameters and latents in bfloat16, log-probabilities are in float32;
    - no_recompilation: an equal module compiles nothing;
    - transform_consistency: alone or among others, compiled or not, a row has the same log-probability;
    - keys: initial parameters depend on the key, and on it alone.

    None of these is statistical: a correct decoder always passes.

    Args:
        module: ``z [batch, latent]`` -> a distribution (batch,), over arrays or any pytree.
        latent_dim: Size of z; 0 where it is not conditioned on anything.
        key: For parameters, latents and draws; None for ``jax.random.key(0)``.

    Returns:
        The checks that passed, with what they measured.

    Raises:
        CheckFailed: If a check fails; the message has the check, its result and usual causes.

    Example:
        >>> from jgen.decoders import MLP
        >>> for name, evidence in check_decoder(MLP((3,), hidden=()), 2)[:4]:
        ...     print(f"{name}: {evidence}")
        state: 9 parameters, all float32
        shapes: draws (3, 3)
        dependence: other inputs give other log-probabilities
        batch_independence: equal to the last bit beside other rows
    """
    z_key = jax.random.split(jax.random.key(0) if key is None else key)[1]
    return check_network(module, jax.random.normal(z_key, (BATCH, latent_dim)), key)


def check_encoder(module: nn.Module, x: PyTree, *, key: Key | None = None) -> list[CheckResult]:
    """Check an encoder by the same checks: it is a decoder of latents from data.

    Tokens and graphs cannot be scaled: there the check of extremes scales their embeddings
    (``flax.linen.Embed``).

    Args:
        module: ``x [batch, *event]`` -> a distribution (batch,) over ``[latent]``.
        x: Ordinary data for it, ``[batch, ...]`` on every leaf, three rows or more that differ.
        key: For parameters and draws; None for ``jax.random.key(0)``.

    Returns:
        The checks that passed, with what they measured.

    Raises:
        CheckFailed: If a check fails; the message has the check, its result and usual causes.

    Example:
        >>> import jax
        >>> from jgen.encoders import MLPEncoder, Point
        >>> x = jax.random.normal(jax.random.key(0), (3, 2))
        >>> results = check_encoder(MLPEncoder(3, hidden=(), posterior=Point()), x)
        >>> "extremes" in [result.name for result in results]
        True
    """
    return check_network(module, x, key)
