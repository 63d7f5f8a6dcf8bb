"""Training: exact on problems with a closed form, and the same however it is cut up."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax import monitoring
from jax.sharding import AxisType, NamedSharding, PartitionSpec
from jax.tree_util import Partial

from jgen.training import init_restarts, init_state, make_train_step, train
from jgen.types import TrainState

COMPILED = []
monitoring.register_event_duration_secs_listener(
    lambda event, _, **tags: COMPILED.append(tags.get("fun_name")) if "backend_compile" in event else None
)


def compiled_chunks():
    return sum("_run_chunk" in str(name) for name in COMPILED)


def quadratic(curvature, params, batch, key):  # noqa: ARG001
    error = params[None] - batch  # [batch, dim]
    return (curvature[None] * error**2).sum(-1).mean() / 2, {"error": error[:, 0]}


def noisy(scale, params, batch, key):
    target = batch + scale * jax.random.normal(key, batch.shape)
    error = params["w"][None] - target
    return (error**2).mean() + params["b"] ** 2, {"sum": error.sum(-1)}


def pick_row(data, key, step):
    return data[jax.random.randint(jax.random.fold_in(key, step), (2,), 0, data.shape[0])]


CURVATURE = jnp.array([1.0, 0.5, 0.1])
DATA = jax.random.normal(jax.random.key(3), (6, 3))
SGD = optax.sgd(0.3)
ADAM = optax.chain(optax.clip_by_global_norm(1.0), optax.adam(0.05))
QUADRATIC = make_train_step(Partial(quadratic, CURVATURE), SGD)
NOISY = make_train_step(Partial(noisy, jnp.array(0.1)), ADAM)


def quadratic_state(seed=0):
    return init_state(jax.random.key(seed), jnp.array([1.0, -2.0, 5.0]), SGD)


def noisy_state(seed=0):
    return init_state(jax.random.key(seed), {"w": jnp.zeros(3), "b": jnp.ones(())}, ADAM)


def fit(num_steps, seed=0, **options):
    return train(noisy_state(seed), NOISY, DATA, num_steps, make_batch=pick_row, chunk_size=7, **options)


def assert_identical(left, right):
    assert jax.tree.structure(left) == jax.tree.structure(right)
    for a, b in zip(jax.tree.leaves(left), jax.tree.leaves(right), strict=True):
        if jnp.issubdtype(a.dtype, jax.dtypes.prng_key):
            a, b = jax.random.key_data(a), jax.random.key_data(b)
        np.testing.assert_array_equal(np.asarray(a), np.asarray(b))


def test_sgd_on_a_quadratic_has_a_closed_form(x64):  # noqa: ARG001
    data, start = np.asarray(DATA, np.float64), np.array([1.0, -2.0, 5.0])
    curvature = np.array([1.0, 0.5, 0.1])
    step = make_train_step(Partial(quadratic, jnp.asarray(curvature)), SGD)
    run = train(init_state(jax.random.key(0), start, SGD), step, data, 25, chunk_size=10)
    path = data.mean(0) + (1 - 0.3 * curvature) ** np.arange(26)[:, None] * (
        start - data.mean(0)
    )  # [step, dim]
    losses = (curvature * (path[:, None] - data) ** 2).sum(-1).mean(-1) / 2
    np.testing.assert_allclose(run.state.params, path[-1], rtol=1e-13)
    np.testing.assert_allclose(run.metrics["loss"], losses[:-1], rtol=1e-13)
    np.testing.assert_allclose(run.metrics["error"], path[:-1, 0] - data[:, 0].mean(), rtol=0, atol=1e-13)
    assert int(run.state.step) == 25
    assert not run.failed


def test_the_key_of_a_step_is_its_fold_in_and_the_batch_has_another():
    key, states = jax.random.key(4), [noisy_state(4)]
    run = fit(2, seed=4)
    states.append(fit(1, seed=4).state)
    for t, state in enumerate(states):
        batch = pick_row(DATA, jax.random.fold_in(key, np.uint32(2**32 - 1)), t)
        loss, _ = noisy(jnp.array(0.1), state.params, batch, jax.random.fold_in(key, t))
        np.testing.assert_allclose(run.metrics["loss"][t], loss, rtol=1e-6)  # two programs, a float32 sum
    np.testing.assert_array_equal(jax.random.key_data(run.state.key), jax.random.key_data(key))


def test_chunks_stops_and_single_steps_do_not_matter():
    whole = fit(16)
    cut = train(fit(5).state, NOISY, DATA, 11, make_batch=pick_row, chunk_size=7)
    other = train(noisy_state(), NOISY, DATA, 16, make_batch=pick_row, chunk_size=64)
    stepped = [fit(1)]
    for _ in range(15):
        stepped.append(train(stepped[-1].state, NOISY, DATA, 1, make_batch=pick_row, chunk_size=7))
    for run in (cut, other, stepped[-1]):
        assert_identical(whole.state, run.state)
    assert_identical(whole.metrics, other.metrics)
    losses = np.concatenate([run.metrics["loss"] for run in stepped])
    np.testing.assert_array_equal(whole.metrics["loss"], losses)


def test_scanned_steps_are_the_step():
    state, jitted = quadratic_state(), jax.jit(QUADRATIC)
    for _ in range(9):
        state, _ = jitted(state, DATA)
    assert_identical(state, train(quadratic_state(), QUADRATIC, DATA, 9, chunk_size=7).state)


def test_restarts_are_the_runs_made_alone(x64):  # noqa: ARG001
    keys = jax.random.split(jax.random.key(9), 4)
    params = {"w": jnp.arange(12.0).reshape(4, 3), "b": jnp.ones(4)}
    make = jax.vmap(lambda key, params: init_state(key, params, ADAM))
    together = train(make(keys, params), NOISY, DATA, 10, make_batch=pick_row, chunk_size=7)
    assert together.metrics["loss"].shape == together.metrics["sum"].shape == (4, 10)
    assert together.failed.shape == (4,)
    for i in range(4):
        alone = init_state(keys[i], jax.tree.map(lambda leaf: leaf[i], params), ADAM)  # noqa: B023
        run = train(alone, NOISY, DATA, 10, make_batch=pick_row, chunk_size=7)
        # a batched program may sum in another order; Adam may amplify that rounding
        np.testing.assert_allclose(together.metrics["loss"][i], run.metrics["loss"], rtol=1e-11)
        np.testing.assert_allclose(together.state.params["w"][i], run.state.params["w"], rtol=1e-11)
    state, aux = jax.vmap(QUADRATIC, (0, None))(
        jax.vmap(lambda key: init_state(key, jnp.ones(3), SGD))(keys), DATA
    )
    assert aux["error"].shape == (4, 6)
    assert state.step.shape == (4,)


def random_params(key):
    return {"w": jax.random.normal(key, (3,)), "b": jnp.ones(())}


def test_a_restart_does_not_depend_on_how_many_there_are():
    few, many = (init_restarts(jax.random.key(2), random_params, ADAM, n) for n in (2, 5))
    assert_identical(few, jax.tree.map(lambda leaf: leaf[:2], many))
    assert len(np.unique(many.params["w"])) == 15
    assert len(np.unique(jax.random.key_data(many.key), axis=0)) == 5
    training = train(many, NOISY, DATA, 3, make_batch=pick_row, chunk_size=7)
    assert training.metrics["loss"].shape == (5, 3)
    with pytest.raises(ValueError, match="num_restarts"):
        init_restarts(jax.random.key(2), random_params, ADAM, 0)


def test_equal_steps_share_one_program():
    train(quadratic_state(), QUADRATIC, DATA, 3, chunk_size=11)
    before = compiled_chunks()
    assert before
    for n, curvature in ((1, CURVATURE), (11, 2 * CURVATURE), (40, jnp.ones(3))):
        step = make_train_step(Partial(quadratic, curvature), SGD)
        train(quadratic_state(n), step, n + DATA, n, chunk_size=11)
    assert compiled_chunks() == before
    train(
        quadratic_state(),
        make_train_step(Partial(quadratic, CURVATURE), optax.sgd(0.3)),
        DATA,
        3,
        chunk_size=11,
    )
    assert compiled_chunks() > before  # an optimizer made again is another one, as the docstring says


def scaled(rate, updates, state, params=None):  # noqa: ARG001
    return jax.tree.map(lambda leaf: -rate * leaf, updates), state


def test_an_optimizer_with_its_rate_bound_is_data():
    def run(rate):
        optimizer = optax.GradientTransformation(SGD.init, Partial(scaled, jnp.array(rate)))
        step = make_train_step(Partial(quadratic, CURVATURE), optimizer)
        return train(quadratic_state(), step, DATA, 4, chunk_size=13).state.params

    first = run(0.3)
    before = compiled_chunks()
    assert not np.allclose(first, run(0.2))
    assert compiled_chunks() == before
    exact = train(quadratic_state(), QUADRATIC, DATA, 4, chunk_size=13).state.params
    np.testing.assert_allclose(first, exact, rtol=1e-6)


def test_line_searches_are_given_what_they_need():
    optimizer = optax.lbfgs()
    step = make_train_step(Partial(quadratic, CURVATURE), optimizer)
    state = init_state(jax.random.key(0), jnp.array([1.0, -2.0, 5.0]), optimizer)
    run = train(state, step, DATA, 8)
    # it ends in about dim + 1 steps, where float32 no longer tells two losses apart
    resolution = np.sqrt(2 * np.finfo(np.float32).eps * run.metrics["loss"][-1] / CURVATURE.min())
    np.testing.assert_allclose(run.state.params, DATA.mean(0), atol=resolution, rtol=0)


def test_the_state_is_donated_and_the_inputs_are_not():
    key, params = jax.random.key(0), jnp.array([1.0, -2.0, 5.0])
    state = init_state(key, params, SGD)
    run = train(state, QUADRATIC, DATA, 3)
    assert state.params.is_deleted()
    assert not params.is_deleted()
    assert not key.is_deleted()
    with pytest.raises(ValueError, match="consumed"):
        train(state, QUADRATIC, DATA, 3)
    assert int(train(run.state, QUADRATIC, DATA, 3).state.step) == 6


def test_init_state_owns_strong_arrays():
    state = init_state(jax.random.key(0), {"a": 1.0, "b": np.float32(2)}, SGD)
    assert all(not leaf.weak_type for leaf in jax.tree.leaves(state.params))
    shared = jnp.ones(3)
    state = init_state(jax.random.key(0), (shared, shared), SGD)  # donating one buffer twice is an error
    train(state, make_train_step(both, SGD), DATA, 2)


def both(params, batch, key):  # noqa: ARG001
    return ((params[0] - params[1] - batch.mean(0)) ** 2).sum(), {}


def test_the_hook_sees_each_chunk_and_may_stop():
    seen = []

    def hook(state, metrics):
        seen.append((int(state.step), metrics["loss"].shape))
        return len(seen) == 2

    run = train(quadratic_state(), QUADRATIC, DATA, 100, chunk_size=7, on_chunk=hook)
    assert seen == [(7, (7,)), (14, (7,))]
    assert int(run.state.step) == 14
    assert run.metrics["loss"].shape == (14,)


def test_no_steps_is_a_run_of_length_zero():
    run = train(quadratic_state(), QUADRATIC, DATA, 0, chunk_size=7)
    assert run.metrics["loss"].shape == (0,)
    assert_identical(run.state, quadratic_state())


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: make_train_step(3, SGD), TypeError, "objective must be"),
        (lambda: make_train_step(both, "adam"), TypeError, "GradientTransformation"),
        (lambda: init_state(jax.random.PRNGKey(0), jnp.ones(3), SGD), TypeError, "typed key"),
        (lambda: train(quadratic_state(), QUADRATIC, DATA, -1), ValueError, "num_steps"),
        (lambda: train(quadratic_state(), QUADRATIC, DATA, 1, chunk_size=0), ValueError, "chunk_size"),
        (lambda: make_train_step(shadowed, SGD)(quadratic_state(), DATA), ValueError, "'loss'"),
    ],
)
def test_mistakes_are_named(call, error, words):
    with pytest.raises(error, match=words):
        call()


def shadowed(params, batch, key):  # noqa: ARG001
    return params.sum(), {"loss": batch}


def test_a_state_on_a_mesh_stays_on_it_and_compiles_once():
    mesh = jax.make_mesh((1,), ("data",), axis_types=(AxisType.Auto,))
    params = jax.device_put(jnp.ones(3), NamedSharding(mesh, PartitionSpec()))
    state = init_state(jax.random.key(0), params, ADAM)
    assert all(leaf.sharding.mesh == mesh for leaf in jax.tree.leaves(state))
    data = jax.device_put(DATA, NamedSharding(mesh, PartitionSpec("data")))
    before = compiled_chunks()
    run = train(state, make_train_step(Partial(quadratic, CURVATURE), ADAM), data, 20, chunk_size=7)
    assert compiled_chunks() == before + 1
    assert isinstance(run.state, TrainState)
    assert all(leaf.sharding.mesh == mesh for leaf in jax.tree.leaves(run.state))
