"""Place arrays on a mesh, whose devices may belong to several processes."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from jgen.types import Array


def replicate(leaf: Any, mesh: Mesh) -> Array:
    """Replicate an array or typed key on every device of a mesh."""
    if jnp.issubdtype(jnp.asarray(leaf).dtype, jax.dtypes.prng_key):
        data = replicate(jax.random.key_data(leaf), mesh)
        return jax.random.wrap_key_data(data, impl=jax.random.key_impl(leaf))
    sharding = NamedSharding(mesh, PartitionSpec())
    if not sharding.is_fully_addressable:  # other processes hold it on another device
        leaf = np.asarray(leaf)
    return jax.device_put(leaf, sharding)
