"""Draw strings of tokens one by one, with temperature, top-k and nucleus truncation."""

import operator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from jax.tree_util import Partial
from numpyro.distributions import constraints

from jgen._internal.validation import is_traced
from jgen.distributions.token_truncation import truncation
from jgen.types import Array, Key


def autoregressive(
    logits_fn: Partial, length: int, *, temperature: Any = 1.0, top_k: Any = None, top_p: Any = None
) -> "Autoregressive":
    r"""Make the distribution of token strings $p(x) = \prod_t \tilde p(x_t \mid x_{<t})$.

    It is exact under truncation, by which the next token is drawn (see ``truncation``): at a temperature, of
    the ``top_k`` most probable tokens, of the smallest set that reaches a probability of ``top_p``;
    ``top_k=1`` is greedy decoding. ``log_prob`` is that of the distribution sampled from: a string with an
    excluded token has -inf.

    Args:
        logits_fn: ``logits_fn(tokens [length], position) -> logits [vocabulary]``, a ``Partial`` with its
            parameters bound, so that new parameters do not recompile. It receives zeros at ``position``
            and after, so that it cannot depend on later tokens.
        length: Tokens in a string.
        temperature: Positive scalar.
        top_k: Number of tokens kept, at least 1 and at most the vocabulary; None keeps all.
        top_p: Probability kept, in (0, 1]; None keeps all.

    Returns:
        A NumPyro distribution with ``event_shape [length]`` of integers; all settings are leaves.

    Raises:
        TypeError: ``logits_fn`` is not callable, or ``length`` or ``top_k`` is no integer.
        ValueError: A setting out of range, or logits that are not a vector.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from jax.tree_util import Partial
        >>> def bigram(table, tokens, position):
        ...     return table[tokens[position - 1]]
        >>> strings = autoregressive(Partial(bigram, jnp.eye(3)), 4, top_k=1)
        >>> strings.sample(jax.random.key(0)).tolist()
        [0, 0, 0, 0]

    Reference:
        Holtzman et al., The curious case of neural text degeneration (2020).
    """
    if not callable(logits_fn):
        raise TypeError(f"autoregressive: logits_fn must be callable, given {type(logits_fn).__name__}.")
    if operator.index(length) < 1:
        raise ValueError(f"autoregressive: length must be at least 1, given {length}.")
    tokens, position = (jax.ShapeDtypeStruct(shape, jnp.int32) for shape in ((length,), ()))
    logits = jax.eval_shape(logits_fn, tokens, position)
    if len(logits.shape) != 1:
        raise ValueError(f"autoregressive: logits_fn must return [vocabulary], it returns {logits.shape}.")
    (vocabulary,) = logits.shape
    if top_k is not None and not is_traced(top_k) and not 1 <= operator.index(top_k) <= vocabulary:
        raise ValueError(f"autoregressive: top_k must be in 1..{vocabulary} (the vocabulary), given {top_k}.")
    next_token = truncation(temperature=temperature, top_k=top_k, top_p=top_p)
    return Autoregressive(logits_fn, length, vocabulary, next_token)


class Autoregressive(dist.Distribution):
    """Autoregressive distribution over token strings."""

    pytree_data_fields = ("logits_fn", "next_token")
    pytree_aux_fields = ("vocabulary",)

    def __init__(self, logits_fn: Partial, length: int, vocabulary: int, next_token: Partial):
        self.logits_fn, self.vocabulary, self.next_token = logits_fn, vocabulary, next_token
        super().__init__(batch_shape=(), event_shape=(length,))

    @property
    def support(self) -> Any:
        """Return strings of tokens ``0 .. vocabulary - 1``."""
        return constraints.independent(constraints.integer_interval(0, self.vocabulary - 1), 1)

    def _log_probs(self, tokens: Array, position: Array) -> Array:
        """Return log-probabilities of the next token, ``[vocabulary]``, -inf where excluded."""
        seen = jnp.where(jnp.arange(self.event_shape[0]) < position, tokens, 0)
        return self.next_token(self.logits_fn(seen, position))

    def sample(self, key: Key, sample_shape: tuple[int, ...] = ()) -> Array:
        """Draw ``[*sample, length]`` tokens, each from the prefix before it."""

        def step(tokens: Array, at: tuple[Key, Array]) -> tuple[Array, None]:
            own_key, position = at
            token = jax.random.categorical(own_key, self._log_probs(tokens, position))
            return tokens.at[position].set(token.astype(tokens.dtype)), None

        def draw_one(own_key: Key) -> Array:
            positions = jnp.arange(self.event_shape[0])
            keys = jax.random.split(own_key, self.event_shape[0])
            return jax.lax.scan(step, jnp.zeros(self.event_shape, int), (keys, positions))[0]

        if not sample_shape:
            return draw_one(key)
        strings = jax.vmap(draw_one)(jax.random.split(key, int(np.prod(sample_shape))))
        return strings.reshape(tuple(sample_shape) + self.event_shape)

    def log_prob(self, value: Array, intermediates: Any = None) -> Array:
        """Evaluate ``[*sample, length]`` strings under the truncated model, in nats."""
        del intermediates
        value = jnp.asarray(value)

        def evaluate_one(tokens: Array) -> Array:
            known = (tokens >= 0) & (tokens < self.vocabulary)
            tokens = jnp.where(known, tokens, 0).astype(int)

            positions = jnp.arange(self.event_shape[0])
            log_probs = jax.lax.map(lambda t: self._log_probs(tokens, t)[tokens[t]], positions)  # [length]
            return jnp.where(known.all(), log_probs.sum(), -jnp.inf)

        flat = jax.vmap(evaluate_one)(value.reshape(-1, *self.event_shape))
        return flat.reshape(value.shape[:-1])
