"""Check counts of independent events against their exact binomial distribution."""

import numpy as np
from scipy import stats

FALSE_ALARM = 1e-6


def check_share(happened, probability):
    """Check the number of independent events of known probability, but for its rounding, by exact tails."""
    count, size = int(happened.sum()), happened.size
    slack = 8 * float(np.finfo(np.float32).eps)
    assert stats.binom.cdf(count, size, probability - slack) > FALSE_ALARM / 2
    assert stats.binom.sf(count - 1, size, probability + slack) > FALSE_ALARM / 2
