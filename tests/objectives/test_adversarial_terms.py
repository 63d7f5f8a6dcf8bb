"""Test the separated gradients of adversarial objectives, and refusals."""

import functools
import operator

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from jax.tree_util import Partial

from jgen.objectives import adversarial_autoencoder, gan, mean_output, wasserstein_gan
from jgen.objectives.recipe import adversarial_model
from tests.helpers.linear_gaussian import MODEL, data, exact_params
from tests.helpers.marking import first_of_each

KEY = jax.random.key(0)


def score(params, value):
    return jnp.tanh(value @ params["in"]) @ params["out"]


def init_critic(key):
    return {"in": jax.random.normal(key, (6, 3)), "out": jnp.array([1.0, -0.5, 0.3])}


ADVERSARIAL = adversarial_model(MODEL, (Partial(init_critic), Partial(score)))


def params_of(dim):
    """Return parameters of model and critic, for critics of inputs of this size."""
    inputs = np.sin(1.0 + np.arange(3.0 * dim)).reshape(dim, 3)
    return {"model": exact_params(), "critic": {"in": inputs, "out": np.array([1.0, -0.5, 0.3])}}


def generate(params, key):
    """Generate examples as the objectives do."""
    z_key, x_key = jax.random.split(key)
    z = jax.vmap(MODEL.prior(params).sample)(jax.random.split(z_key, 4))
    return MODEL.decoder(params, z).sample(x_key)


def separate(name):
    """Return the losses of model and critic as functions of their parameters alone."""
    x, fixed, sigmoid = data(), params_of(6), jax.nn.log_sigmoid

    def gan_model(model):
        return -sigmoid(score(fixed["critic"], generate(model, KEY))).mean()

    def gan_critic(critic):
        fake = generate(fixed["model"], KEY)
        return -sigmoid(score(critic, x)).mean() - sigmoid(-score(critic, fake)).mean()

    def wasserstein_model(model):
        return -score(fixed["critic"], generate(model, KEY)).mean()

    def wasserstein_critic(critic):
        fake = generate(fixed["model"], KEY)
        share = jax.random.uniform(jax.random.fold_in(KEY, 1), (4, 1), x.dtype)
        between = share * x + (1 - share) * fake
        slopes = jax.vmap(jax.grad(lambda row: score(critic, row[None])[0]))(between)  # [batch, event]
        penalty = jnp.square(jnp.linalg.norm(slopes, axis=1) - 1).mean()
        return score(critic, fake).mean() - score(critic, x).mean() + 10.0 * penalty

    latent = params_of(2)["critic"]

    def autoencoder_model(model):
        z = MODEL.encoder(model, x).sample(KEY)
        return -(MODEL.decoder(model, z).log_prob(x) + 2.0 * sigmoid(score(latent, z))).mean()

    def autoencoder_critic(critic):
        z = MODEL.encoder(fixed["model"], x).sample(KEY)
        keys = jax.random.split(jax.random.fold_in(KEY, 1), 4)
        real = jax.vmap(MODEL.prior(fixed["model"]).sample)(keys)
        return -sigmoid(score(critic, real)).mean() - sigmoid(-score(critic, z)).mean()

    return {
        "gan": (gan_model, gan_critic),
        "wasserstein_gan": (wasserstein_model, wasserstein_critic),
        "adversarial_autoencoder": (autoencoder_model, autoencoder_critic),
    }[name]


OBJECTIVES = {
    "gan": (gan(ADVERSARIAL), 6),
    "wasserstein_gan": (wasserstein_gan(ADVERSARIAL), 6),
    "adversarial_autoencoder": (adversarial_autoencoder(ADVERSARIAL, weight=2.0), 2),
}


def all_gradients(objective, params):
    """Compute gradients of the loss, and of the mean losses of model and critic in aux."""

    def losses(params):
        loss, aux = objective(params, data(), KEY)
        return jnp.stack([loss, aux["model_loss"].mean(), aux["critic_loss"].mean()])

    rows = jax.jit(jax.jacrev(losses))(params)
    return tuple(jax.tree.map(operator.itemgetter(index), rows) for index in range(3))


@functools.cache
def separate_gradients(name):
    """Compute the gradients of model and critic, each of its own loss."""
    model_loss, critic_loss = separate(name)
    both = jax.jit(jax.grad(lambda params: model_loss(params["model"]) + critic_loss(params["critic"])))
    return both(params_of(OBJECTIVES[name][1]))


def assert_same(first, second):
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-13), first, second)


def check_gradients(name, objective):
    """Check that model and critic have the gradients of their own losses, in float64."""
    with jax.enable_x64(True):
        found = all_gradients(objective, params_of(OBJECTIVES[name][1]))
        assert_same(found[0], separate_gradients(name))
    return found


@pytest.mark.parametrize("name", first_of_each(OBJECTIVES))
def test_model_and_critic_have_gradients_of_their_losses_only(name):
    whole, of_model, of_critic = check_gradients(name, OBJECTIVES[name][0])
    for gradient in whole.values():
        assert any(np.any(leaf) for leaf in jax.tree.leaves(gradient))
    for leak in (of_model["critic"], of_critic["model"]):
        assert not any(np.any(leaf) for leaf in jax.tree.leaves(leak))


@pytest.mark.weekly
def test_the_mean_output_has_no_noise_of_the_head():
    params = params_of(6)
    _, sampled = gan(ADVERSARIAL)(params, data(), KEY)
    _, mean = gan(ADVERSARIAL, output=mean_output)(params, data(), KEY)
    z = jax.vmap(MODEL.prior(params["model"]).sample)(jax.random.split(jax.random.split(KEY)[0], 4))
    np.testing.assert_allclose(
        mean["fake_score"], score(params["critic"], MODEL.decoder(params["model"], z).mean), rtol=1e-5
    )
    assert not np.allclose(sampled["fake_score"], mean["fake_score"], rtol=1e-3)


def last(params, value):
    del params
    return value[:, -1]


def flat_score(params, value):
    del params
    return value


def narrow(params, z):
    return dist.Delta(MODEL.decoder(params, z).mean[:, :5], event_dim=1)


def coins(params, z):
    return dist.Bernoulli(logits=MODEL.decoder(params, z).mean).to_event(1)


@pytest.mark.parametrize("make", [gan, wasserstein_gan])
def test_models_and_critics_that_do_not_fit_are_refused(make):
    params, key = {"model": exact_params(), "critic": {}}, jax.eval_shape(lambda: KEY)
    for model, critic, complaint in [
        (MODEL, flat_score, r"one score for each example, \(4,\), got \(4, 6\)"),
        (MODEL._replace(decoder=Partial(narrow)), last, r"examples of shape \(5,\), the batch's have \(6,\)"),
        (MODEL._replace(decoder=Partial(coins)), last, "decoder's draws must carry a gradient"),
    ]:
        objective = make(adversarial_model(model, (Partial(dict), Partial(critic))))
        with pytest.raises(ValueError, match=complaint):
            jax.eval_shape(objective, params, data(), key)


@pytest.mark.parametrize("make", [gan, wasserstein_gan, adversarial_autoencoder])
def test_a_model_without_a_critic_is_refused(make):
    with pytest.raises(TypeError, match="needs an AdversarialModel, got LatentModel"):
        make(MODEL)
