"""Define the distribution of token strings that sequence decoders return, and their input layer.

A sequence decoder is a Linen module with fields ``length``, ``vocabulary`` and ``end``, and four methods:

- ``__call__(z [*batch, latent])``, which returns ``strings(self, z)``;
- ``all_logits(z [row, latent], before [row, length]) -> logits [row, length, vocabulary]``, all positions in
  one pass, where ``before[:, t]`` is the token before position t (``vocabulary`` is the start token), and the
  logits of t depend on ``before[:, :t + 1]`` alone;
- ``start(z [row, latent]) -> memory``, before the first token;
- ``step(z [row, latent], memory, before [row]) -> (memory, logits [row, vocabulary])``, the same logits, one
  position at a time, without computing earlier positions again.
"""

import math
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpyro.distributions as dist
from jax.tree_util import Partial
from numpyro.distributions import constraints

from jgen._internal.dtypes import at_least_float32
from jgen.types import Array, Key, PyTree


def strings(network: Any, z: Array) -> "Strings":
    """Return the distribution of a bound sequence decoder given ``z [*batch, latent]``.

    Raises:
        ValueError: If a size is below 1, or ``end`` is no token.
    """
    length, vocabulary, end = network.length, network.vocabulary, network.end
    if length < 1 or vocabulary < 1 or not (end is None or 0 <= end < vocabulary):
        raise ValueError(
            f"{type(network).__name__} needs length >= 1, vocabulary >= 1 and an end token that is None or "
            f"in 0..vocabulary - 1, got length={length}, vocabulary={vocabulary}, end={end}"
        )
    if network.is_initializing():
        rows = math.prod(z.shape[:-1])
        network.all_logits(z.reshape(rows, z.shape[-1]), jnp.zeros((rows, length), int))
    module, variables = network.unbind()
    return Strings(module, variables["params"], z)


