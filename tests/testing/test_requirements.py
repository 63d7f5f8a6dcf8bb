"""Comparisons tolerate rounding and nothing else."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jgen.testing import CheckFailed
from jgen.testing.check_result import Measurement, require_within, run_checks
from jgen.testing.requirements import require_close


def test_equal_to_rounding():
    a = {"x": np.array([1.0, np.nan, np.inf], np.float32), "key": jax.random.key(0), "n": np.array([1, 2])}
    assert require_close(a, a, "", exact=True) == "equal to the last bit"
    near = {**a, "x": a["x"] * np.float32(1 + 1e-6)}
    assert require_close(a, near, "").startswith("largest difference 9")
    large = np.array([1e4, 0.0], np.float32)
    require_close(large, large + np.float32([0.0, 1.0]), "", to_largest=True)  # small terms of large sums
    low = jnp.ones(2, jnp.bfloat16)
    assert require_close(low, low + 0.01, "").startswith("largest difference 0.0078"[:18])


@pytest.mark.parametrize(
    ("first", "second", "options"),
    [
        (np.float32(1.0), np.float32(1 + 1e-6), {"exact": True}),
        (np.float32(1.0), np.float32(1.01), {}),
        (np.array([1e4, 0.0], np.float32), np.array([1e4, 1.0], np.float32), {}),
        (np.array([1, 2]), np.array([1, 3]), {}),
        (np.float32(np.inf), np.float32(1.0), {}),
        (jax.random.key(0), jax.random.key(1), {}),
    ],
)
def test_other_values_fail(first, second, options):
    with pytest.raises(CheckFailed, match="what it means"):
        require_close([first], [second], "what it means", **options)


def test_the_worst_measurement_decides_and_nan_fails():
    found = [Measurement(0.5, 1.0, "a"), Measurement(0.1, 0.1, "b"), Measurement(0.0, 0.0, "c")]
    require_within(found, "", "")
    assert run_checks({"x": lambda: found}, "")[0].evidence == found[1]
    for bad in map(Measurement, (np.nan, 3.0, 1e-9), (1.0, 2.0, 0.0), ("nan", "large", "zero")):
        message = f"^x: failure: {bad.quantity}.*Usual causes: cause .repeat with 7"
        with pytest.raises(CheckFailed, match=message):
            run_checks({"x": lambda bad=bad: require_within([*found, bad], "failure", "cause")}, "7")
