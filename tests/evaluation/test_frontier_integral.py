"""Frontier integral: known values by its sum and by the integral over mixing weights."""

from importlib import import_module

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import rel_entr

from jgen.evaluation.clustered_histograms import word_samples
from jgen.evaluation.frontier_integral import frontier_integral, frontier_of_histograms
from jgen.features import HashedCharacters

PAIRS = [([0.5, 0.5], [0.9, 0.1]), ([0.5, 0.5, 0.0], [0.001, 0.5, 0.499]), ([0.2, 0.3, 0.5], [0.3, 0.3, 0.4])]


def integral(p, q):
    """Integrate the weighted divergences over the mixing weight."""
    p, q = np.array(p), np.array(q)

    def frontier(weight):
        mixture = weight * p + (1 - weight) * q
        return 2 * (weight * rel_entr(p, mixture).sum() + (1 - weight) * rel_entr(q, mixture).sum())

    return quad(frontier, 0, 1, epsabs=1e-12)[0]


def check_values(module):
    of = module.frontier_of_histograms
    np.testing.assert_allclose(of([0.5, 0.5], [0.9, 0.1]), 0.13756026, atol=5e-9)
    assert of([1, 0], [0, 1]) == 1
    assert of([0.3, 0.7], [0.3, 0.7]) == 0
    for p, q in PAIRS:
        np.testing.assert_allclose(of(p, q), integral(p, q), atol=1e-10)
        np.testing.assert_allclose(of(p, q), of(q, p), rtol=1e-12)


def check_gradients(module):
    rng = np.random.default_rng(2)
    p, q = rng.dirichlet(np.ones(4), size=2)
    p[0] = q[0] * (1 + 1e-5)  # where the series stands in
    _, by_p, by_q = module.frontier_with_gradients(p, q)
    for j, step in enumerate(1e-6 * np.eye(4)):
        for found, move in ((by_p, (step, 0)), (by_q, (0, step))):
            ends = [
                module.frontier_with_gradients(p + side * move[0], q + side * move[1])[0] for side in (1, -1)
            ]
            np.testing.assert_allclose(found[j], (ends[0] - ends[1]) / 2e-6, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("check", [check_values, check_gradients])
def test_histograms(check):
    check(import_module("jgen.evaluation.frontier_integral"))


def test_the_series_meets_the_closed_form():
    for apart in (0.9e-4, 1.1e-4):  # on both sides of the switch
        p = np.array([0.5 + apart / 2, 0.5 - apart / 2])
        np.testing.assert_allclose(frontier_of_histograms(p, p[::-1]), 2 * apart**2 / 3, rtol=1e-6)


def test_results_have_null_interval_and_protocol():
    samples = word_samples(np.random.default_rng(0), 60, 60, 1.5)
    found = frontier_integral(**samples, extractor=HashedCharacters(dim=64), num_seeds=2)
    assert found.null.value < found.low < found.value < found.high
    assert found.protocol["bins"] == "n/10"
    assert frontier_integral(real=samples["real"], generated=samples["real"], num_seeds=1).value == 0
    with pytest.raises(ValueError, match="20 rows or more"):
        frontier_integral(real=["a"], generated=["b"])
