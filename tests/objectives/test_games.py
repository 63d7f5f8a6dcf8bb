"""Games: each player has the gradient of its own loss, and nothing of the other's."""

import functools
import operator

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import optax
import pytest
from jax.tree_util import Partial
from scipy.integrate import quad
from scipy.stats import norm

from jgen.objectives import adversarial_autoencoder, gan, mean_output, wasserstein_gan
from jgen.objectives.recipe import versus
from jgen.training import adversarial_optimizer, init_state, make_train_step, train
from jgen.types import LatentModel
from tests.helpers.linear_gaussian import MODEL, data, exact_params
from tests.helpers.many_keys import assert_mean, outcomes
from tests.helpers.mutant import Bug, plant

KEY = jax.random.key(0)


def score(params, value):
    return jnp.tanh(value @ params["in"]) @ params["out"]


def init_critic(key):
    return {"in": jax.random.normal(key, (6, 3)), "out": jnp.array([1.0, -0.5, 0.3])}


GAME = versus(MODEL, (Partial(init_critic), Partial(score)))


def setting(dim):
    """Parameters of the adversarial_optimizer, the critic's for inputs of this size."""
    inputs = np.sin(1.0 + np.arange(3.0 * dim)).reshape(dim, 3)
    return {"model": exact_params(), "critic": {"in": inputs, "out": np.array([1.0, -0.5, 0.3])}}


def draws(params, key):
    """What the model makes, as the objectives draw it."""
    z_key, x_key = jax.random.split(key)
    z = jax.vmap(MODEL.prior(params).sample)(jax.random.split(z_key, 4))
    return MODEL.decoder(params, z).sample(x_key)


def separate(name):
    """The losses of the two adversarial_optimizer, each written down by itself: (model, critic)."""
    x, held, sigmoid = data(), setting(6), jax.nn.log_sigmoid

    def gan_model(model):
        return -sigmoid(score(held["critic"], draws(model, KEY))).mean()

    def gan_critic(critic):
        fake = draws(held["model"], KEY)
        return -sigmoid(score(critic, x)).mean() - sigmoid(-score(critic, fake)).mean()

    def wasserstein_model(model):
        return -score(held["critic"], draws(model, KEY)).mean()

    def wasserstein_critic(critic):
        fake = draws(held["model"], KEY)
        share = jax.random.uniform(jax.random.fold_in(KEY, 1), (4, 1), x.dtype)
        between = share * x + (1 - share) * fake
        slopes = jax.vmap(jax.grad(lambda row: score(critic, row[None])[0]))(between)  # [batch, event]
        penalty = jnp.square(jnp.linalg.norm(slopes, axis=1) - 1).mean()
        return score(critic, fake).mean() - score(critic, x).mean() + 10.0 * penalty

    latent = setting(2)["critic"]

    def autoencoder_model(model):
        z = MODEL.encoder(model, x).sample(KEY)
        return -(MODEL.decoder(model, z).log_prob(x) + 2.0 * sigmoid(score(latent, z))).mean()

    def autoencoder_critic(critic):
        z = MODEL.encoder(held["model"], x).sample(KEY)
        keys = jax.random.split(jax.random.fold_in(KEY, 1), 4)
        real = jax.vmap(MODEL.prior(held["model"]).sample)(keys)
        return -sigmoid(score(critic, real)).mean() - sigmoid(-score(critic, z)).mean()

    return {
        "gan": (gan_model, gan_critic),
        "wasserstein_gan": (wasserstein_model, wasserstein_critic),
        "adversarial_autoencoder": (autoencoder_model, autoencoder_critic),
    }[name]


OBJECTIVES = {
    "gan": (gan(GAME), 6),
    "wasserstein_gan": (wasserstein_gan(GAME), 6),
    "adversarial_autoencoder": (adversarial_autoencoder(GAME, weight=2.0), 2),
}


