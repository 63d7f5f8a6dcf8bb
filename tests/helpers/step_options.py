"""Train a small VAE under each option of the train step, for comparison with runs on devices and restarts.

Run as a program, which a test starts, it compares one device with all devices.
"""

import jax
import jax.numpy as jnp
import numpy as np
import optax

from jgen import decoders, encoders, training
from jgen.models import vae
from jgen.objectives import elbo
from tests.helpers.on_devices import mesh_of

MODEL = vae(decoders.MLP((4,), hidden=(5,)), encoders.MLPEncoder(2, hidden=(5,)), 2, (4,))
HALF = MODEL._replace(
    decoder=training.mixed_precision(MODEL.decoder), encoder=training.mixed_precision(MODEL.encoder)
)
SGD = optax.sgd(0.1)  # under which a gradient times N is another run
EMA_IN_MULTI_STEPS = optax.MultiSteps(optax.chain(SGD, training.ema_params(0.5)), 2).gradient_transformation()
OPTIONS = {"mixed_precision": (elbo(HALF), SGD), "ema_in_multi_steps": (elbo(MODEL), EMA_IN_MULTI_STEPS)}
NUM_STEPS, BATCHES = 4, training.shuffled(16)
DATA = np.random.default_rng(0).integers(0, 2, (40, 4)).astype(np.float32)
KEY = jax.random.key(0)


def run(name, state, make_batch=BATCHES):
    step = training.make_train_step(*OPTIONS[name])
    return training.train(state, step, DATA, NUM_STEPS, make_batch=make_batch, chunk_size=5).state


def check_equal(name, start, one, other):
    """Compare up to the order of sums.

    In float32 they may end some 60 units in the last place of 1 apart. In bfloat16 eight roundings, of 2^-9
    each, lie between the parameters and their gradient; twice that, of the largest move of each array.
    """
    np.testing.assert_array_equal(jax.random.key_data(other.key), jax.random.key_data(one.key))
    assert int(one.step) == int(other.step) == NUM_STEPS
    pairs = [(start.params, one.params, other.params)]
    if name != "mixed_precision":
        pairs.append((start.params, training.averaged_params(one), training.averaged_params(other)))
    for trees in pairs:
        for leaves in zip(*map(jax.tree.leaves, trees), strict=True):
            begun, first, second = map(np.asarray, leaves)
            move = np.abs(first - begun).max()
            assert move > 2.0**-10  # not what they were, and not by rounding
            allowed = 2.0**-5 * move if name == "mixed_precision" else 2.0**-18
            np.testing.assert_allclose(second, first, rtol=0, atol=allowed)


def main():
    assert len(jax.devices()) > 1
    params = MODEL.init(jax.random.key(1))
    for name, (_, optimizer) in OPTIONS.items():

        def on(mesh, name=name, optimizer=optimizer):
            state = training.init_state(KEY, training.replicated(params, mesh), optimizer)
            return run(name, state, training.data_parallel(BATCHES, mesh))

        one, many = on(mesh_of(jax.devices()[:1])), on(mesh_of(jax.devices()))
        kernels = [leaf for leaf in jax.tree.leaves(many.params) if jnp.ndim(leaf)]
        assert all(leaf.sharding.num_devices == len(jax.devices()) for leaf in kernels)
        check_equal(name, training.init_state(KEY, params, optimizer), one, many)


if __name__ == "__main__":
    main()
