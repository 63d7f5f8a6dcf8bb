"""Check that equal modules give equal functions."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from jgen.models import apply_of, init_of


def test_equal_modules_give_equal_functions():
    apply, init = apply_of(nn.Dense(3)), init_of(nn.Dense(3), jax.ShapeDtypeStruct((7, 2), float))
    assert apply_of(nn.Dense(3)).func == apply.func != apply_of(nn.Dense(4)).func
    assert init_of(nn.Dense(3), np.zeros((7, 2))).func == init.func
    params = init(jax.random.key(0))
    x = jnp.arange(4.0).reshape(2, 2)
    np.testing.assert_allclose(apply(params, x), x @ params["kernel"], rtol=1e-6)  # the bias is 0