def player_gradients(objective, params):
    """Gradients of the loss, and of the means of what aux calls the model's and the critic's."""

    def losses(params):
        loss, aux = objective(params, data(), KEY)
        return jnp.stack([loss, aux["model_loss"].mean(), aux["critic_loss"].mean()])

    rows = jax.jit(jax.jacrev(losses))(params)
    return tuple(jax.tree.map(operator.itemgetter(index), rows) for index in range(3))


@functools.cache
def gradients_apart(name):
    """The gradients of the two adversarial_optimizer, each of its own loss."""
    model_loss, critic_loss = separate(name)
    both = jax.jit(jax.grad(lambda params: model_loss(params["model"]) + critic_loss(params["critic"])))
    return both(setting(OBJECTIVES[name][1]))


def assert_same(first, second):
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-13), first, second)


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize(
    "name", ["gan", *(pytest.param(name, marks=pytest.mark.slow) for name in OBJECTIVES if name != "gan")]
)
def test_each_player_has_its_own_gradient_and_no_other(name):
    objective, dim = OBJECTIVES[name]
    whole, of_model, of_critic = player_gradients(objective, setting(dim))
    assert_same(whole, gradients_apart(name))
    for gradient in whole.values():
        assert any(np.any(leaf) for leaf in jax.tree.leaves(gradient))
    for leak in (of_model["critic"], of_critic["model"]):
        assert not any(np.any(leaf) for leaf in jax.tree.leaves(leak))


bug = functools.partial(Bug, "objectives.adversarial_terms", user="objectives.gan")
LEAKS = {
    "GAN, the critic's loss reaches the model": bug('params["critic"], held(fake)', 'params["critic"], fake'),
    "GAN, the model's loss reaches the critic": bug('held(params["critic"]), fake', 'params["critic"], fake'),
    "GAN, the model is judged by a held draw": bug(
        'held(params["critic"]), fake',
        'held(params["critic"]), held(fake)',
    ),
}


@pytest.mark.slow
@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("name", LEAKS)
def test_a_leak_is_seen(name, kills):
    planted = plant(LEAKS[name])
    whole, *_ = player_gradients(planted.gan(GAME), setting(6))
    with kills(name, error=AssertionError):
        assert_same(whole, gradients_apart("gan"))


def shift_decoder(params, z):
    return dist.Delta(z + params["shift"][None], event_dim=1)


def one_prior(params):
    return dist.Normal(jnp.zeros_like(params["shift"]), 1.0).to_event(1)


def linear_score(params, value):
    return value @ params["weight"] + params["bias"]


SHIFT = LatentModel(Partial(dict), Partial(one_prior), Partial(shift_decoder), None)
LINEAR_GAME = versus(SHIFT, (Partial(dict), Partial(linear_score)))


