"""Give the ends of Student's interval after Hall's correction for skewness, in float64 by SciPy."""

import warnings

import numpy as np
from scipy.stats import skew, t


def skewed_sides(values):
    """Return what the interval reaches below and above the mean, in standard errors."""
    n = values.size
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of equal values, whose skewness is 0 here
        skewness = (
            np.nan_to_num(skew(values / np.abs(values).max(initial=1e-300), bias=False)) if n > 2 else 0
        )
    a = 1.3 * skewness / np.sqrt(n)
    quantiles = t.ppf((0.975, 0.025), n - 1)
    roots = np.cbrt(1 + a * (quantiles - a / 6))
    up, down = 3 * (quantiles - a / 6) / (roots**2 + roots + 1)
    longest = 3 * quantiles[0]
    return np.clip(up, -longest, longest), -np.clip(down, -longest, longest)
