"""Test the full covariance against that of stored draws."""

from importlib import import_module

import numpy as np
import pytest

from jgen._internal.trees import flatten_event
from jgen.sampling.reducers import covariance
from jgen.types import DrawKind, Draws
from tests.helpers.reducer_folds import markov, run, weighted

EPS = float(np.finfo(np.float32).eps)


def mixed(num_draws=200, num_chains=5):
    """Draw correlated coordinates of two leaves ``[draw, chain, ...]``, one far from 0, one an integer."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=(num_draws, num_chains, 3))
    return {
        "far": (1000 + x @ np.array([[1.0, 0.5, 0.0], [0.0, 1.0, -2.0], [0.0, 0.0, 0.3]])).astype(np.float32),
        "near": np.round(3 * x[..., 0] + rng.normal(size=x.shape[:2])).astype(int),
    }


# Log-weights that rise and fall by tens of nats, so that old sums are rescaled.
RISING = (8 * np.random.default_rng(5).normal(size=(200, 5)).cumsum(0) / 14).astype(np.float32)


def check_covariance(module, log_weight=RISING):
    """Each product is right to the rounding of its factors; means are in sums of two floats."""
    value = mixed()
    result = run(module.covariance(), markov(value) if log_weight is None else weighted(value, log_weight))
    rows = flatten_event(value, 2).reshape(-1, 4).astype(np.float64)
    weight = np.exp(np.zeros(len(rows)) if log_weight is None else np.float64(log_weight).ravel())
    weight /= weight.sum()
    mean = weight @ rows
    centred = rows - mean
    exact = (weight[:, None] * centred).T @ centred / (1 - weight @ weight)
    scale = np.sqrt(np.diag(exact))
    units = scale[:, None] * scale
    np.testing.assert_allclose(result.mean, mean, rtol=8 * EPS, atol=100 * EPS)
    np.testing.assert_allclose(np.asarray(result.covariance) / units, exact / units, atol=1e3 * EPS)
    np.testing.assert_allclose(result.ess, 1 / (weight @ weight), rtol=1e-4)


@pytest.mark.parametrize("log_weight", [None, RISING], ids=["equal weights", "weights"])
def test_covariance_equals_that_of_stored_draws(log_weight):
    check_covariance(import_module("jgen.sampling.reducers.covariance"), log_weight)


def test_covariance_of_particles_and_of_no_weight():
    """Particles of a population are rows; those of weight zero do not count, even if they are NaN."""
    value = np.arange(24.0, dtype=np.float32).reshape(3, 2, 2, 2) ** 2  # [draw, chain, particle, dim]
    log_weight = np.zeros((3, 2, 2), np.float32)
    log_weight[0] = log_weight[1, 0, 1] = -np.inf
    value[1, 0, 1] = np.nan
    result = run(covariance(), Draws(value, {}, log_weight, DrawKind.ENSEMBLE))
    kept = value.reshape(-1, 2)[np.isfinite(log_weight).ravel()].astype(np.float64)
    np.testing.assert_allclose(result.covariance, np.cov(kept.T), rtol=100 * EPS)
    assert result.ess == len(kept)


def test_covariance_does_not_drift():
    """2^18 steps of float32 far from 0: plain running sums would lose all digits of the product."""
    draw = np.arange(2**18)
    value = np.stack([1e4 + draw % 4, 1e4 + (draw % 4 == 0), draw % 3], 1)[:, None].astype(np.float32)
    result = run(covariance(), markov(value))
    exact = np.cov(value[:, 0].T.astype(np.float64))
    np.testing.assert_allclose(result.covariance, exact, rtol=64 * EPS, atol=64 * EPS)
