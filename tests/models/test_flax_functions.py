"""Check that equal modules give equal functions."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from jgen.models import apply_of, init_of
from jgen.testing import count_compilations


def test_equal_modules_give_equal_functions():
    apply, init = apply_of(nn.Dense(3)), init_of(nn.Dense(3), jax.ShapeDtypeStruct((7, 2), float))
    assert apply_of(nn.Dense(3)).func == apply.func != apply_of(nn.Dense(4)).func
    assert jax.tree.structure(init_of(nn.Dense(3), np.zeros((7, 2)))) == jax.tree.structure(init)
    params = init(jax.random.key(0))
    with count_compilations() as compiled:
        init_of(nn.Dense(3), np.zeros((7, 2)))(jax.random.key(1))
    assert compiled == []
    x = jnp.arange(4.0).reshape(2, 2)
    np.testing.assert_allclose(apply(params, x), x @ params["kernel"], rtol=1e-6)  # the bias is 0
