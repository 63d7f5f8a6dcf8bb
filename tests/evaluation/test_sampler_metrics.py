"""The row of a sampler: right numbers by each law, and a standard error that survives modes never left."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest

from jgen.diagnostics import mcse_between, mcse_mean
from jgen.evaluation.sampler_metrics import rounded, score
from jgen.evaluation.timing import timed_sample
from jgen.samplers import ancestral, direct, importance, select
from jgen.sampling.chains import Cost
from jgen.sampling.driver import Run, sample
from jgen.types import DrawKind, Draws

MEAN, VARIANCE = jnp.array([1.0, -2.0]), jnp.array([4.0, 9.0])


def run_of(value, law, log_weight=None, num_grads=0):
    return Run(Draws(value, {}, log_weight, law), {}, None, Cost(num_grads, 0), Cost(0, 0))


def test_exact_draws_are_worth_their_number():
    noise = np.asarray(jax.random.normal(jax.random.key(0), (50, 400, 2)), np.float64)
    value = np.asarray(MEAN) + np.sqrt(VARIANCE) * noise
    row = score(
        run_of(value, DrawKind.INDEPENDENT, np.zeros((50, 400))), seconds=2.0, mean=MEAN, variance=VARIANCE
    )
    error = value.reshape(-1, 2).std(0) / np.sqrt(20_000)
    assert row["error (MCSEs)"] == pytest.approx((np.abs(value.mean((0, 1)) - MEAN) / error).max(), rel=1e-2)
    assert row["ESS"] == pytest.approx((np.asarray(VARIANCE) / error**2).min(), rel=1e-3)
    assert (row["draws/s"], row["log Z"], row["log Z s.e."]) == (10_000.0, 0.0, 0.0)
    assert row["ESS/gradient"] is None
    assert row["R-hat"] is None


def test_chains_that_never_leave_their_mode_are_worth_their_number():
    key, noise_key = jax.random.split(jax.random.key(1))
    mode = jax.random.bernoulli(key, 0.5, (400, 1, 2))
    value = np.asarray(20.0 * mode + 0.1 * jax.random.normal(noise_key, (400, 64, 2)))
    run = run_of(value, DrawKind.MARKOV, num_grads=1000)
    row = score(run, seconds=1.0, mean=jnp.full(2, 10.0), variance=jnp.full(2, 100.01))
    assert 300 < row["ESS"] <= 410
    assert row["ESS/gradient"] == pytest.approx(row["ESS"] / 1000)
    # normal scores of two halves: variance 2 / pi between their means, 1 - 2 / pi within
    assert row["R-hat"] == pytest.approx(np.sqrt(1 + (2 / np.pi) / (1 - 2 / np.pi)), rel=0.05)
    assert row["error (MCSEs)"] < 5  # two coordinates, false alarm 1e-6
    assert row["log Z"] is None


def test_the_error_between_chains_covers_as_it_says():
    keys = jax.random.split(jax.random.key(2), 4000)
    draws = jax.vmap(lambda key: jax.random.normal(key, (64, 1)).repeat(8, axis=1))(keys)  # stuck chains
    z = draws.mean((1, 2)) / jax.vmap(mcse_between)(draws)
    # Student's t with 63 degrees of freedom; P(|t| > 1.998) = 0.05, binomial sd 0.0034, 5 sd for 1e-6
    assert abs(float((jnp.abs(z) > 1.998).mean()) - 0.05) < 5 * 0.0034


def test_weights_are_used():
    value, weight = np.array([[[0.0, 0.0], [1.0, 2.0]]]), np.log([[1.0, 3.0]])
    row = score(
        run_of(value, DrawKind.WEIGHTED, weight), seconds=1.0, mean=jnp.array([0.75, 1.5]), variance=VARIANCE
    )
    assert row["error (MCSEs)"] == pytest.approx(0.0, abs=1e-5)
    assert row["log Z"] == pytest.approx(np.log(2), abs=1e-6)
    assert row["log Z s.e."] == pytest.approx(0.5, abs=1e-6)


@pytest.mark.parametrize(
    ("run", "words"),
    [
        (Run(None, {}, None, Cost(0, 0), Cost(0, 0)), "store=True"),
        (run_of(np.zeros((4, 5, 3)), DrawKind.MARKOV), "3 coordinates"),
        (run_of(np.zeros((4, 5, 2)), DrawKind.WEIGHTED), "log_weight"),
    ],
)
def test_mistakes_are_named(run, words):
    with pytest.raises(ValueError, match=words):
        score(run, seconds=1.0, mean=MEAN, variance=VARIANCE)


def test_one_chain_has_no_error_between_chains():
    assert jnp.isnan(mcse_between(jnp.arange(10.0)[None]))
    steady = jax.random.normal(jax.random.key(3), (400, 50))
    assert abs(float(mcse_between(steady) / mcse_mean(steady)) - 1) < 0.25


def test_rounding_keeps_what_is_no_float():
    row = {"ESS": 12345.6, "n": 12345, "log Z": 0.5, "log Z s.e.": 0.012345, "R-hat": None}
    assert rounded(row) == {"ESS": 12300.0, "n": 12345, "log Z": "0.5 ± 0.012", "R-hat": None}
    assert rounded({"log Z": None, "log Z s.e.": None}) == {"log Z": None}


def test_a_timed_run_is_the_run():
    sampler = importance(dist.Normal(0.0, 1.0).log_prob, dist.Normal(0.0, 2.0))
    timed, seconds = timed_sample(jax.random.key(4), sampler, num_draws=7, num_chains=3)
    plain = sample(jax.random.key(4), sampler, num_draws=7, num_chains=3)
    np.testing.assert_array_equal(timed.draws.value, plain.draws.value)
    assert seconds > 0
    assert timed.cost == plain.cost


def x():
    return dist.Normal(0.0, 1.0)


def y(x):
    return dist.Normal(x, 1.0)


def test_keeping_one_variable_changes_no_draw_of_it():
    model = ancestral({"x": x, "y": y})
    whole = sample(jax.random.key(5), model, num_draws=6, num_chains=2).draws
    part = sample(jax.random.key(5), select(model, "y"), num_draws=6, num_chains=2).draws
    np.testing.assert_array_equal(part.value, whole.value["y"])
    np.testing.assert_array_equal(part.info["lp"], whole.info["lp"])
    assert part.kind is whole.kind
    for sampler, words in (
        (select(model, "z"), "no variable 'z'; they have x, y"),
        (select(direct(x()), "x"), "no names"),
    ):
        with pytest.raises(ValueError, match=words):
            sample(jax.random.key(0), sampler, num_draws=1)
