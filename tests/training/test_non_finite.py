"""A loss or an update that is not finite: training stops there, and what came before is kept."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax.tree_util import Partial

from jgen.training import NonFiniteError, init_state, make_train_step, train

UNIT = optax.sgd(1.0)
DATA = jnp.ones((6, 3))


def cliff(limit, params, batch, key):  # noqa: ARG001
    loss = jnp.where(params.sum() < limit, -params.sum(), jnp.nan)
    return loss, {}


@pytest.mark.parametrize("chunk_size", [1, 3, 4, 100])
def test_a_loss_that_is_not_finite_stops_and_keeps_the_last_state(chunk_size):
    step = make_train_step(Partial(cliff, jnp.array(3.5)), UNIT)
    seen = []
    with pytest.raises(NonFiniteError, match="step 4: the loss is nan") as caught:
        train(
            init_state(jax.random.key(0), jnp.zeros(1), UNIT),
            step,
            DATA,
            50,
            chunk_size=chunk_size,
            on_chunk=lambda _, metrics: seen.append(metrics["loss"]),
        )
    run = caught.value.training
    assert int(run.state.step) == 4
    np.testing.assert_array_equal(run.state.params, [4.0])
    np.testing.assert_array_equal(run.metrics["loss"], [0, -1, -2, -3, np.nan])
    assert np.isfinite(np.concatenate([*seen, [0.0]])).all()


def root(params, batch, key):  # noqa: ARG001
    return jnp.sqrt(params).sum(), {}


def test_a_gradient_that_is_not_finite_stops_too():
    with pytest.raises(NonFiniteError, match="step 0: the update left parameters") as caught:
        train(init_state(jax.random.key(0), jnp.zeros(1), UNIT), make_train_step(root, UNIT), DATA, 5)
    np.testing.assert_array_equal(caught.value.training.state.params, [0.0])


def test_one_failed_restart_does_not_stop_the_others():
    start = jnp.array([[0.0], [-100.0], [2.0]])
    keys = jax.random.split(jax.random.key(0), 3)
    state = jax.vmap(lambda key, params: init_state(key, params, UNIT))(keys, start)
    step = make_train_step(Partial(cliff, jnp.array(3.5)), UNIT)
    run = train(state, step, DATA, 10, chunk_size=3)
    np.testing.assert_array_equal(run.failed, [True, False, True])
    np.testing.assert_array_equal(run.state.step, [4, 10, 2])
    np.testing.assert_array_equal(run.state.params[:, 0], [4.0, -90.0, 4.0])
    assert np.isfinite(run.metrics["loss"][1]).all()
    with pytest.raises(NonFiniteError, match="all 3 restarts"):
        train(run.state, step, DATA, 200)
