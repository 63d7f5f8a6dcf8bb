"""Principal components of rows, against an eigendecomposition."""

import numpy as np
import pytest

from jgen.features import pca_features
from tests.helpers.extractor_checks import check_rows_alone


def make_rows(rng):
    return rng.normal(size=(40, 2, 3)) * np.array([[5.0, 4.0, 3.0], [2.0, 1.0, 0.5]]) + 7.0


@pytest.fixture
def rows(rng):
    return make_rows(rng)


def check_projections(pca_features):
    rng = np.random.default_rng(0)
    rows, fresh = make_rows(rng), rng.normal(size=(9, 2, 3))
    flat, new = rows.reshape(40, 6), fresh.reshape(9, 6)
    vectors = np.linalg.eigh(np.cov(flat.T))[1][:, ::-1]
    truth = (new - flat.mean(0)) @ vectors[:, :4]
    features = pca_features(rows, 4)(fresh)
    assert features.dtype == np.float64
    np.testing.assert_allclose(np.abs(features), np.abs(truth), atol=1e-10)


def test_components_are_projections_on_eigenvectors():
    check_projections(pca_features)


def test_distances_are_those_of_rows_if_no_direction_is_left_out(rows):
    """So that a metric which rotations do not change is that of raw rows: nothing is whitened."""
    features, flat = pca_features(rows, 6)(rows), rows.reshape(40, 6)
    for points in (features, flat):
        points -= points[:1].copy()
    np.testing.assert_allclose(features @ features.T, flat @ flat.T, atol=1e-10)


def test_features_are_of_a_row_alone(rows):
    check_rows_alone(pca_features(rows, 2), rows[:5])


def test_the_digest_is_of_rows_and_k(rows):
    extractors = [pca_features(rows, 2), pca_features(rows, 3), pca_features(rows[:-1], 2)]
    assert [extractor.name for extractor in extractors] == ["pca-2", "pca-3", "pca-2"]
    assert len({extractor.digest for extractor in extractors}) == 3
    again = pca_features(rows.astype(np.float32).astype(float), 2)
    assert again.digest == pca_features(rows.astype(np.float32), 2).digest != extractors[0].digest


@pytest.mark.parametrize("k", [0, 3])
def test_more_components_than_the_rank_are_refused(k):
    line = np.array([[0.0, 0.0, 1.0], [1.0, 2.0, 1.0], [2.0, 1.0, 1.0], [5.0, 5.0, 1.0]])
    with pytest.raises(ValueError, match="k must be between 1 and 2, the rank of the centred rows; got"):
        pca_features(line, k)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (np.zeros(4), "must be rows"),
        (np.zeros((1, 4)), "at least two rows"),
        (np.array([[0.0, np.nan], [1.0, 2.0], [3.0, 4.0]]), "must be finite, got nan in row 0, column 1"),
        (np.ones((5, 2)), "between 1 and 0"),
    ],
    ids=["vector", "one", "nan", "constant"],
)
def test_rows_without_components_are_refused(rows, words):
    with pytest.raises(ValueError, match=words):
        pca_features(rows, 1)


def test_rows_of_another_shape_are_refused(rows):
    with pytest.raises(ValueError, match=r"pca-2 takes rows .* of sizes \(any, 2, 3\); got \(40, 6\)"):
        pca_features(rows, 2)(rows.reshape(40, 6))
