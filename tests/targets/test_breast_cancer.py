"""Check the logistic regression on the breast cancer data by hand."""

import jax
import numpy as np
import pytest
from scipy import stats

from jgen.targets import breast_cancer
from tests.helpers.quadrature import TOLERANCE

pytestmark = pytest.mark.usefixtures("x64")


def test_density_and_gradient_by_hand():
    """Detect a sign of the labels, an unstandardised column, a lost prior."""
    from sklearn.datasets import load_breast_cancer

    features, labels = load_breast_cancer(return_X_y=True)
    standardised = stats.zscore(features)
    w = np.cos(np.arange(31.0))
    exact = stats.norm.logpdf(w).sum()
    probability = 1 / (1 + np.exp(-(w[0] + standardised @ w[1:])))
    exact += stats.bernoulli.logpmf(labels, probability).sum()
    target = breast_cancer()
    value, gradient = jax.jit(jax.value_and_grad(target.log_density))(w)
    np.testing.assert_allclose(value, exact, rtol=TOLERANCE)
    residual = labels - probability
    score = np.append(residual.sum(), standardised.T @ residual)
    np.testing.assert_allclose(gradient, score - w, rtol=TOLERANCE)
