"""Check moments of features against the exact covariance, far from the origin, and in files."""

import numpy as np
import pytest

from jgen.evaluation.distances import feature_moments

SQUARE = np.array([[0.0, 0.0], [0.0, 2.0], [2.0, 0.0], [2.0, 2.0]])


def check_square(module):
    """The covariance of four corners is 4/3 over n - 1, and would be 1 over n."""
    moments = module.moments_of(SQUARE)
    np.testing.assert_allclose(moments.covariance, np.eye(2) * 4 / 3, rtol=1e-15)
    np.testing.assert_array_equal(moments.mean, [1.0, 1.0])


def check_offset(module):
    """Rows far from the origin keep the covariance of the whole numbers that they are, which is exact."""
    rng = np.random.default_rng(0)
    rows = rng.integers(-8, 8, size=(500, 3)).astype(np.float64)
    exact = (
        (500 * rows.T @ rows - np.outer(rows.sum(0), rows.sum(0))) / 500 / 499
    )  # whole numbers: no rounding
    for offset in (0, 10**4, 10**6):
        found = module.moments_of((rows + offset).astype(np.float32)).covariance
        np.testing.assert_allclose(found, exact, rtol=1e-12, atol=1e-12)


def test_the_covariance_is_over_n_minus_1():
    check_square(feature_moments)


def test_rows_far_from_the_origin_lose_nothing():
    check_offset(feature_moments)


def test_blocks_and_merged_parts_give_the_whole(rng, monkeypatch):
    rows = rng.normal(size=(101, 4)) + 3
    whole = feature_moments.moments_of(rows)
    np.testing.assert_allclose(whole.covariance, np.cov(rows.T), rtol=1e-13, atol=1e-14)
    monkeypatch.setattr(feature_moments, "BLOCK", 7)
    blocks = feature_moments.moments_of(rows)
    parts = feature_moments.merge_moments(*map(feature_moments.moments_of, np.split(rows, [2, 60])))
    for one in (blocks, parts):
        np.testing.assert_allclose(one.mean, whole.mean, rtol=1e-13)
        np.testing.assert_allclose(one.covariance, whole.covariance, rtol=1e-12, atol=1e-14)
        assert one.n == 101


def test_statistics_are_read_as_they_were_written(tmp_path, rng):
    moments = feature_moments.moments_of(rng.normal(size=(20, 3)))
    feature_moments.save_statistics(tmp_path / "real.npz", moments)
    found = feature_moments.load_statistics(tmp_path / "real.npz")
    assert found.n == 20
    np.testing.assert_array_equal(found.covariance, moments.covariance)


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"mu": np.zeros(2), "sigma": np.eye(2)}, "has no n;"),
        ({"mu": np.zeros(2), "sigma": np.eye(3), "n": 5}, "two or more; got shapes"),
        ({"mu": np.zeros(2), "sigma": np.eye(2), "n": 1}, "and 1 rows"),
        ({"mu": np.zeros(2), "sigma": np.array([[1.0, 2], [0, 1]]), "n": 5}, "symmetric"),
        ({"mu": np.zeros(2), "sigma": np.diag([1.0, -1]), "n": 5}, "negative eigenvalue"),
        ({"mu": np.full(2, np.nan), "sigma": np.eye(2), "n": 5}, "finite"),
    ],
)
def test_files_that_are_no_statistics_are_refused(arrays, words, tmp_path):
    np.savez(tmp_path / "real.npz", **arrays)
    with pytest.raises(ValueError, match=words):
        feature_moments.load_statistics(tmp_path / "real.npz")


def test_one_row_is_refused():
    with pytest.raises(ValueError, match="two rows or more"):
        feature_moments.moments_of(np.zeros((1, 3)))
