"""Test E-BFMI of an autoregression, and against ArviZ."""

import warnings

import jax.numpy as jnp
import numpy as np
import pytest

from jgen import diagnostics
from tests.helpers.arviz import arviz_before_1
from tests.helpers.autoregression import ar1
from tests.helpers.random_keys import FALSE_ALARM_SDS, fresh_rng


@pytest.mark.usefixtures("x64")
def test_bfmi_of_an_autoregression():
    """E (x' - x)^2 / Var x = 2 (1 - r); its relative sd is below 2 / sqrt(n (1 - r))."""
    num_draws, r = 20_000, 0.9
    energy = 1e3 + ar1(fresh_rng(), r, 3, num_draws)
    relative = diagnostics.bfmi(energy) / (2 * (1 - r)) - 1
    assert (abs(relative) < FALSE_ALARM_SDS * 2 / np.sqrt(num_draws * (1 - r))).all()


@pytest.mark.usefixtures("x64")
def test_bfmi_equals_arviz_and_nan_stays_in_its_chain():
    energy = np.random.default_rng(0).normal(size=(3, 100))
    with_nan = energy.copy()
    with_nan[1, 5] = np.nan
    assert jnp.isnan(diagnostics.bfmi(with_nan)).tolist() == [False, True, False]
    assert jnp.isnan(diagnostics.bfmi(energy[:, :1])).all()
    az = arviz_before_1()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        np.testing.assert_allclose(diagnostics.bfmi(energy), az.bfmi(energy), rtol=1e-12)
