"""Create the initial state of training."""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.sharding import Mesh, NamedSharding
from jax.tree_util import Partial

from jgen._internal.binding import as_partial
from jgen._internal.compiled import jit
from jgen._internal.threefry import as_threefry
from jgen._internal.validation import is_traced
from jgen.objectives.input_checks import check_size
from jgen.training.mesh import replicate
from jgen.types import Array, Key, PyTree, TrainState


def init_state(key: Key, params: PyTree, optimizer: optax.GradientTransformation) -> TrainState:
    """Create the state before the first step.

    Every leaf is a fresh array, since ``train`` donates its state: the caller's key and parameters stay
    usable. Sharded parameters stay sharded, and the optimizer's state follows them.

    Args:
        key: A typed key; the run is drawn from it.
        params: Any pytree of arrays.
        optimizer: The optimizer that the step will use.

    Returns:
        ``TrainState`` at step 0.

    Raises:
        TypeError: For a raw ``uint32`` key.
        ValueError: For parameters on more than one mesh.
    """
    if not jnp.issubdtype(jnp.asarray(key).dtype, jax.dtypes.prng_key):
        raise TypeError(f"key must be a typed key, jax.random.key(0), got {key!r}")
    params = jax.tree.map(_own, params)
    state = TrainState(jnp.zeros((), jnp.int32), params, optimizer.init(params), as_threefry(key))
    meshes = {leaf.sharding.mesh for leaf in jax.tree.leaves(params) if _on_mesh(leaf)}
    if len(meshes) > 1:
        raise ValueError(f"parameters must be sharded over one mesh, got {len(meshes)}: {meshes}")
    return jax.tree.map(partial(_own, mesh=meshes.pop() if meshes else None), state)


def init_restarts(
    key: Key, init: Callable[[Key], PyTree], optimizer: optax.GradientTransformation, num_restarts: int
) -> TrainState:
    """Create the states of many runs from random starts, with a leading restart axis on every leaf.

    ``train`` takes them as they are and trains all in one program. Restart i is the same whatever the
    number of restarts: its keys are split from ``fold_in(key, i)``.

    Args:
        key: A typed key.
        init: ``init(key) -> params``; a module-level function or a ``Partial`` of one.
        optimizer: The optimizer that the step will use.
        num_restarts: Number of runs.

    Returns:
        ``TrainState`` at step 0, ``[restart]``.

    Raises:
        ValueError: For fewer than 1 restart.

    Example:
        >>> import jax, optax
        >>> from jgen.training import init_restarts
        >>> state = init_restarts(jax.random.key(0), jax.random.normal, optax.sgd(0.1), 5)
        >>> state.params.shape, state.step.shape
        ((5,), (5,))
    """
    index = np.arange(check_size("num_restarts", num_restarts), dtype=np.uint32)
    return _init_restarts(
        as_threefry(key), as_partial(init), type(optimizer)(*map(as_partial, optimizer)), index
    )


@jit
@partial(jax.vmap, in_axes=(None, None, None, 0))
def _init_restarts(
    key: Key, init: Partial, optimizer: optax.GradientTransformation, index: Array
) -> TrainState:
    run_key, init_key = jax.random.split(jax.random.fold_in(key, index))
    return init_state(run_key, init(init_key), optimizer)


def _own(leaf: Any, mesh: Mesh | None = None) -> Array:
    """Copy a leaf to the mesh with a strong type: weak types and shared buffers would recompile or fail."""
    leaf = jnp.asarray(leaf)
    leaf = jnp.copy(jax.lax.convert_element_type(leaf, leaf.dtype))
    return leaf if mesh is None or _on_mesh(leaf) else replicate(leaf, mesh)


def _on_mesh(leaf: Array) -> bool:
    return not is_traced(leaf) and isinstance(leaf.sharding, NamedSharding)
