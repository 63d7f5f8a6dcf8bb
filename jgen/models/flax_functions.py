"""Turn Flax modules into stateless functions; equal modules give equal functions, which compile once."""

from collections.abc import Sequence
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax.tree_util import Partial

from jgen._internal.binding import bind_static
from jgen._internal.compiled import jit
from jgen.types import Key, PyTree


def apply_of(module: nn.Module) -> Partial:
    """Return ``(params, *inputs) -> outputs`` of a Linen module whose only state is its parameters.

    Args:
        module: Linen module with hashable fields (tuples, not lists).

    Returns:
        A ``Partial``; equal modules give the same function, so that it compiles once.

    Example:
        >>> import flax.linen as nn, jax, jax.numpy as jnp
        >>> apply, init = apply_of(nn.Dense(3)), init_of(nn.Dense(3), jnp.zeros((1, 2)))
        >>> apply(init(jax.random.key(0)), jnp.ones((5, 2))).shape
        (5, 3)
        >>> apply_of(nn.Dense(3)).func == apply.func
        True
    """
    return Partial(bind_static(_apply, module=module))


def init_of(module: nn.Module, *examples: PyTree) -> Partial:
    """Return ``key -> params`` of a Linen module.

    Args:
        module: As in ``apply_of``.
        *examples: Inputs, or their ``jax.ShapeDtypeStruct``, with any number of rows; only shapes matter.

    Returns:
        A ``Partial``, compiled when it is called, once for equal modules.
    """
    leaves, treedef = jax.tree.flatten(examples)
    shapes = tuple((jnp.shape(leaf), jnp.result_type(leaf)) for leaf in leaves)
    return Partial(_compiled, Partial(bind_static(_init, module=module, treedef=treedef, shapes=shapes)))


def _apply(params: PyTree, *inputs: PyTree, module: nn.Module) -> Any:
    return module.apply({"params": params}, *inputs)


def _init(key: Key, *, module: nn.Module, treedef: Any, shapes: Sequence[tuple[Any, Any]]) -> PyTree:
    examples = jax.tree.unflatten(treedef, [jnp.zeros(shape, dtype) for shape, dtype in shapes])
    return module.init(key, *examples).get("params", {})


@jit
def _compiled(init: Partial, key: Key) -> PyTree:
    return init(key)
