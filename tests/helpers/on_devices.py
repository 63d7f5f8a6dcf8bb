"""Train on a mesh of many devices and save the result, as a program that tests start.

``python on_devices.py OUT NUM_DEVICES [RANK NUM_PROCESSES PORT]``
"""

import sys

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.sharding import AxisType

from jgen.training import checkpoints, data_parallel, init_state, make_train_step, replicated, shuffled, train

NUM_STEPS, BATCH_SIZE = 20, 16
OPTIMIZER = optax.sgd(0.1)  # under which a gradient times N is another run


def regression(params, batch, key):
    noise = jax.random.normal(key, batch["y"].shape)
    error = jnp.tanh(batch["x"] @ params["w"]) @ params["v"] - batch["y"] + 0.1 * noise
    return (error**2).mean(), {"error": (error**2).sum(-1)}


def problem():
    rng = np.random.default_rng(0)
    data = {"x": rng.normal(size=(50, 5)), "y": rng.normal(size=(50, 3))}
    params = {"w": rng.normal(size=(5, 7)), "v": rng.normal(size=(7, 3))}
    return params, data


def fit(state, data, make_batch):
    step = make_train_step(regression, OPTIMIZER)
    return train(state, step, data, NUM_STEPS, make_batch=make_batch, chunk_size=7)


def fit_on(mesh):
    params, data = problem()
    state = init_state(jax.random.key(0), replicated(params, mesh), OPTIMIZER)
    make_batch = data_parallel(shuffled(BATCH_SIZE), mesh)
    batch = jax.jit(make_batch)(replicated(data, mesh), state.key, 0)
    assert all(leaf.addressable_shards[0].data.shape[0] == BATCH_SIZE // mesh.size for leaf in batch.values())
    return fit(state, data, make_batch)


def mesh_of(devices):
    return jax.make_mesh((len(devices),), ("data",), axis_types=(AxisType.Auto,), devices=devices)


def main(out, num_devices, rank="0", num_processes="1", port="0"):
    jax.config.update("jax_platforms", "cpu")
    jax.config.update("jax_num_cpu_devices", int(num_devices) // int(num_processes))
    if int(num_processes) > 1:
        address, limits = f"127.0.0.1:{port}", {"initialization_timeout": 60, "heartbeat_timeout_seconds": 30}
        who = {"num_processes": int(num_processes), "process_id": int(rank)}
        jax.distributed.initialize(address, coordinator_bind_address=address, **who, **limits)
    with jax.enable_x64(True):
        run = fit_on(mesh_of(jax.devices()))
        assert len(jax.devices()) == int(num_devices)
        found = checkpoints.restore(f"{out}/by_one", like=run.state)  # what the parent saved, on one device
        for name, leaf in found.params.items():
            assert leaf.sharding.num_devices == int(num_devices)
            pair = (each.addressable_shards[0].data for each in (leaf, run.state.params[name]))
            np.testing.assert_allclose(*pair, rtol=1e-12)
        if num_processes == "1":
            few = fit_on(mesh_of(jax.devices()[:2])).state
            checkpoints.save(f"{out}/by_two", few, step=NUM_STEPS)
            again = checkpoints.restore(f"{out}/by_two", like=run.state)
            assert again.params["w"].sharding.num_devices == int(num_devices)
            np.testing.assert_array_equal(again.params["w"], few.params["w"])
        notes = {"losses": run.metrics["loss"].tolist()}
        checkpoints.save(f"{out}/by_all", run.state, step=NUM_STEPS, notes=notes)


if __name__ == "__main__":
    main(*sys.argv[1:])
