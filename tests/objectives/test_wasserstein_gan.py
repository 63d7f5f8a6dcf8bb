"""Test the gradient penalty of the Wasserstein critic."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jgen.objectives import wasserstein_gan
from tests.helpers.linear_critic import LINEAR
from tests.helpers.many_keys import with_gradient


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("weight", [(3.0, 4.0), (0.0, 0.0)])
def test_the_penalty_of_a_linear_critic_is_exact(weight):
    critic = {"weight": jnp.array(weight), "bias": jnp.array(0.0)}
    params = {"model": {"shift": jnp.zeros(2)}, "critic": critic}
    (loss, aux), gradient = with_gradient(wasserstein_gan(LINEAR, penalty=7), params, jnp.ones((3, 2)))
    np.testing.assert_allclose(aux["slope"], np.hypot(*weight), rtol=1e-12)
    exact = aux["fake_score"] - aux["real_score"] + 7 * (np.hypot(*weight) - 1) ** 2
    np.testing.assert_allclose(aux["critic_loss"], exact, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(loss, (aux["critic_loss"] + aux["model_loss"]).mean(), rtol=1e-12, atol=1e-12)
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(gradient))
    np.testing.assert_allclose(gradient["model"]["shift"], [-w for w in weight], atol=1e-12)
