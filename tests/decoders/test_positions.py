"""Test position encodings."""

import jax
import jax.numpy as jnp
import numpy as np

from jgen.decoders.positions import LearnedPositions, RotaryPositions

ROUNDING = 1e4 * float(np.finfo(np.float64).eps)


def test_inner_products_depend_on_differences_of_positions(x64):  # noqa: ARG001
    query, key = (jax.random.normal(jax.random.key(seed), (1, 3, 2, 8)) for seed in range(2))

    @jax.jit
    def products(shift):
        turned = [RotaryPositions().rotate(x, jnp.arange(3) + shift) for x in (query, key)]
        return jnp.einsum("rthd,rshd->rhts", *turned)

    here = jnp.einsum("rthd,rshd->rhts", query, key)
    np.testing.assert_allclose(products(0), products(1000), atol=1000 * ROUNDING)
    own, unrotated = (jnp.diagonal(x, axis1=2, axis2=3) for x in (products(0), here))
    np.testing.assert_allclose(own, unrotated, atol=ROUNDING)
    assert np.abs(products(0) - here).max() > 0.1


def test_learned_vectors_are_added_to_the_input():
    table, x = np.arange(10.0, dtype=np.float32).reshape(5, 2), np.ones((3, 2, 2), np.float32)
    variables = {"params": {"places": {"embedding": table}}}
    found = LearnedPositions(5).apply(variables, x, jnp.array([4, 1]), method="embed")
    np.testing.assert_array_equal(found, x + table[[4, 1]])
    np.testing.assert_array_equal(LearnedPositions(5).rotate(x, jnp.array([4, 1])), x)
