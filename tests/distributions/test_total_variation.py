"""Check the distances of discrete distributions against sums."""

import numpy as np
import pytest

import jgen.distributions as d


@pytest.mark.parametrize("kind", ["probs", "logits"])
@pytest.mark.usefixtures("x64")
def test_discrete_distances(kind):
    """Compare the divergence and the total variation distance with sums, from both parameters."""
    p, q = np.array([0.5, 0.3, 0.2]), np.array([0.1, 0.6, 0.3])
    tokens = [d.categorical(**{kind: x if kind == "probs" else np.log(x) + 2}) for x in (p, q)]
    np.testing.assert_allclose(d.kl(*tokens).value, np.sum(p * np.log(p / q)), atol=1e-10)
    np.testing.assert_allclose(d.total_variation(*tokens).value, 0.4, atol=1e-10)
    odds = [{kind: x if kind == "probs" else np.log(x / (1 - x))} for x in (p, q)]
    truth = p * np.log(p / q) + (1 - p) * np.log((1 - p) / (1 - q))
    bits = [d.bernoulli(**each, event_dim=1) for each in odds]
    np.testing.assert_allclose(d.kl(*bits).value, truth.sum(), atol=1e-10)
    bits = [d.bernoulli(**each) for each in odds]
    np.testing.assert_allclose(d.total_variation(*bits).value, np.abs(p - q), atol=1e-10)
