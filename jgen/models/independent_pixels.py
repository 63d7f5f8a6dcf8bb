r"""Fit a model of independent pixels, a baseline for latent-variable models."""

import math
from typing import Any

import numpy as np
from jax.tree_util import Partial
from jax.typing import ArrayLike


def independent_pixels(images: ArrayLike, num_levels: int) -> Partial:
    r"""Fit the frequency of each level at each pixel, with half a count added for every level.

    .. math:: \log p(x) = \sum_{j=1}^d \log \frac{c_j(x_j) + 1/2}{n + L/2}

    The model has no latent and a separate distribution for each pixel, so that a latent-variable model gains
    on it only by its latent, not by a better head for single pixels.

    Args:
        images: Integers from 0 to ``num_levels - 1``, of any type ``[example, *event]``.
        num_levels: L, the number of values of a pixel.

    Returns:
        ``log_prob(x [batch, *event]) -> [batch]``: exact, in nats, in NumPy's float64.

    Raises:
        ValueError: For no image or level, and, also from ``log_prob``, for values that are no levels and
            images of another shape.

    Example:
        >>> log_prob = independent_pixels(np.array([[0, 1], [0, 0], [0, 1]]), 2)
        >>> # (3.5 / 4) (2.5 / 4) for (0, 1)
        >>> np.exp(log_prob(np.array([[0, 1], [1, 0]]))).round(6).tolist()
        [0.546875, 0.046875]

    Reference:
        Krichevsky and Trofimov (1981), "The performance of universal encoding", IEEE Transactions on
        Information Theory 27: the half.
    """
    shape = np.shape(images)[1:]
    if num_levels < 1 or not np.size(images):
        raise ValueError(
            f"need num_levels >= 1 and images [example, *event]; got {num_levels}, and shape "
            f"{np.shape(images)}"
        )
    rows = _levels(images, shape, num_levels)  # [example, pixel]
    cells = rows + num_levels * np.arange(rows.shape[1])
    counts = np.bincount(cells.ravel(), minlength=num_levels * rows.shape[1]).reshape(-1, num_levels)
    log_probs = np.log((counts + 0.5) / (len(rows) + num_levels / 2))  # [pixel, level]
    return Partial(_log_prob, log_probs.reshape(*shape, num_levels))


def _log_prob(log_probs: Any, x: ArrayLike) -> np.ndarray:
    """Compute log p of each image ``[batch]`` from ``log_probs [*event, level]``."""
    table = np.asarray(log_probs)
    rows = _levels(x, table.shape[:-1], table.shape[-1])  # [batch, pixel]
    return table.reshape(-1, table.shape[-1])[np.arange(rows.shape[1]), rows].sum(1)


def _levels(x: ArrayLike, shape: tuple[int, ...], num_levels: int) -> np.ndarray:
    """Return the levels as indices ``[example, pixel]``."""
    values = np.asarray(x)
    with np.errstate(invalid="ignore"):  # NaN is no level
        rows = values.astype(np.int64)
    if (
        not values.ndim
        or values.shape[1:] != shape
        or not ((rows == values) & (rows >= 0) & (rows < num_levels)).all()
    ):
        raise ValueError(
            f"x must be whole numbers from 0 to {num_levels - 1} of shape [example, *{shape}], got shape "
            f"{values.shape} with values from {values.min(initial=0)} to {values.max(initial=0)}"
        )
    return rows.reshape(len(rows), math.prod(shape))
