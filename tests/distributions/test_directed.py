"""Check the directed form of a mixture."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest

from jgen.distributions import directed, gaussian, mixture

pytestmark = pytest.mark.usefixtures("x64")


def test_joint_sums_to_the_mixture(rng):
    whole = mixture([0.2, 0.5, 0.3], gaussian(rng.normal(size=(3, 2)), covariance=np.stack([np.eye(2)] * 3)))
    model, x = directed(whole), jnp.array([0.3, -1.0])
    joint = [model["component"]().log_prob(k) + model["x"](k).log_prob(x) for k in range(3)]
    assert float(jax.nn.logsumexp(jnp.stack(joint))) == pytest.approx(float(whole.log_prob(x)), abs=1e-12)


@pytest.mark.parametrize(
    "wrong", [dist.Normal(0.0, 1.0), mixture(np.ones((2, 2)) / 2, dist.Normal(0.0, np.ones(2)))]
)
def test_anything_but_one_mixture_raises(wrong):
    with pytest.raises(TypeError, match="one mixture"):
        directed(wrong)
