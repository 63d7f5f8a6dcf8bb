"""Compute functions in low precision, with inputs and outputs in float32."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.tree_util import Partial

from jgen._internal.binding import as_partial, bind_static
from jgen._internal.closure_conversion import Read
from jgen.decoders.sequence_distribution import Strings
from jgen.objectives.scheduled_objective import Scheduled
from jgen.types import Objective, PyTree


def mixed_precision(function: Callable[..., Any], dtype: Any = jnp.bfloat16) -> Any:
    """Wrap a function to compute in another floating type: inputs are cast to it, outputs to float32.

    Around an objective, all of it is computed in that type, except what the train step keeps: parameters,
    gradient, loss and optimizer state stay float32. Around a decoder or an encoder, only the network is, and
    the distribution it returns is in float32, so that log-probabilities and their sums keep their digits
    (``Strings``, which holds a network that is run later, keeps its weights in that type and computes
    log-probabilities in float32): prefer this where the model is a ``LatentModel``,

        ``model._replace(decoder=mixed_precision(model.decoder), encoder=mixed_precision(model.encoder))``.

    Integers, booleans and keys pass unchanged. bfloat16 has three digits: evaluate with the function itself.

    Args:
        function: An objective (``Scheduled`` or not), a ``Conditional``, or any function of pytrees that
            returns a pytree; distributions are pytrees. A module-level function or a ``Partial`` of one.
        dtype: bfloat16 or wider.

    Returns:
        A ``Partial``; ``Scheduled`` if the objective is.

    Raises:
        ValueError: For a type that is not floating, and for float16, whose gradients underflow unless the
            loss is scaled.

    Example:
        >>> import jax.numpy as jnp
        >>> half = mixed_precision(jnp.square)
        >>> half(jnp.float32(1.01)).dtype, float(half(jnp.float32(1.01)))
        (dtype('float32'), 1.015625)

    Reference:
        Micikevicius et al., Mixed precision training, ICLR 2018.
    """
    dtype = jnp.dtype(dtype)
    if not jnp.issubdtype(dtype, jnp.floating) or dtype == jnp.float16:
        raise ValueError(f"dtype must be bfloat16 or wider (float16 would need its loss scaled), got {dtype}")
    if isinstance(function, Scheduled):
        return Scheduled(Partial(bind_static(_at, dtype=dtype), function.at))
    return Partial(bind_static(_in_precision, dtype=dtype), as_partial(function))


def _at(at: Callable[..., Objective], step: Any, *, dtype: Any) -> Objective:
    return mixed_precision(at(step), dtype)


def _in_precision(function: Callable[..., Any], *arguments: PyTree, dtype: Any) -> PyTree:
    return _cast(_cast(function, dtype)(*_cast(arguments, dtype)), jnp.float32)


def _cast(tree: PyTree, dtype: Any) -> PyTree:
    """Cast floating leaves and networks that are to be run later, but not what a function read outside."""

    def cast(leaf: Any) -> Any:
        is_floating = hasattr(leaf, "dtype") and jnp.issubdtype(leaf.dtype, jnp.floating)
        return leaf.astype(dtype) if is_floating else leaf

    return jax.tree.map(cast, tree, is_leaf=lambda node: isinstance(node, Strings | Read))
