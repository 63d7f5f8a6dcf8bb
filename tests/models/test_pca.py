"""Check principal components against scikit-learn and their invariants."""

import jax
import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA

from jgen.models import pca


def test_directions_and_variances_equal_those_of_scikit_learn(x64, digits):  # noqa: ARG001
    ours, theirs = pca(digits, 20), PCA(20, svd_solver="full").fit(digits)
    signs = np.sign(np.sum(ours.components * theirs.components_, axis=1))[:, None]
    np.testing.assert_allclose(ours.components * signs, theirs.components_, atol=1e-9)
    np.testing.assert_allclose(ours.variances, theirs.explained_variance_ * (1 - 1 / len(digits)))
    np.testing.assert_allclose(ours.mean, digits.mean(0))
    np.testing.assert_allclose(ours.project(digits[:9]), theirs.transform(digits[:9]) * signs.T, atol=1e-9)


def test_the_reconstruction_error_is_the_remaining_variance(x64, digits):  # noqa: ARG001
    fit = pca(digits, 10)
    error = digits - fit.reconstruct(fit.project(digits))
    np.testing.assert_allclose((np.asarray(error) ** 2).sum(1).mean(), fit.rest, rtol=1e-9)


def test_whitened_rows_have_covariance_one(x64, digits):  # noqa: ARG001
    white = np.asarray(pca(digits, 12).whiten(digits))
    np.testing.assert_allclose(np.cov(white.T, bias=True), np.eye(12), atol=1e-9)
    np.testing.assert_allclose(white.mean(0), 0, atol=1e-9)


def test_pca_is_a_pytree_of_arrays_and_keeps_batch_axes():
    fit = pca(load_iris().data, 2)
    assert [leaf.shape for leaf in jax.tree.leaves(fit)] == [(4,), (2, 4), (2,), ()]
    z = jax.jit(lambda fit, x: fit.whiten(x))(fit, load_iris().data.reshape(3, 50, 4).astype(np.float32))
    assert z.shape == (3, 50, 2)
    assert fit.reconstruct(z[0, 0]).shape == (4,)


@pytest.mark.parametrize(
    ("rows", "num_components", "words"),
    [
        (np.ones((5, 3)), 1, "between 1 and 0"),
        (np.eye(3), 0, "between 1 and 2"),
        (np.ones(5), 1, "table"),
        (np.ones((1, 3)), 1, "at least two rows"),
        (np.array([[0.0, 1.0], [1.0, np.inf]]), 1, "inf in row 1, column 1"),
    ],
)
def test_invalid_rows_are_rejected(rows, num_components, words):
    with pytest.raises(ValueError, match=words):
        pca(rows, num_components)
