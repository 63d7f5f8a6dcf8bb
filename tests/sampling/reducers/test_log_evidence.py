"""Test log Z and its error against those of stored weights."""

import jax
import numpy as np
import pytest

from jgen.diagnostics import weights
from jgen.sampling.reducers import log_evidence
from tests.helpers.reducer_folds import markov, run, stored, weighted

EPS = float(np.finfo(np.float32).eps)


def test_log_evidence_equals_that_of_stored_weights():
    draws = stored()
    for log_weight in (draws.log_weight, draws.log_weight / 100, np.zeros_like(draws.log_weight)):
        value, error = run(log_evidence(), weighted(draws.value, log_weight))
        with jax.enable_x64(True):
            truth, true_error = weights.log_mean_exp_with_error(log_weight.astype(np.float64))
        np.testing.assert_allclose(value, truth, rtol=8 * EPS, atol=8 * EPS)
        np.testing.assert_allclose(error, true_error, rtol=1e-4)


def test_zero_nan_and_missing_weights():
    late = np.full((4, 3), -np.inf, np.float32)
    assert run(log_evidence(), weighted(late, late)) == (-np.inf, np.inf)
    late[3, 1] = 2.0
    np.testing.assert_allclose(run(log_evidence(), weighted(late, late)).value, 2 - np.log(12), rtol=8 * EPS)
    late[1, 1] = np.nan
    assert np.isnan(run(log_evidence(), weighted(late, late)).value)
    with pytest.raises(ValueError, match="normaliser is unknown"):
        run(log_evidence(), markov(late))
