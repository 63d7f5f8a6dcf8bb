"""Check initial states: strong types, own buffers, restarts, meshes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import AxisType, NamedSharding, PartitionSpec
from jax.tree_util import Partial

from jgen.training import init_restarts, init_state, make_train_step, train
from tests.helpers.training_runs import ADAM, CURVATURE, DATA, SGD, compiled_chunks, fit_noisy, quadratic
from tests.helpers.trees import assert_identical


def random_params(key):
    return {"w": jax.random.normal(key, (3,)), "b": jnp.ones(())}


def test_a_restart_does_not_depend_on_their_number():
    few, many = (init_restarts(jax.random.key(2), random_params, ADAM, n) for n in (2, 5))
    assert_identical(few, jax.tree.map(lambda leaf: leaf[:2], many))
    assert len(np.unique(many.params["w"])) == 15
    assert len(np.unique(jax.random.key_data(many.key), axis=0)) == 5
    training = fit_noisy(3, state=many)
    assert training.metrics["loss"].shape == (5, 3)
    with pytest.raises(ValueError, match="num_restarts"):
        init_restarts(jax.random.key(2), random_params, ADAM, 0)


def test_arrays_are_strongly_typed_copies():
    state = init_state(jax.random.key(0), {"a": 1.0, "b": np.float32(2)}, SGD)
    assert all(not leaf.weak_type for leaf in jax.tree.leaves(state.params))
    shared = jnp.ones(3)
    state = init_state(jax.random.key(0), (shared, shared), SGD)  # donating one buffer twice is an error
    train(state, make_train_step(both, SGD), DATA, 2)


def both(params, batch, key):  # noqa: ARG001
    return ((params[0] - params[1] - batch.mean(0)) ** 2).sum(), {}


def test_a_state_on_a_mesh_stays_on_it_and_compiles_once():
    mesh = jax.make_mesh((1,), ("data",), axis_types=(AxisType.Auto,))
    params = jax.device_put(jnp.ones(3), NamedSharding(mesh, PartitionSpec()))
    state = init_state(jax.random.key(0), params, ADAM)
    assert_identical(state, init_state(jax.random.key(0), jnp.ones(3), ADAM))
    assert all(leaf.sharding.mesh == mesh for leaf in jax.tree.leaves(state))
    data = jax.device_put(DATA, NamedSharding(mesh, PartitionSpec("data")))
    before = compiled_chunks()
    run = train(state, make_train_step(Partial(quadratic, CURVATURE), ADAM), data, 20, chunk_size=7)
    assert compiled_chunks() == before + 1
    assert all(leaf.sharding.mesh == mesh for leaf in jax.tree.leaves(run.state))
