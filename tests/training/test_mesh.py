"""Check arrays and keys placed on a mesh."""

import jax
import numpy as np
from jax.sharding import AxisType

from jgen.training.mesh import replicate


def test_arrays_and_keys_keep_their_values_on_a_mesh():
    mesh = jax.make_mesh((1,), ("data",), axis_types=(AxisType.Auto,))
    for leaf in (np.arange(3.0, dtype=np.float32), jax.random.key(1)):
        assert replicate(leaf, mesh).sharding.mesh == mesh
    np.testing.assert_array_equal(replicate(np.arange(3), mesh), np.arange(3))
    assert replicate(jax.random.key(1), mesh) == jax.random.key(1)
