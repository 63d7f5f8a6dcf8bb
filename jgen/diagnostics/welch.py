"""Compute the degrees of freedom of a combined standard error."""

from collections.abc import Sequence

import numpy as np
from jax.typing import ArrayLike


def welch_satterthwaite(errors: Sequence[ArrayLike], dofs: Sequence[float]) -> float:
    r"""Compute the degrees of freedom of the standard error of a sum or difference of independent estimates.

    .. math:: se^2 = \sum_i se_i^2, \qquad \nu = \frac{(\sum_i se_i^2)^2}{\sum_i se_i^4 / \nu_i},

    so that the error of the sum, in units of se, is nearly Student's with :math:`\nu` degrees of freedom.
    They lie between the least :math:`\nu_i`, where that estimate has all the error, and their sum.

    Args:
        errors: Standard errors of the estimates.
        dofs: Their degrees of freedom, infinite where an error is known.

    Returns:
        The degrees of freedom; the least of those given where there is no error, or one is not finite.

    Raises:
        ValueError: If the two do not pair, or degrees of freedom are negative.

    Example:
        >>> round(welch_satterthwaite((0.3, 0.4), (7, 15)), 1)  # 0.25^2 / (0.09^2 / 7 + 0.16^2 / 15)
        21.8

    Reference:
        Satterthwaite (1946), Biometrics Bulletin 2(6); Welch (1947), Biometrika 34.
    """
    error, dof = np.asarray(errors, np.float64), np.asarray(dofs, np.float64)  # [estimate]
    if error.shape != dof.shape or error.ndim != 1 or not error.size or not (dof >= 0).all():
        raise ValueError(
            "welch_satterthwaite takes degrees of freedom, 0 or more, for each error, "
            f"[estimate]; got {errors} and {dofs}"
        )
    largest = np.abs(error).max()
    if not 0 < largest < np.inf:
        return float(dof.min())
    squares = np.square(error / largest)
    shares, dof = (squares / squares.sum())[error != 0], dof[error != 0]
    with np.errstate(divide="ignore"):
        return float(1 / np.sum(shares**2 / dof))
