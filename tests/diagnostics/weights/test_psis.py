"""Test Pareto smoothing against ArviZ, and the tail of normal weights."""

import warnings

import jax
import numpy as np
import pytest
from scipy import stats

from jgen.diagnostics import weights
from tests.helpers.arviz import arviz_before_1
from tests.helpers.marking import first_of_each
from tests.helpers.normal_weights import log_weights
from tests.helpers.random_keys import FALSE_ALARM_SDS, fresh_key

RNG = np.random.default_rng(7)
CASES = {
    "half-cauchy": np.log(np.abs(RNG.standard_cauchy(1000))),
    "light": -(RNG.normal(size=1000) ** 2),
    "bounded": np.log(RNG.uniform(size=1000)),
    "no mean": 3 * np.log(np.abs(RNG.standard_cauchy(1000))),
    "huge range": 500 * RNG.normal(size=1000),
    "far from zero": RNG.normal(size=1000) - 1e5,
    "ties": RNG.poisson(3, size=1000) * 0.5,
    "mostly zero": np.where(RNG.uniform(size=1000) < 0.9, -np.inf, RNG.normal(size=1000)),
    "a tail of five": RNG.normal(size=24),
    "a tail of four": RNG.normal(size=20),
}


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("relative_efficiency", first_of_each([1.0, 0.5]))
@pytest.mark.parametrize("case", CASES)
def test_psis_equals_arviz(case, relative_efficiency):
    log_weight = CASES[case]
    az = arviz_before_1()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        smoothed, k = az.psislw(log_weight.copy(), reff=relative_efficiency, normalize=False)
    ours, our_k = weights.psis(log_weight, relative_efficiency)
    np.testing.assert_allclose(our_k, k, rtol=1e-9)
    # tied weights are smoothed in an order that no one fixes: compare the sorted ones
    np.testing.assert_allclose(np.sort(ours), np.sort(smoothed), rtol=1e-8)


@pytest.mark.parametrize("variance", [0.25, 0.5])
@pytest.mark.usefixtures("x64")
def test_pareto_k_of_two_normals(variance):
    """k = 1 - s^2 in the limit; at a finite threshold it is von Mises's d/dw [(1 - F) / f], in closed form.

    With u = |z| / s beyond the threshold and h the normal hazard, that shape is
    (1 - s^2) u / h + (1 - u (h - u)) / (h u). The fit averages it over the tail, draws k towards 1/2
    with the weight of ten draws, and has an asymptotic sd of (1 + k) / sqrt(tail).
    """
    size = 100_000
    tail = np.ceil(3 * np.sqrt(size))
    _, log_weight = log_weights(fresh_key(), variance, (size,))
    u = np.linspace(stats.norm.isf(tail / size / 2), stats.norm.isf(0.01 / size), 200)
    hazard = stats.norm.pdf(u) / stats.norm.sf(u)
    shape = (1 - variance) * u / hazard + (1 - u * (hazard - u)) / (hazard * u)
    shape = (tail * shape + 10 * 0.5) / (tail + 10)
    slack = FALSE_ALARM_SDS * (2 - variance) / np.sqrt(tail)
    k = weights.pareto_k(log_weight)
    assert shape.min() - slack < k < shape.max() + slack
    assert np.ptp(shape) < 0.15  # the theory is precise


def test_psis_never_exceeds_the_largest_weight_and_rejects_matrices():
    log_weight = CASES["no mean"].astype(np.float32)
    smoothed, k = weights.psis(log_weight)
    assert smoothed.max() <= log_weight.max()
    assert k > 1
    with pytest.raises(ValueError, match="vmap over estimates"):
        weights.psis(log_weight[None])


def test_float32_agrees_with_float64():
    """Fits of some hundred logarithms, each right to a few eps."""
    log_weight = CASES["half-cauchy"].astype(np.float32)

    def statistics():
        error = weights.log_mean_exp_with_error(log_weight)
        return [weights.pareto_k(log_weight), weights.kish_ess(log_weight), *error]

    single = statistics()
    with jax.enable_x64(True):
        double = statistics()
    np.testing.assert_allclose(single, double, rtol=1e-4)


def test_weights_that_are_nearly_equal_have_a_shape():
    """Differences of their exponentials would all be 0 in float32."""
    log_weight = CASES["half-cauchy"] * 1e-12
    expected = weights.pareto_k(log_weight)
    np.testing.assert_allclose(weights.pareto_k(log_weight.astype(np.float32)), expected, rtol=1e-4)
