"""Check the horseshoe by adaptive quadrature over its scales."""

import numpy as np
import pytest
from scipy import integrate, stats

from jgen.targets import horseshoe
from tests.helpers.quadrature import TOLERANCE

pytestmark = pytest.mark.usefixtures("x64")


def test_truths_by_adaptive_quadrature():
    """Integrate each mean apart over lambda itself, without a logarithm and so without a Jacobian."""
    target = horseshoe()
    y = np.asarray(target.log_density.args[0])

    def integral(function):
        def value(scale, y):
            likelihood = stats.norm.pdf(y, 0, np.sqrt(1 + scale**2)) * stats.halfcauchy.pdf(scale)
            return function(scale, scale * y / (1 + scale**2)) * likelihood

        options = {"epsabs": 1e-13, "epsrel": 1e-11, "limit": 500}
        ends = [(0, 1), (1, 10), (10, np.inf)]
        parts = [[integrate.quad(value, *pair, args=(each,), **options)[0] for pair in ends] for each in y]
        return np.sum(parts, axis=1)

    evidence = integral(lambda *_: 1.0)
    np.testing.assert_allclose(target.log_evidence, np.log(evidence).sum(), atol=TOLERANCE)
    log_scale, raw = integral(lambda scale, _: np.log(scale)), integral(lambda _, raw: raw)
    mean = np.concatenate([log_scale, raw]) / np.tile(evidence, 2)
    np.testing.assert_allclose(target.mean, mean, atol=TOLERANCE)
    log_square = integral(lambda scale, _: np.log(scale) ** 2)
    raw_square = integral(lambda scale, raw: raw**2 + 1 / (1 + scale**2))
    square = np.concatenate([log_square, raw_square])
    np.testing.assert_allclose(target.variance, square / np.tile(evidence, 2) - mean**2, atol=TOLERANCE)
    means = integral(lambda scale, raw: scale * raw) / evidence
    np.testing.assert_allclose(target.expectations["means"][1], means, atol=TOLERANCE)
    shrinkage = integral(lambda scale, _: 1 / (1 + scale**2)) / evidence
    np.testing.assert_allclose(target.expectations["shrinkage"][1], shrinkage, atol=TOLERANCE)
