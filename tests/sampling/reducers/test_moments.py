"""Test mean and variance against those of stored draws."""

import numpy as np
import pytest

from jgen.sampling.reducers import moments
from tests.helpers.reducer_folds import markov, run, stored, weighted

EPS = float(np.finfo(np.float32).eps)


def test_moments_equal_those_of_stored_draws():
    draws = markov(stored().value)
    result = run(moments(), draws)
    for name, value in draws.value.items():
        value = value.astype(np.float64)
        np.testing.assert_allclose(result.mean[name], value.mean(axis=(0, 1)), rtol=8 * EPS, atol=8 * EPS)
        np.testing.assert_allclose(result.variance[name], value.var(axis=(0, 1), ddof=1), rtol=300 * EPS)
    assert result.ess == 900


@pytest.mark.parametrize("scale", [1.0, 0.02])
def test_weighted_moments_equal_those_of_stored_draws(scale):
    draws = stored()
    log_weight = draws.log_weight * np.float32(scale)
    result = run(moments(), weighted(draws.value, log_weight))
    weight = np.exp(log_weight.astype(np.float64) - log_weight.max()).ravel()
    weight /= weight.sum()
    for name, value in draws.value.items():
        value = value.astype(np.float64).reshape(weight.size, -1)
        mean = weight @ value
        variance = weight @ (value - mean) ** 2 / (1 - weight @ weight)
        np.testing.assert_allclose(result.mean[name].ravel(), mean, rtol=100 * EPS, atol=100 * EPS)
        if scale < 1:  # with the larger scale one draw carries nearly all the weight
            np.testing.assert_allclose(result.variance[name].ravel(), variance, rtol=1e4 * EPS)
    np.testing.assert_allclose(result.ess, 1 / (weight @ weight), rtol=1e-4)


def test_draws_of_weight_zero_do_not_count():
    value = np.array([[np.nan, 1.0], [2.0, np.inf], [4.0, 6.0]], np.float32)  # [draw, chain]
    log_weight = np.array([[-np.inf, 0.0], [0.0, -np.inf], [0.0, 0.0]], np.float32)
    result = run(moments(), weighted(value, log_weight))
    np.testing.assert_allclose(result.mean, 13 / 4, rtol=4 * EPS)
    np.testing.assert_allclose(result.variance, np.var([1, 2, 4, 6], ddof=1), rtol=8 * EPS)


def test_a_chain_without_weight_and_a_chain_with_nan():
    value = np.arange(8, dtype=np.float32).reshape(4, 2)
    nothing = np.array([[-np.inf, 0.0]] * 4, np.float32)
    np.testing.assert_allclose(run(moments(), weighted(value, nothing)).mean, 4.0)
    with_nan = {"bad": np.where(value == 3, np.nan, value), "good": value}
    result = run(moments(), markov(with_nan))
    assert np.isnan(result.mean["bad"])
    np.testing.assert_allclose(result.mean["good"], 3.5)
