"""One step over many devices: the batch is shared out, everything else is the same code."""

from collections.abc import Callable
from functools import partial

import jax
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jax.tree_util import Partial

from jgen._internal.binding import as_partial, bind_static
from jgen.training.mesh import replicate
from jgen.types import Array, Key, PyTree


def data_parallel(make_batch: Callable[[PyTree, Key, Array], PyTree], mesh: Mesh) -> Partial:
    """The same batches, each shared out over all devices of a mesh.

    The state must live on the mesh (``init_state`` of parameters that do, see ``replicated``). The compiler
    does the rest: each device takes the gradient of its share, and the mean over the batch is one over all
    devices. A batch is the same whatever their number, so that losses and parameters are those of one device
    but for the order of sums.

    Args:
        make_batch: As for ``train``; its batches' leading axis must divide by the number of devices.
        mesh: ``jax.make_mesh((8,), ("data",), axis_types=(jax.sharding.AxisType.Auto,))``, say; devices of
            several processes among them.

    Returns:
        ``(data, key, step) -> batch``.

    Raises:
        ValueError: From ``make_batch``, where the batch does not divide.

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
    """The same arrays on every device of a mesh, as parameters and small data are.

    Args:
        tree: A pytree of arrays; over several processes, the same in each.
        mesh: The devices.

    Returns:
        A pytree of fresh arrays.
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
