"""Test checks of options."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jgen._internal.validation import check_count, check_positive, is_traced


def test_options_become_arrays_of_one_type():
    assert {check_count("n", n).dtype for n in (3, np.int64(3), jnp.uint8(3))} == {jnp.dtype("int32")}
    assert {check_positive("x", x).dtype for x in (1, 1.0, np.float64(1))} == {jnp.dtype("float32")}


@pytest.mark.parametrize(
    ("check", "value", "error", "message"),
    [
        (check_count, 1.5, TypeError, "must be an integer"),
        (check_count, 0, ValueError, "at least 1; got 0"),
        (check_positive, 0.0, ValueError, "positive and finite"),
        (check_positive, [1.0, np.inf], ValueError, "positive and finite"),
    ],
)
def test_invalid_options_raise(check, value, error, message):
    with pytest.raises(error, match=message):
        check("option", value)


def test_traced_options_are_not_read():
    assert jax.jit(lambda n: check_count("n", n))(0) == 0
    assert jax.jit(lambda x: check_positive("x", x))(-1.0) == -1.0
    assert not is_traced({"a": 1.0})
