"""Test the gradient penalty of the Wasserstein critic."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jgen.objectives import wasserstein_gan
from tests.helpers.linear_critic import LINEAR


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("weight", [(3.0, 4.0), (0.0, 0.0)])
def test_the_penalty_of_a_linear_critic_is_exact(weight):
    params = {
        "model": {"shift": jnp.zeros(2)},
        "critic": {"weight": jnp.array(weight), "bias": jnp.array(0.0)},
    }
    objective, x = wasserstein_gan(LINEAR, penalty=7), jnp.ones((3, 2))
    (loss, aux), gradient = jax.jit(jax.value_and_grad(objective, has_aux=True))(params, x, jax.random.key(0))
    norm_of = np.hypot(*weight)
    np.testing.assert_allclose(aux["slope"], norm_of, rtol=1e-12)
    np.testing.assert_allclose(
        aux["critic_loss"],
        aux["fake_score"] - aux["real_score"] + 7 * (norm_of - 1) ** 2,
        rtol=1e-12,
        atol=1e-12,
    )
    np.testing.assert_allclose(loss, (aux["critic_loss"] + aux["model_loss"]).mean(), rtol=1e-12, atol=1e-12)
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(gradient))
    np.testing.assert_allclose(gradient["model"]["shift"], [-w for w in weight], atol=1e-12)
