"""Compare pytrees of arrays bit for bit."""

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import jaxprs_in_params


def equations(jaxpr):
    """Yield the equations of a jaxpr and of those inside it."""
    for equation in jaxpr.eqns:
        yield equation
        for inner in jaxprs_in_params(equation.params):
            yield from equations(inner)


def raw(leaf):
    """Return type and bytes of a leaf; keys by their words."""
    words = jax.random.key_data(leaf) if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key) else leaf
    return str(leaf.dtype), leaf.shape, np.asarray(words).tobytes()


def assert_identical(left, right):
    """Assert that two pytrees have equal structures, types, shapes and bits."""
    assert jax.tree.structure(left) == jax.tree.structure(right)
    assert jax.tree.map(raw, left) == jax.tree.map(raw, right)
