"""Truncate the distribution of the next token: temperature, top-k and nucleus."""

import operator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial

from jgen._internal.dtypes import at_least_float32
from jgen._internal.validation import is_traced
from jgen.distributions.input_checks import check_positive_scalar
from jgen.types import Array


def truncation(*, temperature: Any = 1.0, top_k: Any = None, top_p: Any = None) -> Partial:
    r"""Make a truncated softmax, ``logits [..., vocabulary] -> log-probabilities``, -inf where excluded.

    The logits are divided by the temperature; then only the ``top_k`` most probable tokens are kept; then,
    after renormalising, the smallest set of most probable tokens whose probability reaches ``top_p``; the
    rest is excluded. Among equal logits the lower token comes first, so ``top_k=1`` is greedy decoding.

    Args:
        temperature: Positive scalar.
        top_k: Number of tokens kept, at least 1; None, or more than there are, keeps all.
        top_p: Probability kept, in (0, 1]; None keeps all.

    Returns:
        A ``Partial``; all settings are leaves, so that new ones do not recompile.

    Raises:
        TypeError: ``top_k`` is no integer.
        ValueError: A setting out of range.

    Example:
        >>> import jax.numpy as jnp
        >>> truncation(top_k=2)(jnp.log(jnp.array([0.5, 0.2, 0.3]))).round(2).tolist()  # of 5/8 and 3/8
        [-0.4699..., -inf, -0.9799...]

    Reference:
        Holtzman et al., The curious case of neural text degeneration (2020).
    """
    check_positive_scalar("truncation: temperature", temperature)
    if top_k is not None and not is_traced(top_k) and operator.index(top_k) < 1:
        raise ValueError(f"truncation: top_k must be at least 1, given {top_k}.")
    if top_p is not None and not is_traced(top_p) and not 0 < np.asarray(top_p) <= 1:
        raise ValueError(f"truncation: top_p must be in (0, 1], given {top_p}.")
    settings = (temperature, float), (top_k, jnp.int32), (top_p, float)
    arrays = [None if value is None else jnp.asarray(value, dtype) for value, dtype in settings]
    return Partial(_truncated, *arrays)


def _truncated(temperature: Array, top_k: Array | None, top_p: Array | None, logits: Array) -> Array:
    logits = jnp.asarray(logits)
    if not logits.ndim or not logits.shape[-1]:
        raise ValueError(f"truncation takes logits [..., vocabulary]; got shape {logits.shape}")
    dtype = logits.dtype if jnp.issubdtype(logits.dtype, jnp.floating) else jnp.result_type(float)
    logits = at_least_float32(logits) / temperature  # [..., vocabulary]
    logits = jnp.where(jnp.isnan(logits).any(-1, keepdims=True), jnp.nan, logits)  # NaN would sort last
    if top_k is None and top_p is None:
        return jax.nn.log_softmax(logits).astype(dtype)
    order = jnp.argsort(-logits, stable=True)  # most probable first, the lower of equal tokens first
    rank = jnp.argsort(order)
    ranked = jnp.take_along_axis(logits, order, axis=-1)
    first = jnp.broadcast_to(jnp.arange(logits.shape[-1]), logits.shape)
    kept = first < (logits.shape[-1] if top_k is None else top_k)
    if top_p is not None:
        probs = jax.nn.softmax(jnp.where(kept, ranked, -jnp.inf))
        before = jnp.cumsum(probs, axis=-1) - probs
        kept &= (first == 0) | (before < top_p.astype(probs.dtype)) | (top_p >= 1)
    log_probs = jax.nn.log_softmax(jnp.where(kept, ranked, -jnp.inf))
    return jnp.take_along_axis(log_probs, rank, axis=-1).astype(dtype)
