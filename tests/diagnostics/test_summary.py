"""Test that a summary has the diagnostics of its kind of draws."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jgen import diagnostics
from jgen.diagnostics import weights
from jgen.diagnostics.summary import _chain_diagnostics, log_evidence, summary
from jgen.types import DrawKind, Draws

NUM_CHAINS, NUM_DRAWS, NUM_PARTICLES = 4, 500, 5


def draws_of(kind, rng=0):
    rng = np.random.default_rng(rng)
    shape = (NUM_CHAINS, NUM_DRAWS)
    run = (*shape, NUM_PARTICLES) if kind is DrawKind.ENSEMBLE else shape
    value = {"mu": rng.normal(size=run), "theta": rng.normal(size=(*run, 2, 1))}
    info = {
        "num_grads": np.full(shape, 2**30, np.int32),
        "num_log_densities": np.ones(shape, np.int32),
        "acceptance_rate": rng.uniform(size=shape),
        "diverging": np.arange(NUM_DRAWS)[None].repeat(NUM_CHAINS, axis=0) < 3,
        "energy": rng.normal(size=shape),
    }
    log_weight = None if kind in (DrawKind.MARKOV, DrawKind.BIASED) else 0.5 * rng.normal(size=run)
    value = jax.tree.map(lambda leaf: leaf.astype(np.float32), value)
    return Draws(value, info, log_weight, kind)


@pytest.mark.parametrize("kind", DrawKind)
def test_every_kind_has_its_columns_and_totals(kind):
    result = summary(draws_of(kind))
    assert result.kind is kind
    assert result.names == ["mu", "theta[0, 0]", "theta[1, 0]"]
    assert all(column.shape == (3,) for column in result.table.values())
    assert result.totals["num_grads"] == 2000 * 2**30  # int32 would overflow
    assert result.totals["num_log_densities"] == 2000
    assert result.totals["num_diverging"] == 12
    assert ("log_evidence" in result.totals) == (kind in (DrawKind.WEIGHTED, DrawKind.ENSEMBLE))
    assert (
        ("rhat" in result.table) == ("bfmi" in result.totals) == (kind in (DrawKind.MARKOV, DrawKind.BIASED))
    )
    for word in (*result.names, *result.table, *result.totals):
        assert word in str(result)


def test_independent_draws():
    draws = draws_of(DrawKind.INDEPENDENT)
    table = summary(draws).table
    mu = draws.value["mu"].astype(np.float64)
    expected = mu.mean(), mu.std(ddof=1), mu.std(ddof=1) / np.sqrt(mu.size)
    np.testing.assert_allclose([table[name][0] for name in ("mean", "sd", "mcse")], expected, rtol=1e-12)


def test_weighted_draws():
    draws = draws_of(DrawKind.WEIGHTED)
    result = summary(draws)
    log_weight = draws.log_weight.ravel()
    mean, error = weights.self_normalised_mean(draws.value["theta"][..., 1, 0].ravel(), log_weight)
    found = [result.table["mean"][2], result.table["mcse"][2], result.totals["kish_ess"]]
    np.testing.assert_allclose(found, [mean, error, weights.kish_ess(log_weight)], rtol=1e-5)
    np.testing.assert_allclose(result.totals["pareto_k"], weights.pareto_k(log_weight), rtol=1e-4)
    np.testing.assert_allclose(result.totals["log_evidence"][:4], log_evidence(draws)[:4], rtol=1e-6)


def test_populations_are_the_draws_of_an_ensemble():
    """Five copies of each draw, each of the same weight, give the same means and errors as one."""
    draws, info = draws_of(DrawKind.WEIGHTED), {"least_ess": np.array([[0.5, 0.25]])}
    pair = (draws.value, draws.log_weight)
    copies, log_weight = jax.tree.map(lambda leaf: leaf[:, :, None].repeat(NUM_PARTICLES, axis=2), pair)
    once, repeated = summary(draws), summary(Draws(copies, info, log_weight, DrawKind.ENSEMBLE))
    for name, column in once.table.items():
        np.testing.assert_allclose(repeated.table[name], column, rtol=1e-4, err_msg=name)
    for name in ("kish_ess", "pareto_k"):
        np.testing.assert_allclose(repeated.totals[name], once.totals[name], rtol=1e-4)
    evidence, repeated_evidence = (found.totals["log_evidence"][:4] for found in (once, repeated))
    np.testing.assert_allclose(repeated_evidence, evidence, rtol=1e-5)
    assert repeated.totals["num_particles"] == NUM_PARTICLES
    assert "0.25" in str(repeated)


def test_one_population_has_no_error():
    draws = Draws(np.arange(3.0).reshape(1, 1, 3), {}, np.zeros((1, 1, 3)), DrawKind.ENSEMBLE)
    result = summary(draws)
    evidence = result.totals["log_evidence"]
    assert (result.table["mean"], evidence.value, evidence.n) == ([1.0], 0.0, 1)
    assert np.isnan([result.table["mcse"][0], evidence.low, evidence.high]).all()
    assert "one draw" in evidence.method


def test_markov_draws():
    draws = draws_of(DrawKind.MARKOV)
    result = summary(draws)
    theta = draws.value["theta"][..., 1, 0]
    for name in ("mcse_mean", "ess_bulk", "ess_tail", "rhat"):
        np.testing.assert_allclose(result.table[name][2], getattr(diagnostics, name)(theta), rtol=1e-5)
    np.testing.assert_allclose(result.totals["bfmi"], diagnostics.bfmi(draws.info["energy"]), rtol=1e-6)
    np.testing.assert_allclose(result.totals["acceptance_rate"], draws.info["acceptance_rate"].mean())


@pytest.mark.parametrize("kind", DrawKind)
def test_one_non_finite_coordinate_does_not_affect_the_others(kind):
    draws = draws_of(kind)
    particle = (0,) if kind is DrawKind.ENSEMBLE else ()
    mu = draws.value["mu"]
    value = {"constant": np.full_like(mu, 3.0), "infinite": mu.copy(), "mu": mu, "nan": mu.copy()}
    value["infinite"][(1, slice(7, 9), *particle)] = np.inf
    value["nan"][(0, 7, *particle)] = np.nan
    result = summary(Draws(value, draws.info, draws.log_weight, kind))
    whole = summary(draws)
    for name, column in result.table.items():
        np.testing.assert_allclose(column[2], whole.table[name][0], rtol=1e-6, err_msg=name)
    assert np.isnan(result.table["mean"][3])
    np.testing.assert_allclose(result.table["mean"][0], 3.0, rtol=1e-6)
    assert result.table["non_finite"].tolist() == [0, 2, 0, 1]
    assert result.totals["num_non_finite"] == 3
    assert "nan" in str(result)


def test_bare_arrays_device_arrays_and_integers():
    draws = Draws(jnp.arange(40).reshape(2, 10, 2), {}, None, DrawKind.MARKOV)
    result = summary(draws)
    assert result.names == ["x[0]", "x[1]"]
    np.testing.assert_allclose(result.table["mean"], [19.0, 20.0])
    assert summary(Draws(jnp.zeros((2, 10)), {}, None, DrawKind.MARKOV)).names == ["x"]


def test_rejection_weights_have_no_heavy_tail():
    accepted = np.arange(2000).reshape(4, 500) % 4 == 0
    log_weight = np.where(accepted, 1.0, -np.inf)
    totals = summary(Draws(log_weight, {"accepted": accepted}, log_weight, DrawKind.WEIGHTED)).totals
    assert (totals["kish_ess"], totals["pareto_k"], totals["num_accepted"]) == (500, -np.inf, 500)
    np.testing.assert_allclose(totals["log_evidence"].value, 1 + np.log(0.25), rtol=1e-6)


def test_markov_draws_never_get_a_log_evidence():
    weighed = draws_of(DrawKind.WEIGHTED)
    draws_without = [draws_of(DrawKind.MARKOV), draws_of(DrawKind.BIASED), replace(weighed, log_weight=None)]
    for draws in (*draws_without, replace(weighed, kind=DrawKind.MARKOV)):
        with pytest.raises(ValueError, match="normaliser is unknown"):
            log_evidence(draws)


def test_shapes_that_differ_are_rejected_and_few_draws_are_not():
    for value in (np.zeros(3), {"a": np.zeros((2, 3)), "b": np.zeros((3, 2))}):
        with pytest.raises(ValueError, match="axis of length one"):
            summary(Draws(value, {}, None, DrawKind.MARKOV))
    for shape, kind, column in (((1, 1, 2), DrawKind.MARKOV, "rhat"), ((1, 1), DrawKind.INDEPENDENT, "mcse")):
        assert np.isnan(summary(Draws(np.zeros(shape), {}, None, kind)).table[column]).all()


def test_coordinates_share_one_program():
    _chain_diagnostics.clear_cache()
    summary(draws_of(DrawKind.MARKOV))
    summary(draws_of(DrawKind.MARKOV, rng=1))
    assert _chain_diagnostics._cache_size() == 1


def test_chains_that_have_not_mixed_are_counted(rng):
    mixed, apart = rng.normal(size=(2, 4, 1000, 1))
    apart = apart + np.arange(4.0)[:, None, None]
    found = summary(Draws(np.concatenate([mixed, apart], -1), {}, None, DrawKind.MARKOV))
    assert found.totals["num_unmixed"] == 1
    assert "R-hat" in found.totals["remedy for num_unmixed"]
    assert "num_unmixed" not in summary(Draws(mixed, {}, None, DrawKind.MARKOV)).totals
    few = summary(Draws(mixed[:, :90], {}, None, DrawKind.MARKOV))  # at most 90 effective draws a chain
    assert few.totals["num_unmixed"] == 1


@pytest.mark.parametrize(("num_rejected", "is_flagged"), [(0, True), (9, True), (10, False)])
def test_log_z_of_few_rejected_draws_is_flagged(num_rejected, is_flagged):
    accepted = np.arange(400)[None] >= num_rejected
    log_weight = np.where(accepted, 0.0, -np.inf)
    draws = Draws(np.zeros((1, 400)), {"accepted": accepted}, log_weight, DrawKind.WEIGHTED)
    result = log_evidence(draws)
    assert bool(result.flags) == bool(summary(draws).totals["log_evidence"].flags) == is_flagged
    if is_flagged:
        assert f"{num_rejected} draws were rejected" in result.flags[0]
        assert result.high == np.inf
