"""Compute the interval of a squared distance that is quadratic about 0, the value at the null."""

import numpy as np

from jgen.types import NORMAL_95


def quadratic_interval(
    value: float, plain: float, first_order: float, second_order: float, slope: float = 0.0
) -> tuple[float, float]:
    r"""Compute the 95 % interval of a squared distance whose error grows with the distance.

    Near 0 such a distance is :math:`\|\mu\|^2` for a mean in some space, estimated with errors of covariance
    :math:`\Sigma`; its variance :math:`4 \mu^T \Sigma \mu + 2 tr \Sigma^2` is :math:`\kappa \theta + S` at
    the truth :math:`\theta`. The interval is of all truths that the value does not exclude,

    .. math:: (\hat\theta - \theta)^2 \le z^2 (\kappa \theta + S)

    as :math:`\hat\theta \pm z\,se` would be too short whenever the value is too small by chance. With
    :math:`\hat\mu` for :math:`\mu`, :math:`\kappa = 4 \hat\mu^T \Sigma \hat\mu / \|\hat\mu\|^2`, whose noise
    is in both; or the same ratio with the noise of both removed, where it is larger and the value is above
    its error at the null. Noise in directions of little variance makes the ratio too small for a value below
    three such errors; there ``slope`` stands for it, if it is larger.

    Args:
        value: Debiased estimate.
        plain: Plug-in estimate :math:`\|\hat\mu\|^2`, above the value by its bias at the null.
        first_order: Variance by the empirical influence, :math:`4 \hat\mu^T \Sigma \hat\mu`.
        second_order: S, the variance at the null, with whatever else does not grow with the distance.
        slope: :math:`4 \hat\mu^T \Sigma^2 \hat\mu / \hat\mu^T \Sigma \hat\mu`, which weighs directions by
            their variance once more; 0 where it is not known.

    Returns:
        Lower and upper end; the lower may be below 0.

    Example:
        >>> low, high = quadratic_interval(1.0, 1.0, 0.01, 0.0)
        >>> round(low, 3), round(high, 3)  # (1 -+ 1.96 * 0.1 / 2)^2
        (0.822, 1.216)

    Reference:
        Wilson (1927), Probable inference, for intervals by inversion.
    """
    kappa = first_order / plain if plain > 0 else 0.0
    above_null = value / second_order**0.5 if second_order > 0 else np.inf
    if above_null > 1 and value > 0:
        kappa = max(kappa, (first_order - 2 * second_order) / value)
    if above_null < 3:
        kappa = max(kappa, slope)
    shift = NORMAL_95**2 * kappa / 2
    squared = shift**2 + NORMAL_95**2 * (kappa * value + second_order)
    half = np.sqrt(max(squared, shift**2, NORMAL_95**2 * second_order))
    return float(value + shift - half), float(value + shift + half)
