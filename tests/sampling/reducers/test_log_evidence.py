"""Test log Z and its error against those of stored weights."""

import numpy as np
import pytest

from jgen.diagnostics import weights
from jgen.diagnostics.weights.unseen_tail import unseen_tail
from jgen.sampling.reducers import log_evidence
from jgen.types import NORMAL_95
from tests.helpers.reducer_folds import markov, run, stored, weighted

EPS = float(np.finfo(np.float32).eps)


def test_log_evidence_equals_that_of_stored_weights():
    draws = stored()
    for log_weight in (draws.log_weight, draws.log_weight / 100, np.zeros_like(draws.log_weight)):
        check_equal(run(log_evidence(), weighted(draws.value, log_weight)), log_weight)


@pytest.mark.parametrize(("k", "size"), [(0.1, 20), (0.1, 1000), (0.55, 1000), (0.9, 4000)])
def test_the_tail_of_the_weights_is_that_of_stored_ones(k, size):
    """With errors of 1.96 sides of the interval, which may count the tail, or inf where it is flagged."""
    quantile = (np.arange(size) + 0.5) / size  # of a Pareto tail
    log_weight = np.random.default_rng(0).permutation(-k * np.log(quantile)).astype(np.float32).reshape(-1, 4)
    found = run(log_evidence(), weighted(log_weight, log_weight))
    check_equal(found, log_weight)
    assert np.isinf(found.standard_error) == (k > 0.7)
    assert np.isnan(found.pareto_k) == (size < 25)


def check_equal(found, log_weight):
    """Check the error of the mean weight, and from k = 0.35 on what it lacks of its tail."""
    truth = weights.log_evidence(log_weight.astype(np.float64))
    np.testing.assert_allclose(found.value, truth.value, rtol=8 * EPS, atol=8 * EPS)
    weight = np.exp(log_weight - log_weight.max()).ravel()
    k = np.float32(-np.inf if truth.pareto_k is None else truth.pareto_k)
    rise = np.log1p(unseen_tail(weight, k) / weight.mean()) / NORMAL_95
    expected = max(rise, weights.log_mean_exp_with_error(log_weight.astype(np.float64))[1])
    np.testing.assert_allclose(found.standard_error, np.inf if truth.flags else expected, rtol=1e-3)
    if truth.pareto_k is not None:
        np.testing.assert_allclose(found.pareto_k, weights.pareto_k(log_weight.ravel()), rtol=1e-3)


def test_zero_nan_and_missing_weights():
    late = np.full((4, 3), -np.inf, np.float32)
    assert run(log_evidence(), weighted(late, late))[:2] == (-np.inf, np.inf)
    late[3, 1] = 2.0
    np.testing.assert_allclose(run(log_evidence(), weighted(late, late)).value, 2 - np.log(12), rtol=8 * EPS)
    late[1, 1] = np.nan
    assert np.isnan(run(log_evidence(), weighted(late, late)).value)
    with pytest.raises(ValueError, match="normaliser is unknown"):
        run(log_evidence(), markov(late))
