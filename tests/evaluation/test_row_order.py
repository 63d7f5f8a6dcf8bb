"""Check that the random order of rows depends on their values alone, and is random."""

import numpy as np

from jgen.evaluation.row_order import random_order
from tests.helpers.false_alarms import z_of


def test_the_ordered_rows_are_the_same_in_any_order(rng):
    for rows in (rng.normal(size=(60, 3)), rng.integers(2, size=(60, 2)).astype(float), np.ones((6, 2))):
        expected = rows[random_order(rows)]
        moved = rows[rng.permutation(len(rows))]
        np.testing.assert_array_equal(moved[random_order(moved)], expected)
        assert sorted(random_order(rows)) == list(range(len(rows)))


def test_a_joint_rotation_leaves_the_order(rng):
    rows = rng.normal(size=(60, 3))
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    np.testing.assert_array_equal(random_order(rows), random_order(rows @ turn + 5))


def test_the_first_half_is_a_random_half(rng):
    """Its mean has the error of half of the rows drawn without replacement, and another seed another half."""
    rows = rng.normal(size=(2000, 1))
    for seed in range(3):
        half = rows[random_order(rows, seed)[:1000]]
        assert abs(half.mean() - rows.mean()) < z_of(6) * rows.std() / 2000**0.5
        assert abs(half.var() - rows.var()) < z_of(6) * 2**0.5 / 2000**0.5
    assert (random_order(rows, 0) != random_order(rows, 1)).any()
