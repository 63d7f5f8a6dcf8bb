"""Check the density and the draws of joint distributions."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest

import jgen.distributions as d

KEY = jax.random.key(0)
JOINT = d.joint(scale=dist.HalfCauchy(5.0), mean=dist.Normal(jnp.arange(3.0), 2.0).to_event(1))


def test_log_density_of_joint_is_the_sum_of_the_parts():
    value = {"mean": jnp.ones(3), "scale": jnp.float32(2.0)}
    truth = dist.HalfCauchy(5.0).log_prob(2.0) + dist.Normal(jnp.arange(3.0), 2.0).log_prob(1.0).sum()
    np.testing.assert_allclose(JOINT.log_prob(value), truth, rtol=1e-6)


@pytest.mark.usefixtures("broadcasting")
def test_draws_of_joint_are_the_same_jitted():
    eager, jitted = JOINT.sample(KEY, (5,)), jax.jit(lambda joint: joint.sample(KEY, (5,)))(JOINT)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-6), eager, jitted)  # fused
    assert eager["mean"].shape == (5, 3)
    assert bool((eager["scale"] > 0).all())
    assert JOINT.log_prob(eager).shape == (5,)
