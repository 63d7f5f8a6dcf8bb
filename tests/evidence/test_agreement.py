"""Estimates side by side: distances in standard errors, and what speaks against each."""

import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from jgen.evidence import agreement
from jgen.types import NORMAL_95, Draws, Law, Result


def result(value, error):
    return Result(value, value - NORMAL_95 * error, value + NORMAL_95 * error, 9, "", {})


def weighted(log_weight, law=Law.WEIGHTED):
    """Draws of one coordinate with these weights, ``[chain, draw]`` or ``[chain, draw, particle]``."""
    log_weight = jnp.asarray(log_weight, jnp.float32)
    return Draws(jnp.zeros(log_weight.shape), {}, log_weight, law)


def test_distances_are_in_standard_errors():
    rows = agreement({"a": result(1.0, 0.3), "b": result(2.0, 0.4), "c": result(1.0, 0.4)}, truth=1.6).rows
    assert [row["off (s.e.)"] for row in rows] == [-2.0, 1.0, -1.5]
    assert [row["apart (s.e.)"] for row in rows] == ["b -2.0, c +0.0", "c +1.8", ""]


def test_what_speaks_against_an_estimate():
    tail = stats.genpareto.ppf((np.arange(4000) + 0.5) / 4000, 1.5)
    populations = np.zeros((8, 1, 16))
    populations[1:] -= 30.0
    rows = agreement({
        "even": weighted(np.zeros((4, 100))),
        "heavy": weighted(np.log(tail).reshape(4, 1000)),
        "alone": weighted(populations, Law.ENSEMBLE),
        "many": weighted(np.zeros((8, 1, 16)), Law.ENSEMBLE),
        "wide": result(0.0, 1.5),
    }).rows  # fmt: skip
    said = {row["by"]: row["believed"] for row in rows}
    assert said["even"] == said["many"] == "yes"
    assert said["heavy"].startswith("no: ")
    assert "Pareto k" in said["heavy"]
    assert "1.0 populations weigh" in said["alone"]
    assert said["wide"] == "no: an error of 1.5 nats"


def test_draws_without_weights_are_refused():
    with pytest.raises(ValueError, match=r"NUTS: draws without weights say nothing of log Z"):
        agreement({"NUTS": Draws(jnp.zeros((2, 3)), {}, None, Law.MARKOV)})
