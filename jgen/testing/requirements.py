"""Raise ``CheckFailed`` where results differ or a program compiles again."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jgen.testing.check_result import CheckFailed
from jgen.testing.count_compilations import count_compilations
from jgen.types import PyTree


def rounding(dtype: Any) -> float:
    """Return the square root of the machine epsilon: half of the digits."""
    return float(jnp.finfo(dtype).eps) ** 0.5


def require(condition: Any, failure: str) -> None:
    """Raise ``CheckFailed`` unless the condition holds."""
    if not condition:
        raise CheckFailed(failure)


def same_bits(first: PyTree, second: PyTree) -> bool:
    """Return whether two pytrees of arrays agree to the last bit; NaN equals NaN."""
    pairs = zip(jax.tree.leaves(first), jax.tree.leaves(second), strict=True)
    return all(np.array_equal(a, b, equal_nan=True) for a, b in pairs)


def require_close(
    first: PyTree, second: PyTree, message: str, *, exact: bool = False, to_largest: bool = False
) -> str:
    """Compare two pytrees leaf by leaf, to half of the digits: no rounding reaches it, most mistakes do.

    Args:
        first: Arrays, typed keys included.
        second: Of the same structure.
        message: What a difference means.
        exact: Whether to compare to the last bit.
        to_largest: Whether small numbers may differ as much as the largest of their array, where they are
            sums of large ones.

    Returns:
        The largest difference, in words.

    Raises:
        CheckFailed: With the message and the largest difference.
    """
    largest = 0.0
    for a, b in zip(jax.tree.leaves(first), jax.tree.leaves(second), strict=True):
        if jnp.issubdtype(a.dtype, jax.dtypes.prng_key):
            a, b = jax.random.key_data(a), jax.random.key_data(b)
        a, b = np.asarray(a), np.asarray(b)
        tolerance = 0.0 if exact or not jnp.issubdtype(a.dtype, jnp.inexact) else rounding(a.dtype)
        scale = 1 + np.abs(a).max(initial=0.0) if to_largest else 1.0
        with np.errstate(invalid="ignore"):
            difference = np.abs(a.astype(np.float64) - b)
        is_close = np.allclose(a, b, rtol=tolerance, atol=tolerance * scale, equal_nan=True)
        require(is_close, f"{message} (largest difference {difference.max():.3g}: {a} against {b})")
        largest = max(largest, difference[np.isfinite(difference)].max(initial=0.0))
    return "equal to the last bit" if largest == 0 else f"largest difference {largest:.1e}"


def require_no_compilation(run: Callable[[], object], message: str) -> str:
    """Run a function whose programs must have been compiled before.

    Args:
        run: The function.
        message: What usually makes it compile again.

    Returns:
        The number of programs compiled, none, in words.

    Raises:
        CheckFailed: With the message and the number of programs.
    """
    with count_compilations() as compiled:
        run()
    require(not compiled, f"made again, it compiled {len(compiled)} programs: {message}")
    return "no program compiled"


BINDING = (
    "bind data and options with jax.tree_util.Partial of module-level functions (never a closure or a "
    "lambda), and structural options with jgen.samplers.bind_static"
)
"""What usually makes a sampler or an objective compile again."""
