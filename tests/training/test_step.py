"""Check the train step: optimizers, schedules, clipping, accumulation, invalid arguments."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax.tree_util import Partial

from jgen.objectives.scheduled_objective import Scheduled
from jgen.training import averaged_params, ema_params, init_state, make_train_step, train
from tests.helpers import training_runs as runs
from tests.helpers.distance_runs import DATA, RAMP, SGD, START, fit_distance, ramp


def scaled(rate, updates, state, params=None):  # noqa: ARG001
    return jax.tree.map(lambda leaf: -rate * leaf, updates), state


def test_a_bound_learning_rate_is_data():
    def run(rate):
        optimizer = optax.GradientTransformation(runs.SGD.init, Partial(scaled, jnp.array(rate)))
        step = make_train_step(Partial(runs.quadratic, runs.CURVATURE), optimizer)
        return train(runs.quadratic_state(), step, runs.DATA, 4, chunk_size=13).state.params

    first = run(0.3)
    before = runs.compiled_chunks()
    assert not np.allclose(first, run(0.2))
    assert runs.compiled_chunks() == before
    np.testing.assert_allclose(first, train_quadratic(4, chunk_size=13).state.params, rtol=1e-6)


def test_line_searches_receive_value_and_gradient():
    optimizer = optax.lbfgs()
    step = make_train_step(Partial(runs.quadratic, runs.CURVATURE), optimizer)
    state = init_state(jax.random.key(0), jnp.array([1.0, -2.0, 5.0]), optimizer)
    run = train(state, step, runs.DATA, 8)
    # it converges in about dim + 1 steps, up to the resolution of float32 losses
    resolution = np.sqrt(2 * np.finfo(np.float32).eps * run.metrics["loss"][-1] / runs.CURVATURE.min())
    np.testing.assert_allclose(run.state.params, runs.DATA.mean(0), atol=resolution, rtol=0)


def shadowed(params, batch, key):  # noqa: ARG001
    return params.sum(), {"loss": batch}


def train_quadratic(num_steps, **options):
    return train(runs.quadratic_state(), runs.QUADRATIC, runs.DATA, num_steps, **options)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: make_train_step(3, runs.SGD), TypeError, "objective must be"),
        (lambda: make_train_step(shadowed, "adam"), TypeError, "GradientTransformation"),
        (lambda: init_state(jax.random.PRNGKey(0), jnp.ones(3), runs.SGD), TypeError, "typed key"),
        (lambda: train_quadratic(-1), ValueError, "num_steps"),
        (lambda: train_quadratic(1, chunk_size=0), ValueError, "chunk_size"),
        (lambda: fit_distance(SGD, 1, objective=shadowed), ValueError, "'loss'"),
    ],
)
def test_invalid_arguments_are_rejected(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_a_scheduled_objective_is_evaluated_at_the_step_of_the_state(x64):  # noqa: ARG001
    params, data = np.asarray(START, float), np.asarray(DATA, float)
    objective = Scheduled(Partial(ramp, jnp.float64(4)))
    run = fit_distance(SGD, 7, objective=objective, data=jnp.asarray(data))
    for step, loss in enumerate(run.metrics["loss"]):
        scale = min(step / 4, 1)
        np.testing.assert_allclose(loss, scale * ((params - data) ** 2).sum(-1).mean() / 2, rtol=1e-13)
        params = params - 0.5 * scale * (params - data.mean(0))
    np.testing.assert_allclose(run.state.params, params, rtol=1e-13)


def test_a_schedule_of_other_numbers_is_the_same_program_and_resumes_at_its_step():
    whole = fit_distance(SGD, 7, objective=RAMP)
    start = fit_distance(SGD, 2, objective=RAMP).state
    cut = train(start, make_train_step(RAMP, SGD), DATA, 5, chunk_size=9)  # the ramp continues at step 2
    np.testing.assert_array_equal(whole.state.params, cut.state.params)
    steps = [make_train_step(Scheduled(Partial(ramp, jnp.float32(n))), SGD) for n in (4, 5)]
    assert len(set(map(jax.tree.structure, steps))) == 1


def test_line_searches_use_the_objective_of_the_step():
    optimizer = optax.chain(optax.scale_by_backtracking_linesearch(20, store_grad=True))
    run = fit_distance(optimizer, 3, objective=RAMP)
    np.testing.assert_array_equal(run.metrics["loss"][0], 0)  # scale 0 at step 0


def by_step(data, key, step):  # noqa: ARG001
    return data[step % len(data)]


def test_micro_batches_equal_one_large_batch(x64):  # noqa: ARG001
    data = jnp.asarray(DATA, float)
    inner = optax.chain(optax.clip_by_global_norm(1.0), optax.adam(0.1), ema_params(0.5))
    accumulated = optax.MultiSteps(inner, 4).gradient_transformation()
    micro_batches = {"data": data.reshape(4, 3, 3), "make_batch": by_step}
    big, micro = fit_distance(inner, 5, data=data), fit_distance(accumulated, 20, **micro_batches)
    assert int(micro.state.step) == 20
    rounding = 2.0**-20  # MultiSteps accumulates in float32
    np.testing.assert_allclose(micro.state.params, big.state.params, rtol=rounding)
    np.testing.assert_allclose(averaged_params(micro.state), averaged_params(big.state), rtol=rounding)
    losses = micro.metrics["loss"].reshape(5, 4).mean(-1)
    np.testing.assert_allclose(losses, big.metrics["loss"], rtol=rounding)
    # within a large batch, the parameters do not change
    np.testing.assert_array_equal(fit_distance(accumulated, 3, **micro_batches).state.params, START)


def test_a_clipped_step_has_the_length_of_the_clip():
    optimizer = optax.chain(optax.clip_by_global_norm(0.25), optax.sgd(1.0))
    moved = fit_distance(optimizer, 1).state.params - START
    gradient = START - DATA.mean(0)
    assert jnp.linalg.norm(gradient) > 1
    np.testing.assert_allclose(moved, -0.25 * gradient / jnp.linalg.norm(gradient), rtol=1e-5)
