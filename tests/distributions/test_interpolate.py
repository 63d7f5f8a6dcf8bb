"""Check geometric paths between distributions."""

import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest

from jgen.distributions import affine, bernoulli, categorical, interpolate, interpolate_log_density
from tests.helpers.gaussian_spaces import POINTS, spaces

pytestmark = pytest.mark.usefixtures("x64")


@pytest.mark.parametrize("t", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("p_name", ["diagonal", "full"])
@pytest.mark.parametrize("q_name", ["diagonal", "full"])
def test_gaussians(p_name, q_name, t):
    """Compare differences of log-densities with those of the path, and its ends with both distributions."""
    p, q = spaces()[p_name], affine(spaces()[q_name], 0.5, 1.5)
    made, path = interpolate(p, q, t), interpolate_log_density(p, q, t)
    gaps = [made.log_prob(x) - path(jnp.asarray(x)) for x in POINTS]
    np.testing.assert_allclose(gaps, gaps[0], atol=1e-8)
    for end, distribution in ((0.0, p), (1.0, q)):
        if t == end:
            np.testing.assert_allclose(made.log_prob(POINTS[0]), distribution.log_prob(POINTS[0]), atol=1e-8)


@pytest.mark.parametrize("t", [0.0, 0.3, 1.0])
def test_discrete(t):
    p, q = np.array([0.5, 0.5, 0.0]), np.array([0.2, 0.5, 0.3])
    truth = np.where((p > 0) | (t == 1), p ** (1 - t) * q**t, 0.0)
    made = interpolate(categorical(probs=p), categorical(logits=np.log(q) + 1), t)
    np.testing.assert_allclose(made.probs, truth / truth.sum(), atol=1e-10)
    bits = interpolate(bernoulli(probs=[0.3, 0.6], event_dim=1), bernoulli(probs=[0.9, 0.2], event_dim=1), t)
    one = np.array([0.3, 0.6]) ** (1 - t) * np.array([0.9, 0.2]) ** t
    zero = np.array([0.7, 0.4]) ** (1 - t) * np.array([0.1, 0.8]) ** t
    np.testing.assert_allclose(bits.base_dist.probs, one / (one + zero), atol=1e-10)


def test_log_density_at_one_end_ignores_the_other():
    outside, inside = dist.HalfNormal(1.0), dist.Normal(0.0, 1.0)
    assert interpolate_log_density(outside, inside, 1.0)(-1.0) == inside.log_prob(-1.0)
    assert interpolate_log_density(inside, outside, 0.0)(-1.0) == inside.log_prob(-1.0)
    assert interpolate_log_density(outside, inside, 0.5)(-1.0) == -jnp.inf
