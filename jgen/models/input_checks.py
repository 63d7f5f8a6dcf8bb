"""Check tables of data."""

import numpy as np


def check_finite(name: str, rows: np.ndarray) -> np.ndarray:
    """Return a table ``[row, column]`` of finite numbers.

    Raises:
        ValueError: If a number is not finite; the message states its row and column.

    Example:
        >>> check_finite("rows", np.ones((2, 1))).shape
        (2, 1)
    """
    if not np.isfinite(rows).all():
        row, column = np.argwhere(~np.isfinite(rows))[0]
        raise ValueError(f"{name} must be finite, got {rows[row, column]} in row {row}, column {column}")
    return rows
