"""Test draws converted to ArviZ and back."""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jgen.interop import from_arviz, to_arviz
from jgen.samplers import mala
from jgen.sampling.driver import Run, sample
from jgen.types import DrawKind, Draws


def assert_same_draws(first, second):
    assert first.kind is second.kind
    arrays, others = ((draws.value, dict(draws.info), draws.log_weight) for draws in (first, second))
    chex.assert_trees_all_equal(arrays, others, strict=True)


def density(position):
    return -0.5 * sum(jnp.sum(leaf**2) for leaf in jax.tree.leaves(position))


def test_markov_draws_are_the_same_after_a_round_trip():
    position = {"block": {"mu": jnp.zeros(())}, "theta": (jnp.zeros(2), jnp.zeros((2, 3)))}
    start = jax.tree.map(lambda leaf: jnp.zeros((2, *leaf.shape)), position)
    run = sample(jax.random.key(3), mala(density), num_draws=5, num_chains=2, num_warmup=7, position=start)
    data = to_arviz(run, coords={"school": ["A", "B"]}, dims={"theta.0": ["school"]})
    posterior = data["posterior"]
    assert set(posterior.data_vars) == {"block.mu", "theta.0", "theta.1"}
    assert posterior["theta.0"].dims == ("chain", "draw", "school")
    assert posterior["school"].values.tolist() == ["A", "B"]
    assert posterior.sizes["draw"] == 5  # without the warm-up
    assert {"acceptance_rate", "lp", "step_size"} <= set(data["sample_stats"].data_vars)
    assert_same_draws(from_arviz(data, like=position), run.draws)


def test_weights_and_single_arrays_are_the_same_after_a_round_trip():
    value = np.arange(15, dtype=np.float32).reshape(3, 5)
    draws = Draws(value, {"lp": -value}, value / 2, DrawKind.WEIGHTED)
    data = to_arviz(draws)
    assert "log_weight" in data["sample_stats"]
    assert_same_draws(from_arviz(data, like=0.0), draws)


def test_draws_that_arviz_cannot_hold_are_rejected():
    with pytest.raises(ValueError, match="stored no draws"):
        to_arviz(Run(None, {}, None, None, None))
    twice = Draws({"a": {"b": np.zeros((2, 3))}, "a.b": np.zeros((2, 3))}, {}, None, DrawKind.MARKOV)
    with pytest.raises(ValueError, match="one name"):
        to_arviz(twice)
    data = to_arviz(Draws(np.zeros((2, 3)), {}, None, DrawKind.MARKOV))
    with pytest.raises(ValueError, match="has no mu"):
        from_arviz(data, like={"mu": 0.0})
