"""Critics: one score a row, from that row alone, with gradients of gradients."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jgen.encoders import ConvCritic, MLPCritic
from jgen.models.flax_functions import apply_of

CRITICS = {
    "mlp": (MLPCritic(hidden=(5,)), (3,)),
    "conv": (ConvCritic(features=(2, 3)), (5, 4, 1)),
    "voxel": (ConvCritic(features=(2,)), (3, 2, 4, 1)),
}


def made(name, rows=3):
    critic, shape = CRITICS[name]
    rng = np.random.default_rng(0)
    shapes = jax.eval_shape(critic.init, jax.random.key(0), jnp.zeros((1, *shape)))
    assert set(shapes) == {"params"}
    params = jax.tree.map(
        lambda leaf: jnp.asarray(rng.normal(0, 0.5, leaf.shape), leaf.dtype), shapes["params"]
    )
    return apply_of(critic), params, jnp.asarray(rng.normal(size=(rows, *shape)), jnp.float32)


@pytest.mark.parametrize("name", CRITICS)
def test_a_row_is_scored_by_itself_and_its_gradient_can_be_penalised(name):
    """The slope of a score reaches no other row; that of the slope's square by the parameters is finite."""
    apply, params, value = made(name)

    @jax.jit
    def judged(params, value):
        def slopes(params):
            return jax.vjp(lambda value: apply(params, value), value)[1](jnp.ones(3))[0]

        alone = jax.grad(lambda value: apply(params, value)[0])(value)
        return apply(params, value), slopes(params), alone, jax.grad(lambda p: (slopes(p) ** 2).sum())(params)

    score, slope, alone, penalty = judged(params, value)
    assert score.shape == (3,)
    assert np.unique(score).size == 3
    np.testing.assert_array_equal(alone[0], slope[0])
    assert (np.asarray(alone[1:]) == 0).all()
    leaves = jax.tree.leaves(penalty)
    assert all(np.isfinite(leaf).all() for leaf in leaves)
    assert any(np.abs(leaf).max() > 0 for leaf in leaves)


@pytest.mark.parametrize("name", CRITICS)
def test_far_off_it_is_finite_and_in_bfloat16_it_runs(name):
    apply, params, value = made(name)
    far = jax.jit(jax.value_and_grad(lambda params, value: apply(params, value).sum()))(params, 1e4 * value)
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(far))
    coarse = jax.tree.map(lambda leaf: leaf.astype(jnp.bfloat16), (params, value))
    assert jax.eval_shape(apply, *coarse).dtype == jnp.bfloat16


@pytest.mark.parametrize(
    ("critic", "value", "complaint"),
    [
        (MLPCritic(), jnp.zeros(3), r"MLPCritic takes data \[batch, ...\]"),
        (ConvCritic(), jnp.zeros((3, 8)), "ConvCritic takes data .*1 axes of space"),
    ],
)
def test_what_cannot_be_meant_is_refused(critic, value, complaint):
    with pytest.raises(ValueError, match=complaint):
        critic.init(jax.random.key(0), value)
