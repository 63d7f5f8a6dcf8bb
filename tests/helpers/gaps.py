"""How far apart the numbers of two runs are."""

import jax
import numpy as np


def largest_difference(found, expected):
    """Of any number; infinite unless NaN and infinities stand where they stood."""
    largest = 0.0
    for ours, theirs in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        unequal = (ours != theirs) & ~((ours != ours) & (theirs != theirs))
        gaps = np.abs(ours[unequal].astype(float) - theirs[unequal].astype(float))
        largest = max(largest, float(np.where(np.isfinite(gaps), gaps, np.inf).max(initial=0.0)))
    return largest
