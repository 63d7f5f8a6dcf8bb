"""Read the values that a classifier gives to positives and negatives."""

from typing import Any

import numpy as np

NAMES = ("positives", "negatives")


def read_values(name: str, numbers: Any) -> np.ndarray:
    """Check that values are a vector of real numbers, none of them NaN; infinite ones have an order too.

    Raises:
        ValueError: For other values.
    """
    values = np.asarray(numbers)
    if values.ndim != 1 or values.size == 0:
        raise ValueError(f"{name} must be one number per example, [example]; got shape {values.shape}")
    if not (np.can_cast(values.dtype, np.float64, "same_kind") or values.dtype == bool):
        raise ValueError(f"{name} must be real numbers; got {values.dtype}")
    values = values.astype(np.float64)
    if np.isnan(values).any():
        raise ValueError(
            f"{np.isnan(values).sum()} of {values.size} values of {name} are NaN, which has no order: find "
            "out why, and leave them out if that is what you mean"
        )
    return values
