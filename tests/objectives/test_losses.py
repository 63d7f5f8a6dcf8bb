"""Losses of a reconstruction, divergences, sums and schedules: against their formulas and each other."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import optax
import pytest
from jax.tree_util import Partial

from jgen._internal.binding import bind_static
from jgen.distributions.multivariate_normal import MultivariateNormal
from jgen.objectives import (
    bce,
    conditional_likelihood,
    elbo,
    exact_likelihood,
    kl,
    kl_by_coordinate,
    mse,
    perceptual,
    reconstruction,
    renyi,
    sampled_kl,
    scheduled,
    weighted,
)
from jgen.objectives.scheduled_objective import Scheduled
from jgen.testing import count_compilations
from tests.helpers.linear_gaussian import MODEL, data, encoder, exact_params, inexact_params
from tests.helpers.many_keys import assert_mean, outcomes

KEY = jax.random.key(0)


def point(params, x):
    return dist.Delta(encoder(params, x).mean, event_dim=1)


def bernoulli(params, z):
    own = params["decoder"]
    return dist.Bernoulli(logits=z @ own["weight"].T + own["bias"][None]).to_event(1)


POINT = MODEL._replace(encoder=Partial(point))
BINARY = POINT._replace(decoder=Partial(bernoulli))


@jax.jit
def with_gradient(objective, params, x):
    return jax.value_and_grad(objective, has_aux=True)(params, x, KEY)


@pytest.mark.usefixtures("x64")
def test_squared_error_is_a_normal_of_fixed_scale_in_disguise():
    params, x, scale = inexact_params(), data(), 0.7
    (loss, aux), gradient = with_gradient(mse(POINT), params, x)
    mean = MODEL.decoder(params, encoder(params, x).mean).mean
    np.testing.assert_allclose(aux["squared_error"], ((x - mean) ** 2).mean(1), rtol=1e-12)
    (nats, exact), of_nats = with_gradient(reconstruction(POINT), params, x)
    np.testing.assert_allclose(
        nats, 6 * (loss / (2 * scale**2) + np.log(scale * np.sqrt(2 * np.pi))), rtol=1e-12
    )
    np.testing.assert_allclose(exact["reconstruction"].mean(), -nats, rtol=1e-12)
    np.testing.assert_allclose(
        of_nats["encoder"]["weight"], 6 * gradient["encoder"]["weight"] / (2 * scale**2), rtol=1e-10
    )


@pytest.mark.usefixtures("x64")
def test_cross_entropy_is_a_bernoulli_where_x_is_binary():
    params, grey = inexact_params(), jax.nn.sigmoid(data())
    binary = (grey > 0.5).astype(grey.dtype)
    (loss, _), gradient = with_gradient(bce(BINARY), params, binary)
    (nats, _), of_nats = with_gradient(reconstruction(BINARY), params, binary)
    np.testing.assert_allclose(6 * loss, nats, rtol=1e-12)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(6 * a, b, rtol=1e-10, atol=1e-14), gradient, of_nats)
    (loss, aux), _ = with_gradient(bce(BINARY), params, grey)
    p = np.asarray(jax.nn.sigmoid(bernoulli(params, encoder(params, grey).mean).base_dist.logits))
    np.testing.assert_allclose(
        aux["cross_entropy"], -(grey * np.log(p) + (1 - grey) * np.log1p(-p)).mean(1), rtol=1e-10
    )
    np.testing.assert_allclose(loss, aux["cross_entropy"].mean(), rtol=1e-12)


def test_certain_logits_cost_what_they_should():
    big = BINARY._replace(decoder=Partial(certain))
    loss, _ = bce(big)(exact_params(), jnp.array([[0.0] * 6, [1.0] * 6]), KEY)
    assert float(loss) == 500.0  # the zeros cost 1000 each, the ones nothing


def test_cross_entropy_of_what_is_no_probability_stops_the_run():
    x = jnp.array([[0.0] * 6, [1.0] * 5 + [255.0], [-0.01] + [0.5] * 5])
    loss, aux = bce(BINARY)(exact_params(), x, KEY)
    assert np.isnan(loss)
    assert np.isnan(aux["cross_entropy"]).tolist() == [False, True, True]


def certain(params, z):
    del params
    return dist.Bernoulli(logits=jnp.full((z.shape[0], 6), 1000.0)).to_event(1)


def correlated(params, x):
    """A posterior that does not factorise."""
    mean = encoder(params, x).mean
    factor = jnp.array([[0.5, 0.0], [0.4, 0.3]], mean.dtype)
    return MultivariateNormal(mean, scale_tril=jnp.broadcast_to(factor[None], (x.shape[0], 2, 2)))


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("posterior", [encoder, pytest.param(correlated, marks=pytest.mark.slow)])
def test_divergences_in_closed_form_and_sampled_are_one(posterior):
    model, params, x = MODEL._replace(encoder=Partial(posterior)), inexact_params(), data()
    q = posterior(params, x)
    covariance = np.asarray(
        jnp.broadcast_to(
            q.covariance_matrix if posterior is correlated else jnp.diag(q.variance[0])[None], (4, 2, 2)
        )
    )
    mean = np.asarray(q.mean)
    exact = (
        np.trace(covariance, axis1=1, axis2=2) + (mean**2).sum(1) - 2 - np.linalg.slogdet(covariance)[1]
    ) / 2
    loss, aux = jax.jit(kl(model))(params, x, KEY)
    np.testing.assert_allclose(aux["kl"], exact, rtol=1e-12)
    np.testing.assert_allclose(loss, exact.mean(), rtol=1e-12)
    sampled = outcomes(kl(model, by=sampled_kl), params, x)[1]["kl"]
    assert_mean(sampled, exact)
    assert np.asarray(sampled).std(0).min() > 0.1


@pytest.mark.usefixtures("x64")
def test_reconstruction_and_divergence_add_up_to_the_elbo_draw_by_draw():
    params, x = inexact_params(), data()
    parts = weighted(reconstruction=(1, reconstruction(MODEL)), kl=(0.3, kl(MODEL, by=sampled_kl)))
    (loss, aux), gradient = with_gradient(parts, params, x)
    (whole, exact), of_whole = with_gradient(elbo(MODEL, beta=0.3, kl=sampled_kl), params, x)
    np.testing.assert_allclose(loss, whole, rtol=1e-13)
    for name in ("kl", "reconstruction"):
        np.testing.assert_allclose(aux[name], exact[name], rtol=1e-13)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-13), gradient, of_whole)


def two_layers(weights, x):
    return {"first": x @ weights, "second": 2.0 * x[:, :, None]}


@pytest.mark.usefixtures("x64")
def test_features_see_what_they_see():
    params, x, weights = inexact_params(), data(), jnp.arange(18.0).reshape(6, 3) / 10
    loss, aux = jax.jit(perceptual(POINT, Partial(two_layers, weights)))(params, x, KEY)
    off = np.asarray(x - MODEL.decoder(params, encoder(params, x).mean).mean)
    np.testing.assert_allclose(
        aux["perceptual"], ((off @ weights) ** 2).mean(1) + 4 * (off**2).mean(1), rtol=1e-12
    )
    np.testing.assert_allclose(loss, aux["perceptual"].mean(), rtol=1e-12)


def linear(weight, params, batch, key):  # noqa: ARG001
    return weight * params, {"bound": batch * params, "mine": batch}


def bare(params, batch, key):  # noqa: ARG001
    return 10.0 * params, {"other": batch}


def ramp(top, step):
    return top * jnp.minimum(step / 10, 1.0)


def test_names_that_several_parts_use_are_told_apart():
    x = jnp.ones(3)
    _, aux = weighted(a=(1.0, Partial(linear, 1.0)), b=(2.0, bare))(1.0, x, KEY)
    assert sorted(aux) == ["bound", "mine", "other"]
    loss, aux = weighted(a=(1.0, Partial(linear, 1.0)), b=(2, bare), c=(-1.0, Partial(linear, 5.0)))(
        2.0, x, KEY
    )
    assert sorted(aux) == ["a/bound", "a/mine", "c/bound", "c/mine", "other"]
    assert float(loss) == 2.0 + 40.0 - 10.0
    np.testing.assert_array_equal(aux["c/bound"], 2 * x)  # a weight is the loss's business


def test_weights_and_parts_that_change_make_a_scheduled_sum():
    inner = scheduled(Partial(scaled), scale=Partial(ramp, 4.0))
    objective = weighted(a=(Partial(ramp, 1.0), bare), b=(1.0, inner), c=(3.0, bare))
    assert isinstance(objective, Scheduled)
    assert [float(objective.at(step)(1.0, jnp.ones(2), KEY)[0]) for step in (0, 5, 1000)] == [
        30.0,
        37.0,
        44.0,
    ]
    assert float(objective(1.0, jnp.ones(2), KEY)[0]) == 44.0
    nested = weighted(whole=(2.0, objective), bare=(1.0, bare))
    assert isinstance(nested, Scheduled)
    assert float(nested.at(5)(1.0, jnp.ones(2), KEY)[0]) == 84.0


def scaled(*, scale):
    return Partial(linear, scale)


@pytest.mark.usefixtures("x64")
def test_a_scheduled_objective_is_that_of_its_step():
    params, x = inexact_params(), data()
    schedule = optax.linear_schedule(0.0, 2.0, 100)
    objective = scheduled(Partial(elbo, MODEL), beta=schedule, capacity=Partial(ramp, 3.0))
    at = jax.jit(lambda objective, step: objective.at(step)(params, x, KEY)[0])
    for step in (0, 5, 50):
        direct = elbo(MODEL, beta=float(schedule(step)), capacity=float(ramp(3.0, step)))(params, x, KEY)[0]
        np.testing.assert_allclose(at(objective, jnp.int32(step)), direct, rtol=1e-6)  # schedules are float32
    with count_compilations() as compiled:
        at(scheduled(Partial(elbo, MODEL), beta=schedule, capacity=Partial(ramp, 5.0)), jnp.int32(3))
    assert not compiled


def test_a_schedule_may_cross_the_limit_of_renyi():
    params, x = inexact_params(), data()
    make = Partial(bind_static(renyi, num_particles=2), MODEL)
    objective = scheduled(make, alpha=Partial(ramp, 2.0))  # 1 at the fifth step
    at = jax.jit(lambda objective, step: objective.at(step)(params, x, KEY))
    loss, aux = at(objective, jnp.int32(5))
    np.testing.assert_allclose(-loss, aux["elbo"].mean(), rtol=1e-6)
    losses = [float(at(objective, jnp.int32(step))[0]) for step in (0, 4, 5, 6, 10)]
    assert losses == sorted(losses)


def classes(params, x):
    return dist.Categorical(logits=x @ params)


@pytest.mark.usefixtures("x64")
def test_the_likelihood_of_labels_is_their_cross_entropy():
    params, x, labels = jnp.arange(18.0).reshape(6, 3) / 20, data(), jnp.array([0, 2, 1, 2])
    loss, aux = conditional_likelihood(classes)(params, (x, labels), KEY)
    exact = -optax.softmax_cross_entropy_with_integer_labels(x @ params, labels)
    np.testing.assert_allclose(aux["log_prob"], exact, rtol=1e-12)
    np.testing.assert_allclose(loss, -exact.mean(), rtol=1e-12)
    with pytest.raises(TypeError, match="pair"):
        conditional_likelihood(classes)(params, x, KEY)
    with pytest.raises(ValueError, match="conditional does not take an input"):
        conditional_likelihood(classes)(params, (x[:, :4], labels), KEY)
    with pytest.raises(ValueError, match="one number for each of 4"):
        exact_likelihood(lambda params, x: x @ params)(params, x, KEY)


def test_coordinates_need_a_posterior_that_factorises():
    model, key = MODEL._replace(encoder=Partial(correlated)), jax.eval_shape(lambda: KEY)
    with pytest.raises(ValueError, match="kl_by_coordinate"):
        jax.eval_shape(elbo(model, kl=kl_by_coordinate), exact_params(), data(), key)
