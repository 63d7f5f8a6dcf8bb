"""Metrics of runs: correct for each kind of draws, with an error that holds where chains do not mix."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jgen.evaluation.sampler_metrics import evaluate_draws, round_metrics
from jgen.sampling.chains import Cost
from jgen.sampling.driver import Run
from jgen.types import DrawKind, Draws

MEAN, VARIANCE = jnp.array([1.0, -2.0]), jnp.array([4.0, 9.0])


def run_of(value, kind, log_weight=None, num_grads=0):
    return Run(Draws(value, {}, log_weight, kind), {}, None, Cost(num_grads, 0), Cost(0, 0))


def row_of(run, mean=MEAN, variance=VARIANCE):
    return evaluate_draws(run, seconds=2.0, mean=mean, variance=variance)


def test_the_ess_of_exact_draws_is_their_number():
    noise = np.asarray(jax.random.normal(jax.random.key(0), (50, 400, 2)), np.float64)
    value = np.asarray(MEAN) + np.sqrt(VARIANCE) * noise
    row = row_of(run_of(value, DrawKind.INDEPENDENT, np.zeros((50, 400))))
    error = value.reshape(-1, 2).std(0) / np.sqrt(20_000)
    assert row["error (MCSEs)"] == pytest.approx((np.abs(value.mean((0, 1)) - MEAN) / error).max(), rel=1e-2)
    assert row["ESS"] == pytest.approx((np.asarray(VARIANCE) / error**2).min(), rel=1e-3)
    assert (row["draws/s"], row["log Z"], row["log Z s.e."]) == (10_000.0, 0.0, 0.0)
    assert row["ESS/gradient"] is row["R-hat"] is None


def test_the_ess_of_chains_that_never_leave_their_mode_is_their_number():
    key, noise_key = jax.random.split(jax.random.key(1))
    mode = jax.random.bernoulli(key, 0.5, (400, 1, 2))
    value = np.asarray(20.0 * mode + 0.1 * jax.random.normal(noise_key, (400, 64, 2)))
    run = run_of(value, DrawKind.MARKOV, num_grads=1000)
    row = row_of(run, jnp.full(2, 10.0), jnp.full(2, 100.01))
    assert 300 < row["ESS"] <= 410
    assert row["ESS/gradient"] == pytest.approx(row["ESS"] / 1000)
    # normal scores of two halves: variance 2 / pi between their means, 1 - 2 / pi within
    assert row["R-hat"] == pytest.approx(np.sqrt(1 + (2 / np.pi) / (1 - 2 / np.pi)), rel=0.05)
    assert row["error (MCSEs)"] < 5  # two coordinates, false alarm 1e-6
    assert row["log Z"] is None


def test_weights_are_used():
    value, weight = np.array([[[0.0, 0.0], [1.0, 2.0]] * 2]), np.log([[1.0, 3.0] * 2])
    row = row_of(run_of(value, DrawKind.WEIGHTED, weight), jnp.array([0.75, 1.5]))
    assert row["error (MCSEs)"] == pytest.approx(0.0, abs=1e-5)
    assert (row["log Z"], row["log Z s.e."]) == pytest.approx((np.log(2), 12**-0.5), abs=1e-6)


@pytest.mark.parametrize(
    ("run", "words"),
    [
        (Run(None, {}, None, Cost(0, 0), Cost(0, 0)), "store=True"),
        (run_of(np.zeros((4, 5, 3)), DrawKind.MARKOV), "3 coordinates"),
        (run_of(np.zeros((4, 5, 2)), DrawKind.WEIGHTED), "log_weight"),
    ],
)
def test_wrong_runs_are_refused(run, words):
    with pytest.raises(ValueError, match=words):
        row_of(run)


def test_rounding_changes_floats_alone():
    row = {"ESS": 12345.6, "n": 12345, "log Z": 0.5, "log Z s.e.": 0.012345, "R-hat": None}
    assert round_metrics(row) == {"ESS": 12300.0, "n": 12345, "log Z": "0.5 ± 0.012", "R-hat": None}
    assert round_metrics({"log Z": None, "log Z s.e.": None}) == {"log Z": None}
