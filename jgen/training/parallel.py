"""Shard batches over devices for data-parallel training."""

from collections.abc import Callable
from functools import partial

import jax
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jax.tree_util import Partial

from jgen._internal.binding import as_partial, bind_static
from jgen.training.mesh import replicate
from jgen.types import Array, Key, PyTree


def data_parallel(make_batch: Callable[[PyTree, Key, Array], PyTree], mesh: Mesh) -> Partial:
    """Shard each batch over all devices of a mesh.

    The state must be on the mesh (``init_state`` of parameters that are, see ``replicated``). The compiler
    does the rest: each device computes the gradient of its shard, and means over the batch are over all
    devices. Batches do not depend on the number of devices, so that losses and parameters are those of one
    device up to the order of sums.

    Args:
        make_batch: As for ``train``; its batches' leading axis must divide by the number of devices.
        mesh: For example ``jax.make_mesh((8,), ("data",), axis_types=(jax.sharding.AxisType.Auto,))``, with
            devices of one process or several.

    Returns:
        ``(data, key, step) -> batch``.

    Raises:
        ValueError: From ``make_batch``, if the batch does not divide.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from jax.sharding import AxisType
        >>> from jgen.training import data_parallel, shuffled
        >>> mesh = jax.make_mesh((len(jax.devices()),), ("data",), axis_types=(AxisType.Auto,))
        >>> make_batch = jax.jit(data_parallel(shuffled(2 * mesh.size), mesh))
        >>> batch = make_batch(jnp.arange(100), jax.random.key(0), 0)
        >>> batch.addressable_shards[0].data.shape
        (2,)
    """
    return Partial(bind_static(_data_parallel, mesh=mesh), as_partial(make_batch))


def replicated(tree: PyTree, mesh: Mesh) -> PyTree:
    """Replicate arrays, such as parameters or small data, on every device of a mesh.

    Args:
        tree: A pytree of arrays; over several processes, the same in each.
        mesh: Mesh of devices.

    Returns:
        A pytree of new arrays.
    """
    return jax.tree.map(partial(replicate, mesh=mesh), tree)


def _data_parallel(
    make_batch: Callable[[PyTree, Key, Array], PyTree], data: PyTree, key: Key, step: Array, *, mesh: Mesh
) -> PyTree:
    batch, num_devices = make_batch(data, key, step), mesh.size
    for leaf in jax.tree.leaves(batch):
        if not leaf.shape or leaf.shape[0] % num_devices:
            raise ValueError(
                f"a batch of shape {leaf.shape} does not divide over {num_devices} devices: take a batch "
                f"size that is a multiple of {num_devices}"
            )
    return jax.lax.with_sharding_constraint(batch, NamedSharding(mesh, PartitionSpec(mesh.axis_names)))
