"""Test the floating type of likelihoods."""

import jax.numpy as jnp
import pytest

from jgen._internal.dtypes import at_least_float32


@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float16, jnp.int8, jnp.float32])
def test_narrow_types_become_float32(dtype):
    assert at_least_float32(jnp.ones(2, dtype)).dtype == jnp.float32
