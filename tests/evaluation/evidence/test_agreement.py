"""Compare estimates: distances in standard errors, p-values, and reasons against each."""

import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from jgen.diagnostics.student_interval import student_result
from jgen.evaluation.evidence import agreement
from jgen.types import DrawKind, Draws


def result(value, error, dof=np.inf):
    return student_result(jnp.asarray(value), jnp.asarray(error), dof, 9, "")


def weighted(log_weight, kind=DrawKind.WEIGHTED):
    """Draws of one coordinate with these weights, ``[chain, draw]`` or ``[chain, draw, particle]``."""
    log_weight = jnp.asarray(log_weight, jnp.float32)
    return Draws(jnp.zeros(log_weight.shape), {}, log_weight, kind)


def test_distances_are_in_standard_errors():
    rows = agreement({"a": result(1.0, 0.3), "b": result(2.0, 0.4), "c": result(1.0, 0.4)}, truth=1.6).rows
    assert [row["off (s.e.)"] for row in rows] == [-2.0, 1.0, -1.5]
    assert [row["apart (s.e.)"] for row in rows] == ["b -2.0, c +0.0", "c +1.8", ""]
    p_values = 2 * stats.norm.sf([2.0, 2.0, 2.5 / np.sqrt(2)])
    np.testing.assert_allclose([row["min p-value"] for row in rows], p_values, rtol=0.05)  # two figures


@pytest.mark.slow
@pytest.mark.usefixtures("unoptimised")
def test_few_populations_have_students_distribution():
    """Eight populations have seven degrees of freedom, four chains three; their difference has Welch's."""
    populations = np.log(np.linspace(0.5, 1.5, 8))[:, None, None] + np.zeros((8, 1, 16))
    estimates = {"SMC": weighted(populations, DrawKind.ENSEMBLE), "chains": result(0.7, 0.2, 3)}
    compared = agreement(estimates, truth=0.0)
    weights = np.linspace(0.5, 1.5, 8)
    error = weights.std(ddof=1) / np.sqrt(8) / weights.mean()  # the delta method
    found = [(one.standard_error, one.dof) for one in compared.results.values()]
    np.testing.assert_allclose(found, [(error, 7), (0.2, 3)], rtol=1e-5)
    off, apart = compared.off["chains"], compared.apart["SMC", "chains"]
    truth = [3.5, 3, 2 * stats.t(3).sf(3.5)]
    np.testing.assert_allclose([off.errors, off.dof, off.p_value], truth, rtol=1e-5)
    truth = stats.ttest_ind_from_stats(0.0, error * 8**0.5, 8, 0.7, 0.4, 4, equal_var=False)
    np.testing.assert_allclose([apart.errors, apart.p_value], truth, rtol=1e-4)


def test_an_estimate_of_unknown_error_is_unreliable():
    compared = agreement({"alone": result(0.0, np.nan, 0), "wild": result(-np.inf, np.inf, 7)}, truth=0.0)
    assert [row["reliable"][:3] for row in compared.rows] == ["no:", "no:"]
    assert compared.results["wild"].high == np.inf


def test_unreliable_estimates_are_flagged():
    tail = stats.genpareto.ppf((np.arange(4000) + 0.5) / 4000, 1.5)
    populations = np.zeros((8, 1, 16))
    populations[1:] -= 30.0
    rows = agreement({
        "even": weighted(np.zeros((4, 1000))),
        "heavy": weighted(np.log(tail).reshape(4, 1000)),
        "alone": weighted(populations, DrawKind.ENSEMBLE),
        "many": weighted(np.zeros((8, 1, 16)), DrawKind.ENSEMBLE),
        "wide": result(0.0, 1.5),
    }).rows  # fmt: skip
    reliable = {row["by"]: row["reliable"] for row in rows}
    assert reliable["heavy"].startswith("no: Pareto k")
    assert "the Kish ESS is 1.0" in reliable["alone"]
    found = [reliable[name] for name in ("even", "many", "wide")]
    assert found == ["yes", "yes", "no: an error of 1.5 nats"]


def test_draws_without_weights_are_refused():
    with pytest.raises(ValueError, match=r"NUTS: draws without weights do not estimate log Z"):
        agreement({"NUTS": Draws(jnp.zeros((2, 3)), {}, None, DrawKind.MARKOV)})
