"""The state that training starts from."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from jgen.types import Array, Key, PyTree, TrainState


def init_state(key: Key, params: PyTree, optimizer: optax.GradientTransformation) -> TrainState:
    """The state before the first step.

    Every leaf is a fresh array, since ``train`` donates its state: the caller's key and parameters stay
    usable. Sharded parameters stay sharded, and the optimizer's state follows them. For many restarts:
    ``jax.vmap(lambda key, params: init_state(key, params, optimizer))(keys, params)``.

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
    state = TrainState(jnp.zeros((), jnp.int32), params, optimizer.init(params), key)
    meshes = {leaf.sharding.mesh for leaf in jax.tree.leaves(params) if _on_mesh(leaf)}
    if len(meshes) > 1:
        raise ValueError(f"parameters must be sharded over one mesh, got {len(meshes)}: {meshes}")
    return jax.tree.map(partial(_own, mesh=meshes.pop() if meshes else None), state)


def _own(leaf: Any, mesh: Mesh | None = None) -> Array:
    """A strongly typed copy, on the mesh: weak types, shared buffers and strays would recompile or fail."""
    leaf = jnp.asarray(leaf)
    leaf = jnp.copy(jax.lax.convert_element_type(leaf, leaf.dtype))
    return (
        leaf if mesh is None or _on_mesh(leaf) else jax.device_put(leaf, NamedSharding(mesh, PartitionSpec()))
    )


def _on_mesh(leaf: Array) -> bool:
    return not isinstance(leaf, jax.core.Tracer) and isinstance(leaf.sharding, NamedSharding)
