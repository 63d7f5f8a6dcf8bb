"""Exchangeable pairs pass, others do not; 1e-6 a false alarm."""

import numpy as np

from jgen.testing.sampler_checks.exchangeability import asymmetry
from tests.helpers.random_keys import fresh_rng


def test_equal_statistics_cause_no_alarm():
    """As in one dimension, where projections are the coordinate: their difference is rounding."""
    pairs = fresh_rng().normal(size=(2, 1, 10_000)) * np.array([1.0, -3.0, 1e-3])[None, :, None]
    assert (found := asymmetry(*pairs, 1e-6)).deviation <= found.threshold


def test_pairs_swapped_at_random_pass_and_pairs_in_order_of_size_do_not():
    pairs = fresh_rng().standard_cauchy((2, 6, 2_000))
    assert (found := asymmetry(*pairs, 1e-6)).deviation <= found.threshold
    found = asymmetry(*np.sort(pairs, axis=0), 1e-6)
    assert found.deviation > found.threshold
