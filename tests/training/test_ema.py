"""Check averages of parameters against their weighted mean."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jgen.training import averaged_params, ema_params, init_restarts, init_state, make_train_step, train
from tests.helpers.distance_runs import DATA, KEY, SGD, START, fit_distance


def test_the_average_is_the_weighted_mean_of_the_parameters(x64):  # noqa: ARG001
    data, decay = jnp.asarray(DATA, float), 0.8
    optimizer = optax.chain(optax.adam(0.3), ema_params(decay))
    path = [fit_distance(optimizer, n, data=data).state.params for n in range(1, 7)]
    weights = decay ** np.arange(6)[::-1]
    run = fit_distance(optimizer, 6, data=data)
    mean = (weights[:, None] * np.stack(path)).sum(0) / weights.sum()
    np.testing.assert_allclose(averaged_params(run.state), mean, rtol=1e-13)
    np.testing.assert_array_equal(run.state.params, fit_distance(optax.adam(0.3), 6, data=data).state.params)
    np.testing.assert_array_equal(averaged_params(fit_distance(optimizer, 0, data=data).state), START)


def test_averages_of_restarts_adversaries_and_low_precision():
    optimizer = optax.multi_transform(
        {"model": optax.chain(optax.sgd(0.1), ema_params(0.9)), "critic": optax.sgd(0.2)},
        {"model": "model", "critic": "critic"},
    )
    state = init_restarts(KEY, both_players, optimizer, 3)
    state = train(state, make_train_step(playing, optimizer), DATA, 4, chunk_size=9).state
    average = averaged_params(state)
    assert average["model"].shape == (3, 3)
    assert average["model"].dtype == jnp.float32
    assert state.params["model"].dtype == jnp.bfloat16
    with pytest.raises(ValueError, match="keeps 0 averages"):
        averaged_params(init_state(KEY, START, SGD))
    assert averaged_params(init_state(KEY, START, SGD), default=7) == 7
    twice = optax.chain(ema_params(0.5), ema_params(0.9))
    with pytest.raises(ValueError, match="keeps 2 averages"):
        averaged_params(init_state(KEY, START, twice))
    with pytest.raises(ValueError, match=r"in \[0, 1\)"):
        ema_params(1.0)
    with pytest.raises(ValueError, match="needs the parameters"):
        ema_params(0.5).update(START, ema_params(0.5).init(START))


def both_players(key):
    params = jax.random.normal(key, (3,))
    return {"model": params.astype(jnp.bfloat16), "critic": params}


def playing(params, batch, key):  # noqa: ARG001
    loss = sum(((leaf[None] - batch) ** 2).mean() for leaf in params.values())
    return loss.astype(jnp.float32), {}


def test_a_decay_near_one_is_the_plain_mean():
    """1 - decay^t has no digits left in float32 at a decay of .9999999: the mean of 1, 2, 3 is 2."""
    optimizer = ema_params(0.9999999)
    state = optimizer.init(jnp.zeros(()))
    for params in (1.0, 2.0, 3.0):
        _, state = jax.jit(optimizer.update)(jnp.zeros(()), state, jnp.float32(params))
    np.testing.assert_allclose(state.average, 2.0, rtol=1e-6)
