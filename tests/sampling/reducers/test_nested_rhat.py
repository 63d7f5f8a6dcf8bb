"""Test nested R-hat against stored draws, and what it can and cannot detect."""

from importlib import import_module

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from jgen import diagnostics
from jgen.sampling.reducers import nested_rhat
from tests.helpers.random_keys import fresh_key
from tests.helpers.reducer_folds import markov, run

EPS = float(np.finfo(np.float32).eps)


def by_hand(value, num_superchains):
    """Compute Margossian et al. (2024), section 2, in float64, of draws ``[draw, chain]``."""
    parts = np.float64(value).T.reshape(num_superchains, -1, len(value))  # [superchain, chain, draw]
    within = parts.var(axis=2, ddof=1).mean(1) if len(value) > 1 else 0.0
    means = parts.mean(2)
    apart = means.var(axis=1, ddof=1) if parts.shape[1] > 1 else 0.0
    return np.sqrt(1 + means.mean(1).var(ddof=1) / np.mean(within + apart))


def check_nested(module):
    rng = np.random.default_rng(9)
    for num_draws, num_superchains, size in ((3, 4, 6), (40, 8, 1)):
        starts = 1e4 + rng.normal(size=num_superchains).repeat(size)
        value = (starts + rng.normal(size=(num_draws, num_superchains * size))).astype(np.float32)
        result = run(module.nested_rhat(num_superchains), markov({"x": value}))
        np.testing.assert_allclose(result["x"], by_hand(value, num_superchains), rtol=1e3 * EPS)


def test_nested_rhat_equals_that_of_stored_draws():
    check_nested(import_module("jgen.sampling.reducers.nested_rhat"))


def test_nested_rhat_of_one_exact_draw():
    """For independent draws M (R^2 - 1) is Fisher's F with K - 1 and K (M - 1) degrees of freedom."""
    num_superchains, size = 16, 64
    value = jax.random.normal(fresh_key(), (1, num_superchains * size))
    ratio = size * (float(run(nested_rhat(num_superchains), markov(value))) ** 2 - 1)
    ratios = stats.f(num_superchains - 1, num_superchains * (size - 1))
    assert ratios.ppf(5e-7) <= ratio <= ratios.isf(5e-7)


def test_nested_rhat_misses_a_spread_that_differs():
    """Two of four superchains three times as wide: it passes, as documented; folded R-hat does not.

    Each mean is off by 3 / sqrt(64 x 500) at most, so that R - 1 is of the order of B / W = 1e-4.
    """
    num_draws, size = 500, 64
    scale = np.array([1.0, 1.0, 3.0, 3.0]).repeat(size)
    value = jax.random.normal(fresh_key(), (num_draws, 4 * size)) * scale[None]
    assert run(nested_rhat(4), markov(value)) < 1.01
    assert diagnostics.rhat(jnp.asarray(value).T) > 1.1


def test_stuck_equal_and_nan_superchains():
    """Inf for superchains stuck at their starts, NaN for equal ones and for NaN draws."""
    stuck = np.tile(np.array([1.0, 1.0, 2.0, 2.0]), (3, 1))
    value = {"stuck": stuck, "equal": np.ones((3, 4)), "nan": stuck * np.nan}
    result = run(nested_rhat(2), markov(value))
    np.testing.assert_equal(jax.tree.map(float, result), {"stuck": np.inf, "equal": np.nan, "nan": np.nan})


def test_wrong_superchains_are_rejected():
    with pytest.raises(ValueError, match="two or more"):
        nested_rhat(1)
    with pytest.raises(ValueError, match="5 chains"):
        run(nested_rhat(2), markov(np.ones((3, 5))))
