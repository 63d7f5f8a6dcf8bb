"""Check a mixture written as a directed model."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jgen.distributions as d


@pytest.mark.usefixtures("x64")
def test_joint_of_directed_sums_to_the_mixture(rng):
    components = d.gaussian(rng.normal(size=(3, 2)), covariance=np.stack([np.eye(2)] * 3))
    whole = d.mixture([0.2, 0.5, 0.3], components)
    model, x = d.directed(whole), jnp.array([0.3, -1.0])
    joint = [model["component"]().log_prob(k) + model["x"](k).log_prob(x) for k in range(3)]
    np.testing.assert_allclose(jax.nn.logsumexp(jnp.stack(joint)), whole.log_prob(x), atol=1e-12)