@pytest.mark.usefixtures("x64")
def test_the_best_critic_measures_the_jensen_shannon_divergence():
    """Data N(0, 1) against a model N(1, 1): the best critic is log p/q = 1/2 - x."""
    params = {"model": {"shift": jnp.ones(1)}, "critic": {"weight": -jnp.ones(1), "bias": jnp.array(0.5)}}

    def divergence(x):
        p, q = norm.pdf(x), norm.pdf(x, 1.0)
        return (p * np.log(2 * p / (p + q)) + q * np.log(2 * q / (p + q))) / 2

    jensen_shannon = quad(divergence, -12, 13, epsabs=1e-12)[0]
    exact_real = quad(lambda x: norm.pdf(x) * np.logaddexp(0, x - 0.5), -12, 12, epsabs=1e-12)[0]
    _, aux = outcomes(gan(LINEAR_GAME), params, jnp.zeros((8, 1)))  # the real example 0 costs log(1 + e^-1/2)
    fake = aux["critic_loss"].mean(1) - np.logaddexp(0, -0.5)
    assert_mean(fake + exact_real, 2 * np.log(2) - 2 * jensen_shannon)
    held = {"model": params["model"], "critic": {"weight": jnp.zeros(1), "bias": jnp.array(0.0)}}
    _, aux = gan(LINEAR_GAME)(held, jnp.ones((3, 1)), KEY)
    np.testing.assert_allclose(aux["critic_loss"], 2 * np.log(2), rtol=1e-12)
    np.testing.assert_allclose(aux["model_loss"], np.log(2), rtol=1e-12)


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("weight", [(3.0, 4.0), (0.0, 0.0)])
def test_the_penalty_of_a_linear_critic_is_exact(weight):
    params = {
        "model": {"shift": jnp.zeros(2)},
        "critic": {"weight": jnp.array(weight), "bias": jnp.array(0.0)},
    }
    objective, x = wasserstein_gan(LINEAR_GAME, penalty=7), jnp.ones((3, 2))
    (loss, aux), gradient = jax.jit(jax.value_and_grad(objective, has_aux=True))(params, x, KEY)
    norm_of = np.hypot(*weight)
    np.testing.assert_allclose(aux["slope"], norm_of, rtol=1e-12)
    np.testing.assert_allclose(
        aux["critic_loss"],
        aux["fake_score"] - aux["real_score"] + 7 * (norm_of - 1) ** 2,
        rtol=1e-12,
        atol=1e-12,
    )
    np.testing.assert_allclose(loss, (aux["critic_loss"] + aux["model_loss"]).mean(), rtol=1e-12, atol=1e-12)
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(gradient))
    np.testing.assert_allclose(gradient["model"]["shift"], [-w for w in weight], atol=1e-12)


@pytest.mark.slow
def test_the_mean_output_leaves_the_noise_of_the_head_out():
    params = setting(6)
    _, sampled = gan(GAME)(params, data(), KEY)
    _, mean = gan(GAME, output=mean_output)(params, data(), KEY)
    z = jax.vmap(MODEL.prior(params["model"]).sample)(jax.random.split(jax.random.split(KEY)[0], 4))
    np.testing.assert_allclose(
        mean["fake_score"], score(params["critic"], MODEL.decoder(params["model"], z).mean), rtol=1e-5
    )
    assert not np.allclose(sampled["fake_score"], mean["fake_score"], rtol=1e-3)


def test_the_critic_makes_its_steps_and_the_model_waits():
    params = {"model": {"shift": jnp.zeros(1)}, "critic": {"weight": jnp.ones(1), "bias": jnp.zeros(())}}
    optimizer = adversarial_optimizer(optax.adam(0.1), optax.adam(0.01), critic_steps=3)
    step = make_train_step(wasserstein_gan(LINEAR_GAME), optimizer)
    state, seen = init_state(KEY, params, optimizer), [(0.0, 1.0)]
    for _ in range(7):
        state = train(state, step, jnp.ones((4, 1)), 1, chunk_size=4).state
        seen.append((float(state.params["model"]["shift"][0]), float(state.params["critic"]["weight"][0])))
    shifts, weights = np.array(seen).T
    np.testing.assert_array_equal(np.diff(shifts) != 0, [False, False, True, False, False, True, False])
    assert (np.diff(weights) != 0).all()
    np.testing.assert_allclose(
        np.diff(shifts)[[2, 5]], 0.1, rtol=0.01
    )  # Adam's steps, of the rate whatever the gradient


def test_a_model_that_moves_by_its_bare_gradient_is_seen(kills):
    planted = plant(
        Bug(
            "training.adversarial_optimizer",
            "optax.conditionally_mask(model",
            "optax.conditionally_transform(model",
        )
    )
    optimizer = planted.adversarial_optimizer(optax.sgd(0.1), optax.sgd(0.1), critic_steps=3)
    params = {"model": jnp.zeros(()), "critic": jnp.zeros(())}
    with kills("adversarial_optimizer, conditionally_transform", error=AssertionError):
        updates, _ = optimizer.update(
            {"model": jnp.ones(()), "critic": jnp.ones(())}, optimizer.init(params), params
        )
        assert updates["model"] == 0.0
