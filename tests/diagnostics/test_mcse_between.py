"""Test the standard error between independent chains."""

import numpy as np

from jgen import diagnostics


def test_the_error_is_that_of_independent_means():
    """Also where no chain crosses between modes; NaN for one chain."""
    draws = np.repeat(np.random.default_rng(0).normal(size=(10, 1)), 50, axis=1).astype(np.float32)
    expected = draws[:, 0].std(ddof=1) / np.sqrt(10)
    np.testing.assert_allclose(diagnostics.mcse_between(draws), expected, rtol=1e-5)
    assert np.isnan(diagnostics.mcse_between(draws[:1]))