class Strings(dist.Distribution):
    r"""Distribution of token strings, :math:`p(x \mid z) = \prod_{t=1}^{T} p(x_t \mid x_{<t}, z)`.

    Strings of less than ``length`` tokens are padded by their end token: with ``end`` set, everything after
    the first ``end`` is ``end`` with probability 1. So :math:`\log p` is the sum over the tokens up to and
    with the first ``end``; strings with other tokens after it have -inf; strings without ``end`` are scored
    over all positions; and the probabilities of all arrays ``[length]`` sum to 1. With ``end=None`` no token
    is special.

    ``log_prob`` is one pass over all positions; a draw is ``length`` steps, each from the memory of the last.

    Args:
        module: An unbound sequence decoder (see the docstring of this module).
        params: Parameters of it.
        context: Latents ``[*batch, latent]``.
        warp: ``warp(logits [..., vocabulary]) -> logits``, applied before each softmax; None for none.
    """

    pytree_data_fields = ("params", "context", "warp")
    pytree_aux_fields = ("module",)

    def __init__(self, module: nn.Module, params: PyTree, context: Array, warp: Partial | None = None):
        self.module, self.params, self.context, self.warp = module, params, context, warp
        super().__init__(batch_shape=context.shape[:-1], event_shape=(module.length,))

    @property
    def support(self) -> Any:
        """Return the support, tokens ``0 .. vocabulary - 1``; strings in it may have ``log_prob`` -inf."""
        return constraints.independent(constraints.integer_interval(0, self.module.vocabulary - 1), 1)

    @property
    def is_discrete(self) -> bool:
        """Return True."""
        return True

    def warped(self, warp: Partial | None) -> "Strings":
        """Return the distribution with the logits of each token transformed, for draws and ``log_prob``.

        Args:
            warp: ``logits [..., vocabulary] -> logits``, -inf for what is excluded, a ``Partial`` with its
                data bound: ``jgen.distributions.truncation(temperature=0.8, top_p=0.9)``. It replaces an
                earlier one; None removes it.
        """
        return Strings(self.module, self.params, self.context, warp)

    def token_log_prob(self, value: Array) -> Array:
        """Compute the terms ``log p(x_t | x_<t, z)`` of strings ``[*sample, *batch, length]``, in nats.

        Returns:
            ``[*sample, *batch, length]``: 0 after the end, -inf where a token is impossible.

        Raises:
            ValueError: If the strings have another length.
        """
        value = jnp.asarray(value)
        if value.shape[-1:] != self.event_shape:
            raise ValueError(
                f"value must be strings of {self.event_shape[0]} tokens, got shape {value.shape}: "
                "pad shorter ones by the end token"
            )
        shape = jnp.broadcast_shapes(value.shape[:-1], self.batch_shape)
        rows = jnp.broadcast_to(value, (*shape, *self.event_shape)).reshape(-1, *self.event_shape)
        valid = (rows >= 0) & (rows < self.module.vocabulary)
        rows = jnp.where(valid, rows, 0)  # [row, length]
        before = jnp.pad(rows[:, :-1], ((0, 0), (1, 0)), constant_values=self.module.vocabulary)
        log_probs = self._log_probs(self._apply("all_logits", self._rows(shape), before))
        chosen = jnp.take_along_axis(log_probs, rows[..., None], axis=-1)[..., 0]  # [row, length]
        if self.module.end is not None:
            stop = rows == self.module.end
            over = jnp.cumsum(stop, axis=1) - stop > 0  # after the first end
            chosen = jnp.where(over, jnp.where(stop, 0.0, -jnp.inf), chosen)
        return jnp.where(valid, chosen, -jnp.inf).reshape(*shape, *self.event_shape)

    def log_prob(self, value: Array, intermediates: Any = None) -> Array:
        """Compute the log-probability ``[*sample, *batch]`` of strings, in nats."""
        del intermediates
        return self.token_log_prob(value).sum(-1)

    def sample(self, key: Key, sample_shape: tuple[int, ...] = ()) -> Array:
        """Draw strings ``[*sample, *batch, length]``, token by token."""
        shape = (*sample_shape, *self.batch_shape)
        z = self._rows(shape)  # [row, latent]

        def step(carry: tuple[PyTree, Array, Array], key: Key) -> tuple[tuple[PyTree, Array, Array], Array]:
            memory, before, over = carry
            memory, logits = self._apply("step", z, memory, before)
            token = jax.random.categorical(key, self._log_probs(logits)).astype(before.dtype)  # [row]
            if self.module.end is not None:
                token = jnp.where(over, self.module.end, token)
                over = token == self.module.end
            return (memory, token, over), token

        rows = z.shape[0]
        before = jnp.full(rows, self.module.vocabulary, int)  # the token before the first
        begin = (self._apply("start", z), before, jnp.zeros(rows, bool))
        tokens = jax.lax.scan(step, begin, jax.random.split(key, self.event_shape[0]))[1]  # [length, row]
        return tokens.T.reshape(*shape, *self.event_shape)

    def _apply(self, method: str, *inputs: PyTree) -> Any:
        return self.module.apply({"params": self.params}, *inputs, method=method)

    def _rows(self, shape: tuple[int, ...]) -> Array:  # [row, latent]
        latent = self.context.shape[-1:]
        return jnp.broadcast_to(self.context, (*shape, *latent)).reshape(math.prod(shape), *latent)

    def _log_probs(self, logits: Array) -> Array:
        logits = at_least_float32(logits)
        return jax.nn.log_softmax(logits if self.warp is None else self.warp(logits))


class TokenEmbedding(nn.Module):
    """Input layer of a sequence decoder: the embedded token before each position, plus the projected latent.

    Attributes:
        vocabulary: Number of tokens; one more row of the table is the start token.
        width: Width of each position.
    """

    vocabulary: int
    width: int

    @nn.compact
    def __call__(self, z: Array, before: Array) -> Array:
        """Map ``z [row, latent], before [row, time]`` to ``[row, time, width]``; z may have size 0."""
        tokens = nn.Embed(self.vocabulary + 1, self.width, name="tokens")(before)
        if z.shape[-1] == 0:
            return tokens
        return tokens + nn.Dense(self.width, name="latent")(z)[:, None]
