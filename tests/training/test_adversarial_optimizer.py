"""Test the optimizer of a model and its critic."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jgen.objectives import wasserstein_gan
from jgen.training import adversarial_optimizer, init_state, make_train_step, train
from tests.helpers.linear_critic import LINEAR


def check_model_waits(make):
    """Check that the first of three steps does not update the model."""
    optimizer = make(optax.sgd(0.1), optax.sgd(0.1), critic_steps=3)
    params = {"model": jnp.zeros(()), "critic": jnp.zeros(())}
    updates, _ = optimizer.update(jax.tree.map(jnp.ones_like, params), optimizer.init(params), params)
    assert updates["model"] == 0.0
    assert updates["critic"] != 0.0


def test_the_model_waits_for_the_critic():
    check_model_waits(adversarial_optimizer)


def test_the_critic_makes_several_steps_for_each_of_the_model():
    params = {"model": {"shift": jnp.zeros(1)}, "critic": {"weight": jnp.ones(1), "bias": jnp.zeros(())}}
    optimizer = adversarial_optimizer(optax.adam(0.1), optax.adam(0.01), critic_steps=3)
    step = make_train_step(wasserstein_gan(LINEAR), optimizer)
    state, trace = init_state(jax.random.key(0), params, optimizer), [(0.0, 1.0)]
    for _ in range(7):
        state = train(state, step, jnp.ones((4, 1)), 1, chunk_size=4).state
        trace.append((float(state.params["model"]["shift"][0]), float(state.params["critic"]["weight"][0])))
    shifts, weights = np.array(trace).T
    np.testing.assert_array_equal(np.diff(shifts) != 0, [False, False, True, False, False, True, False])
    assert (np.diff(weights) != 0).all()
    np.testing.assert_allclose(np.diff(shifts)[[2, 5]], 0.1, rtol=0.01)  # steps of Adam


def test_too_few_critic_steps_are_refused():
    with pytest.raises(ValueError, match="critic_steps must be at least 1"):
        adversarial_optimizer(optax.sgd(0.1), optax.sgd(0.1), critic_steps=0)
