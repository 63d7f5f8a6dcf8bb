"""Check extractors: a row's features depend on that row alone."""

import numpy as np

ROUNDING = 1e-5
"""Relative difference that the order of float32 sums may make; statistics of a batch make 1e-2."""


def check_rows_alone(extractor, x):
    """Check that features are those of each row, whatever rows are with it, how many, and in which order."""
    features = extractor(x)
    assert features.std(0).max() > 0
    order = np.arange(len(x))[::-1]
    scale = np.abs(features).max()
    for rows in (*([row] for row in range(len(x))), order[: len(x) // 2], order):
        np.testing.assert_allclose(extractor(x[rows]), features[rows], rtol=0, atol=ROUNDING * scale)
    np.testing.assert_array_equal(extractor(x), features)
