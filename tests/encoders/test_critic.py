"""Test critics: independent scores with gradients of gradients."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jgen.encoders import ConvCritic, MLPCritic
from jgen.models.flax_functions import apply_of, init_of
from tests.helpers.marking import first_of_each
from tests.helpers.model_parts import random_params

CRITICS = {
    "mlp": (MLPCritic(hidden=(5,)), (3,)),
    "images": (ConvCritic(features=(2, 3)), (5, 4, 1)),
    "solids": (ConvCritic(features=(2,)), (3, 2, 4, 1)),
}


def setup_of(name):
    critic, shape = CRITICS[name]
    value = jnp.asarray(np.random.default_rng(0).normal(size=(3, *shape)), jnp.float32)
    return apply_of(critic), random_params(init_of(critic, value)), value


@pytest.mark.parametrize("name", first_of_each(CRITICS))
def test_scores_are_independent_and_have_second_derivatives(name):
    """The gradient of a score is 0 in other rows; its square has a finite gradient in the parameters."""
    apply, params, value = setup_of(name)

    @jax.jit
    def evaluate(params, value):
        def slopes(params):
            return jax.vjp(lambda value: apply(params, value), value)[1](jnp.ones(3))[0]

        alone = jax.grad(lambda value: apply(params, value)[0])(value)
        return apply(params, value), slopes(params), alone, jax.grad(lambda p: (slopes(p) ** 2).sum())(params)

    score, slope, alone, penalty = evaluate(params, value)
    assert (score.shape, np.unique(score).size) == ((3,), 3)
    np.testing.assert_allclose(alone[0], slope[0], rtol=1e-6)
    assert (np.asarray(alone[1:]) == 0).all()
    sizes = [np.abs(leaf).max() for leaf in jax.tree.leaves(penalty)]
    assert np.isfinite(sizes).all()
    assert np.any(sizes)


@pytest.mark.parametrize("name", first_of_each(CRITICS))
def test_large_values_are_finite_and_bfloat16_is_kept(name):
    apply, params, value = setup_of(name)
    far = jax.jit(jax.value_and_grad(lambda params, value: apply(params, value).sum()))(params, 1e4 * value)
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(far))
    coarse = jax.tree.map(lambda leaf: leaf.astype(jnp.bfloat16), (params, value))
    assert jax.eval_shape(apply, *coarse).dtype == jnp.bfloat16


@pytest.mark.parametrize("name", CRITICS)
def test_scores_have_the_shape_of_the_batch(name):
    apply, params, value = setup_of(name)
    assert jax.eval_shape(apply, params, value).shape == (3,)
