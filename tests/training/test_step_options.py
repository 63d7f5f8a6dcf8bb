"""What steps take along: schedules, clipping, accumulation, averages, few bits, each against its formula."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import optax
import pytest
from jax.tree_util import Partial

from jgen.objectives.scheduled_objective import Scheduled
from jgen.training import (
    averaged_params,
    ema_params,
    init_restarts,
    init_state,
    make_train_step,
    mean_loss,
    mixed_precision,
    train,
)

KEY = jax.random.key(0)
DATA = jax.random.normal(jax.random.key(3), (12, 3))
START = jnp.array([1.0, -2.0, 5.0])


def distance(scale, params, batch, key):  # noqa: ARG001
    error = params[None] - batch
    return scale * (error**2).sum(-1).mean() / 2, {"error": error[:, 0]}


def ramp(length, step):
    return Partial(distance, jnp.minimum(step / length, 1.0))


RAMP = Scheduled(Partial(ramp, jnp.float32(4)))
SGD = optax.sgd(0.5)
UNIT = 2.0**-9
"""What rounding to the eight digits of bfloat16 changes of a number, at most and relatively."""


def fit(optimizer, num_steps, *, objective=Partial(distance, jnp.float32(1)), data=DATA, **options):  # noqa: B008
    state = init_state(KEY, jnp.asarray(START, data.dtype), optimizer)
    return train(state, make_train_step(objective, optimizer), data, num_steps, chunk_size=9, **options)


def test_a_scheduled_objective_is_taken_at_the_step_of_the_state(x64):  # noqa: ARG001
    run = fit(SGD, 7, objective=Scheduled(Partial(ramp, jnp.float64(4))), data=jnp.asarray(DATA, float))
    params, data = np.asarray(START, float), np.asarray(DATA, float)
    for step, loss in enumerate(run.metrics["loss"]):
        scale = min(step / 4, 1)
        np.testing.assert_allclose(loss, scale * ((params - data) ** 2).sum(-1).mean() / 2, rtol=1e-13)
        params = params - 0.5 * scale * (params - data.mean(0))
    np.testing.assert_allclose(run.state.params, params, rtol=1e-13)


def test_a_schedule_with_other_numbers_compiles_nothing_and_resumes_where_it_was():
    whole = fit(SGD, 7, objective=RAMP)
    cut = train(
        fit(SGD, 2, objective=RAMP).state, make_train_step(RAMP, SGD), DATA, 5, chunk_size=9
    )  # the ramp goes on at step 2
    np.testing.assert_array_equal(whole.state.params, cut.state.params)
    structures = {
        jax.tree.structure(make_train_step(Scheduled(Partial(ramp, jnp.float32(n))), SGD)) for n in (4, 5)
    }
    assert len(structures) == 1


def test_line_searches_see_the_objective_of_the_step():
    optimizer = optax.chain(optax.scale_by_backtracking_linesearch(20, store_grad=True))
    run = fit(optimizer, 3, objective=RAMP)
    np.testing.assert_array_equal(run.metrics["loss"][0], 0)  # scale 0 at step 0


def by_step(data, key, step):  # noqa: ARG001
    return data[step % len(data)]


def test_micro_batches_are_one_big_batch(x64):  # noqa: ARG001
    data = jnp.asarray(DATA, float)
    inner = optax.chain(optax.clip_by_global_norm(1.0), optax.adam(0.1), ema_params(0.5))
    gathered = optax.MultiSteps(inner, 4).gradient_transformation()
    big, micro = fit(inner, 5, data=data), fit(gathered, 20, data=data.reshape(4, 3, 3), make_batch=by_step)
    assert int(micro.state.step) == 20
    rounding = 2.0**-20  # MultiSteps gathers in float32
    np.testing.assert_allclose(micro.state.params, big.state.params, rtol=rounding)
    np.testing.assert_allclose(averaged_params(micro.state), averaged_params(big.state), rtol=rounding)
    losses = micro.metrics["loss"].reshape(5, 4).mean(-1)
    np.testing.assert_allclose(losses, big.metrics["loss"], rtol=rounding)
    # in the midst of a big batch, the parameters wait
    np.testing.assert_array_equal(
        fit(gathered, 3, data=data.reshape(4, 3, 3), make_batch=by_step).state.params, START
    )


def test_a_clipped_step_is_as_long_as_the_clip():
    optimizer = optax.chain(optax.clip_by_global_norm(0.25), optax.sgd(1.0))
    moved = fit(optimizer, 1).state.params - START
    gradient = START - DATA.mean(0)
    assert jnp.linalg.norm(gradient) > 1
    np.testing.assert_allclose(moved, -0.25 * gradient / jnp.linalg.norm(gradient), rtol=1e-5)


def test_the_average_is_the_weighted_mean_of_the_parameters(x64):  # noqa: ARG001
    data, decay = jnp.asarray(DATA, float), 0.8
    optimizer = optax.chain(optax.adam(0.3), ema_params(decay))
    path = [fit(optimizer, n, data=data).state.params for n in range(1, 7)]
    weights = decay ** np.arange(6)[::-1]
    run = fit(optimizer, 6, data=data)
    mean = (weights[:, None] * np.stack(path)).sum(0) / weights.sum()
    np.testing.assert_allclose(averaged_params(run.state), mean, rtol=1e-13)
    np.testing.assert_array_equal(run.state.params, fit(optax.adam(0.3), 6, data=data).state.params)
    np.testing.assert_array_equal(averaged_params(fit(optimizer, 0, data=data).state), START)


def test_averages_of_restarts_games_and_few_bits():
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


def types_seen(params, batch, key):
    assert params["w"].dtype == batch["x"].dtype == jnp.bfloat16
    assert batch["label"].dtype == jnp.int32
    error = batch["x"] @ params["w"] - batch["label"].astype(params["w"].dtype)
    return (error**2).mean() + 0 * jax.random.normal(key, (), error.dtype), {"error": error}


def test_few_bits_inside_and_many_outside():
    batch = {"x": DATA, "label": jnp.arange(12)}
    params = {"w": START, "unused": jnp.int32(3)}
    objective = mixed_precision(types_seen)
    (loss, aux), grad = jax.value_and_grad(objective, has_aux=True, allow_int=True)(params, batch, KEY)
    assert loss.dtype == aux["error"].dtype == grad["w"].dtype == jnp.float32
    exact = jax.grad(lambda w: ((DATA @ w - jnp.arange(12.0)) ** 2).mean())(START)
    # eight bits in each of the numbers that are summed
    size = 2 * jnp.abs(DATA).T @ jnp.abs(DATA @ START - jnp.arange(12.0)) / 12
    assert (jnp.abs(grad["w"] - exact) <= 2**-5 * size + 2**-5 * jnp.abs(exact)).all()
    assert (grad["w"] != exact).any()
    wide = mixed_precision(Partial(distance, jnp.float32(1)), jnp.float32)(START, DATA, KEY)
    np.testing.assert_array_equal(wide[0], distance(jnp.float32(1), START, DATA, KEY)[0])


def network(params, z):
    assert params.dtype == z.dtype == jnp.bfloat16
    return dist.Normal(z @ params, 0.1).to_event(1)


def test_around_a_conditional_the_network_is_in_few_bits_and_the_density_is_not():
    weights = jax.random.normal(jax.random.key(4), (3, 2))
    likelihood = mixed_precision(network)(weights, DATA)
    exact = dist.Normal(DATA @ weights, 0.1).to_event(1)
    assert likelihood.batch_shape == (12,)
    assert likelihood.mean.dtype == jnp.float32
    size = jnp.abs(DATA) @ jnp.abs(weights)
    assert (jnp.abs(likelihood.mean - exact.mean) <= 2.0**-6 * size).all()
    x = exact.mean + 0.001  # which bfloat16 could not tell from the mean
    log_prob = likelihood.log_prob(x)
    assert log_prob.dtype == jnp.float32
    error = jnp.abs(log_prob - dist.Normal(likelihood.mean, 0.1).to_event(1).log_prob(x))
    assert (error <= 2.0**-20 * jnp.abs(log_prob)).all()


def test_training_in_few_bits_keeps_small_updates():
    """An update below the resolution of bfloat16 must add up in the parameters, which keep theirs."""
    tiny, steps = optax.sgd(2.0**-14), 64
    run = fit(tiny, steps, objective=mixed_precision(Partial(distance, jnp.float32(1))))
    assert run.state.params.dtype == run.metrics["loss"].dtype == jnp.float32
    exact = fit(tiny, steps).state.params
    moved = jnp.abs(exact - START)
    assert (moved < 2.0**-8 * jnp.abs(START)).any()  # not even all of them together would be seen
    # each of the numbers that are subtracted is rounded, the difference, and each of 12 partial sums
    size = (jnp.abs(START)[None] + jnp.abs(DATA) + 16 * jnp.abs(START[None] - DATA)).mean(0)
    bound = steps * (2.0**-14 * UNIT * size + 2.0**-23 * jnp.abs(START))
    assert (bound < moved).all()
    assert (jnp.abs(run.state.params - exact) < bound).all()


def test_a_scheduled_objective_in_few_bits_keeps_its_schedule():
    half = mixed_precision(RAMP)
    assert isinstance(half, Scheduled)
    error = jnp.abs(START[None] - DATA)
    # two numbers are rounded, and their difference; its square, and each of the 3 + 12 partial sums
    size = error * (jnp.abs(START)[None] + jnp.abs(DATA)) + 10 * error**2
    bound = 1.1 * UNIT * size.sum(-1).mean()  # of the second order, a tenth is more than enough
    losses = [half.at(step)(START, DATA, KEY)[0] for step in range(6)]
    exact = [RAMP.at(step)(START, DATA, KEY)[0] for step in range(6)]
    assert bound < exact[2] - exact[1]  # so that no step's weight is taken for another's
    np.testing.assert_array_less(np.abs(np.subtract(losses, exact)), bound)
    assert (np.array(losses) != np.array(exact)).any()
    taken = fit(SGD, 2, objective=half).metrics["loss"]  # the first step, of weight 0, leaves the parameters
    np.testing.assert_array_less(np.abs(np.subtract(taken, exact[:2])), bound)
    for dtype in (jnp.int32, jnp.float16):
        with pytest.raises(ValueError, match="bfloat16 or wider"):
            mixed_precision(RAMP, dtype)


def noisy(params, batch, key):
    error = params[None] - batch + jax.random.normal(key, batch.shape)
    return (error**2).sum(-1).mean(), {}


@pytest.mark.parametrize("batch_size", [5, 12, 100])
def test_the_loss_of_a_split_is_the_mean_over_its_rows(batch_size):
    whole = mean_loss(Partial(distance, jnp.float32(1)), START, DATA, KEY, batch_size=batch_size)
    np.testing.assert_allclose(whole, distance(1.0, START, DATA, KEY)[0], rtol=1e-6)
    parts = [DATA[i : i + batch_size] for i in range(0, 12, batch_size)]
    losses = [noisy(START, part, jax.random.fold_in(KEY, i))[0] for i, part in enumerate(parts)]
    weighed = sum(len(part) * loss for part, loss in zip(parts, losses, strict=True)) / 12
    np.testing.assert_allclose(mean_loss(noisy, START, DATA, KEY, batch_size=batch_size), weighed, rtol=1e-6)


def test_a_scheduled_objective_is_evaluated_at_its_end():
    np.testing.assert_allclose(mean_loss(RAMP, START, DATA, KEY), distance(1.0, START, DATA, KEY)[0], 1e-6)
