"""Test arguments divided into data and structure."""

import jax.numpy as jnp

from jgen.interop.external_kernel import divide, unite


def test_equal_structures_have_other_data():
    (data, structure), (other, same) = (divide({"a": a, "n": 3, "b": jnp.ones(2)}) for a in (0.5, 1.5))
    assert structure == same
    assert unite(structure, other)["a"] == 1.5
    assert unite(structure, data)["n"] == 3
    assert divide({"a": 0.5, "n": 4, "b": jnp.ones(2)})[1] != structure
