"""Combine the first-order and the second-order variance of an estimate that is quadratic near its null."""


def total_variance(first: float, second: float, factor: float = 1.0) -> float:
    r"""Compute the variance of a linear and a quadratic part, from the estimate of the linear one.

    The variance of the estimated influence is that of the linear part and, as it is itself estimated, twice
    that of the quadratic part :math:`V_2` in the mean. For the mean of rows squared,
    :math:`\hat\theta^2` with :math:`\hat\theta \sim N(\theta, s^2)`, the estimate
    :math:`4 \hat\theta^2 s^2` has the mean :math:`4 \theta^2 s^2 + 4 s^4`, and the variance is
    :math:`4 \theta^2 s^2 + 2 s^4`. So

    .. math:: V = \max(V_1 - 2 V_2, 0) + c V_2

    is unbiased but for the maximum. Where the linear part vanishes (both samples of one distribution) what
    is left is the variance of the quadratic part, which does not vanish.

    Args:
        first: :math:`V_1`, the variance of the estimated influence over n, summed over samples.
        second: :math:`V_2`, the variance of the quadratic part of the estimate that :math:`V_1` is of.
        factor: c, the variance of the quadratic part of the reported estimate over :math:`V_2`.

    Example:
        >>> total_variance(5.0, 1.0), total_variance(1.0, 1.0)
        (4.0, 1.0)

    Reference:
        Hoeffding (1948), A class of statistics with asymptotically normal distribution.
    """
    return max(first - 2 * second, 0.0) + factor * second
