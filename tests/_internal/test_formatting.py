"""Test values formatted as cells of a table."""

from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

from jgen._internal.formatting import format_value
from jgen.types import Result


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "-"),
        (True, "yes"),
        (np.bool_(False), "no"),
        (12345678, "12345678"),
        (jnp.float32(0.25), "0.25"),
        (np.float64("inf"), "inf"),
        (123456.7, "123,457"),
        (1.5e-7, "1.5e-07"),
        (2.5e9, "2.5e+09"),
        (float("nan"), "NaN"),
        ([1.0, 0.123456789], "[1, 0.12346]"),
        (jnp.array([1, 2]), "[1, 2]"),
        (Result(jnp.float32(-180.19), -200.0, -170.0, 1, "m", {}), "-180.19 [-200, -170]"),
        (Result(jnp.float32("nan"), -200.0, -170.0, 1, "m", {}), "NaN [-200, -170]"),
        ("plain", "plain"),
        (Path("a/b"), "a/b"),
        ({"a": 1}, '{"a": 1}'),
    ],
)
def test_values_are_formatted(value, text):
    assert format_value(value) == text
