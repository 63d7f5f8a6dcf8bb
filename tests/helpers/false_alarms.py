"""Bound statistics of fixed data by a stated probability of a false alarm."""

from scipy.stats import norm

FALSE_ALARM = 1e-9
"""Probability, for each comparison, that correct data fail."""


def z_of(comparisons):
    """Return the number of standard errors that this many normal errors stay within, together."""
    return norm.isf(FALSE_ALARM / (2 * comparisons))
