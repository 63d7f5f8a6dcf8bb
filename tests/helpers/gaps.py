"""Measure differences between two runs."""

import jax
import numpy as np


def largest_difference(found, expected):
    """Return the largest difference of any number; infinite if NaN or infinities are at other positions."""
    largest = 0.0
    for ours, theirs in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        unequal = (ours != theirs) & ~((ours != ours) & (theirs != theirs))
        gaps = np.abs(ours[unequal].astype(float) - theirs[unequal].astype(float))
        largest = max(largest, float(np.where(np.isfinite(gaps), gaps, np.inf).max(initial=0.0)))
    return largest
