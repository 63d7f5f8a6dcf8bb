"""Check that estimates of log Z say when they are bad: heavy tails of weights, ladders too coarse."""

import jax.numpy as jnp
import numpy as np
import pytest

from jgen._internal.formatting import format_value
from jgen.diagnostics import summary, weights
from jgen.evaluation.evidence import agreement, stepping_stones, thermodynamic
from jgen.types import DrawKind, Draws
from tests.helpers.random_keys import fresh_rng


@pytest.mark.parametrize(("k", "is_flagged"), [(0.1, False), (1.9, True)])
def test_intervals_of_heavy_weights_are_flagged_and_cover(k, is_flagged):
    """The sd of k-hat of 4,000 weights is (1 + k) / sqrt(190): the wrong side of .7 has odds of 1e-9."""
    log_weight = -k * np.log(fresh_rng().uniform(size=4000))  # a Pareto tail of shape k
    result = weights.log_evidence(log_weight)
    assert bool(result.flags) == is_flagged
    assert result.pareto_k == pytest.approx(float(weights.pareto_k(log_weight)))
    assert ("Pareto k" in repr(result)) == ("Pareto k" in format_value(result)) == is_flagged
    draws = Draws(jnp.zeros((4, 1000)), {}, log_weight.reshape(4, 1000), DrawKind.WEIGHTED)
    assert ("Pareto k" in str(summary(draws))) == is_flagged
    (row,) = agreement({"one": result}).rows
    assert row["reliable"].startswith("no: Pareto k") if is_flagged else row["reliable"] == "yes"
    if is_flagged:
        assert result.high == np.inf
        np.testing.assert_allclose(result.low, result.value - np.log(20), rtol=1e-6)


def test_few_weights_are_flagged_where_one_is_most_of_all():
    """A tail cannot be fitted to them."""
    even, uneven = (weights.log_evidence(np.array([0.0, 0.1, -0.2, last])) for last in (0.2, 9.0))
    assert even.pareto_k is None
    assert even.flags == ()
    assert "Kish ESS is 1.0" in uneven.flags[0]
    for nothing in (np.array([0.5]), np.full(5, -np.inf), np.array([0.0, np.nan])):
        assert weights.log_evidence(nothing).flags


def ladder(betas, mean, variance, num_chains=16, num_draws=100):
    """Return draws of a ladder whose log ratios have these moments in every chain, up to 1e-3."""
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(num_chains, num_draws, len(betas)))
    noise = (noise - noise.mean(1, keepdims=True)) / noise.std(1, keepdims=True)
    ratio = mean + np.sqrt(variance) * noise + 1e-3 * rng.normal(size=(num_chains, 1, 1))
    return Draws(np.zeros((num_chains, num_draws)), {"log_ratio": jnp.asarray(ratio)}, None, DrawKind.MARKOV)


@pytest.mark.slow
@pytest.mark.usefixtures("x64")
def test_thermodynamic_counts_its_own_error_or_refuses():
    """Integrate E r = -1 / (b + c), Var r = 1 / (b + c)^2: log Z = log(c / (1 + c))."""
    betas = np.linspace(0, 1, 17)
    found = thermodynamic(ladder(betas, -1 / (betas + 1), (betas + 1) ** -2), betas)
    assert found.low <= -np.log(2) <= found.high
    assert found.flags == ()
    with pytest.raises(ValueError, match=r"too coarse: .*Use stepping_stones"):
        thermodynamic(ladder(betas, -1 / (betas + 1e-3), (betas + 1e-3) ** -2), betas)


@pytest.mark.parametrize("estimate", [stepping_stones, thermodynamic])
def test_mass_of_the_base_outside_the_support(estimate):
    """The ratio is -inf for some draws of the base: stepping stones are right, integration has no answer."""
    ratio = jnp.zeros((8, 100, 5)).at[:, ::4, 0].set(-jnp.inf)
    found = estimate(
        Draws(jnp.zeros((8, 100)), {"log_ratio": ratio}, None, DrawKind.MARKOV), jnp.linspace(0, 1, 5)
    )
    if estimate is stepping_stones:
        np.testing.assert_allclose(found.value, np.log(0.75), rtol=1e-6)
    else:
        assert (found.value, found.low, found.high) == (-np.inf, -np.inf, np.inf)
        assert "stepping_stones" in found.flags[0]
