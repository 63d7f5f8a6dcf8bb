"""Test counts against probabilities by Pearson's chi-square."""

import numpy as np
import scipy.stats


def chi_square_p_value(counts, probabilities):
    """Compute the p-value; cells of fewer than ten expected counts are pooled with the least other."""
    due = counts.sum() * probabilities
    assert counts[due == 0].sum() == 0
    rare = due < 10
    rare |= due == due[~rare].min()
    counts, due = (np.append(x[~rare], x[rare].sum()) for x in (counts, due))
    assert len(due) > 5
    return scipy.stats.chi2(len(due) - 1).sf(((counts - due) ** 2 / due).sum())
