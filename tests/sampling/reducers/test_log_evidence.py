"""Test log Z and its error against those of stored weights."""

import jax
import numpy as np
import pytest

from jgen.diagnostics import weights
from jgen.sampling.reducers import log_evidence
from jgen.types import DrawKind, Draws
from tests.helpers.reducer_folds import run, stored

FALSE_ALARM = 1e-6
EPS = float(np.finfo(np.float32).eps)


def test_log_evidence_equals_that_of_stored_weights():
    draws = stored()
    for log_weight in (draws.log_weight, draws.log_weight / 100, np.zeros_like(draws.log_weight)):
        value, error = run(log_evidence(), Draws(draws.value, {}, log_weight, DrawKind.WEIGHTED))
        with jax.enable_x64(True):
            truth, true_error = weights.log_mean_exp_with_error(log_weight.astype(np.float64))
        np.testing.assert_allclose(value, truth, rtol=8 * EPS, atol=8 * EPS)
        np.testing.assert_allclose(error, true_error, rtol=1e-4)


def test_zero_nan_and_missing_weights():
    draws = stored(num_draws=4)
    nothing = run(
        log_evidence(), Draws(draws.value, {}, np.full((4, 3), -np.inf, np.float32), DrawKind.WEIGHTED)
    )
    assert (nothing.value, nothing.standard_error) == (-np.inf, np.inf)
    late = np.full((4, 3), -np.inf, np.float32)
    late[3, 1] = 2.0
    np.testing.assert_allclose(
        run(log_evidence(), Draws(draws.value, {}, late, DrawKind.WEIGHTED)).value,
        2 - np.log(12),
        rtol=8 * EPS,
    )
    late[1, 1] = np.nan
    assert np.isnan(run(log_evidence(), Draws(draws.value, {}, late, DrawKind.WEIGHTED)).value)
    with pytest.raises(ValueError, match="normaliser is unknown"):
        run(log_evidence(), stored(weighted=False))
