"""ArviZ before its version 1, as a reference."""

import warnings

import pytest


def arviz_before_1():
    """Import ArviZ 0.20 or later; skip the test without it, or with ArviZ 1, which has another interface."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        az = pytest.importorskip("arviz", "0.20")
    if az.__version__.startswith("1."):
        pytest.skip("ArviZ 1 has another interface")
    return az
