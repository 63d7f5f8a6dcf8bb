"""Compute mean, variances and principal directions of rows, with deterministic signs."""

import numpy as np
from jax.typing import ArrayLike

from jgen._internal.validation import check_finite

TIE = 1e-6
"""Relative difference below which magnitudes count as equal, so that rounding does not choose a sign."""


def spectrum(rows: ArrayLike) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """Compute the spectrum of the covariance of rows, in float64 on the host.

    Args:
        rows: The data ``[row, dim]``.

    Returns:
        The mean ``[dim]``; the variances along the principal directions ``[dim]``, falling (divided by the
        number of rows, 0 beyond the rank); the directions ``[dim, dim]``, one a row, each signed so that its
        entry of largest magnitude is positive; and the rank of the centred rows.

    Raises:
        ValueError: If they are no table of finite numbers with at least two rows.
    """
    x = np.asarray(rows, np.float64)
    if x.ndim != 2 or len(x) < 2 or x.shape[1] < 1:
        raise ValueError(f"rows must be a table [row, dim] of at least two rows, got shape {x.shape}")
    check_finite("rows", x)
    mean = x.mean(0)
    triangle = np.linalg.qr(x - mean, mode="r")  # [min(row, dim), dim]: rows may be many
    _, singular, vectors = np.linalg.svd(triangle, full_matrices=True)  # vectors: [dim, dim]
    rank = int((singular > singular.max() * max(x.shape) * np.finfo(float).eps).sum())
    values = np.zeros(x.shape[1])
    values[: len(singular)] = singular**2 / len(x)
    sizes = np.abs(vectors)
    largest = (sizes > (1 - TIE) * sizes.max(1, keepdims=True)).argmax(1)  # the first of equals
    return mean, values, vectors * np.sign(vectors[np.arange(len(vectors)), largest])[:, None], rank
