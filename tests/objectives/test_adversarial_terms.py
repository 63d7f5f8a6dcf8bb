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
from tests.objectives.test_family import critic, score

KEY = jax.random.key(0)
ADVERSARIAL = adversarial_model(MODEL, critic(data()))


def params_of(dim):
    """Return parameters of model and critic, for critics of inputs of this size."""
    inputs = np.sin(1.0 + np.arange(3.0 * dim)).reshape(dim, 3)
    return {"model": exact_params(), "critic": {"in": inputs, "out": np.array([1.0, -0.5, 0.3])}}


def generate(params, key):
    """Generate examples as the objectives do."""
    z_key, x_key = jax.random.split(key)
    z = jax.vmap(MODEL.prior(params).sample)(jax.random.split(z_key, 4))
    return MODEL.decoder(params, z).sample(x_key)


def gan_losses(model, critic):
    """Return the losses of model and critic."""
    real, fake = score(critic, data()), score(critic, generate(model, KEY))
    sigmoid = jax.nn.log_sigmoid
    return -sigmoid(fake).mean(), -sigmoid(real).mean() - sigmoid(-fake).mean()


def wasserstein_losses(model, critic):
    x, fake = data(), generate(model, KEY)
    share = jax.random.uniform(jax.random.fold_in(KEY, 1), (4, 1), x.dtype)
    between = share * x + (1 - share) * fake
    slopes = jax.vmap(jax.grad(lambda row: score(critic, row[None])[0]))(between)  # [batch, event]
    penalty = jnp.square(jnp.linalg.norm(slopes, axis=1) - 1).mean()
    potential = score(critic, fake).mean()
    return -potential, potential - score(critic, x).mean() + 10.0 * penalty


def autoencoder_losses(model, critic):
    x, z, sigmoid = data(), MODEL.encoder(model, data()).sample(KEY), jax.nn.log_sigmoid
    real = jax.vmap(MODEL.prior(model).sample)(jax.random.split(jax.random.fold_in(KEY, 1), 4))
    of_model = -(MODEL.decoder(model, z).log_prob(x) + 2.0 * sigmoid(score(critic, z))).mean()
    return of_model, -sigmoid(score(critic, real)).mean() - sigmoid(-score(critic, z)).mean()


OBJECTIVES = {
    "gan": (gan(ADVERSARIAL), gan_losses, 6),
    "wasserstein_gan": (wasserstein_gan(ADVERSARIAL), wasserstein_losses, 6),
    "adversarial_autoencoder": (adversarial_autoencoder(ADVERSARIAL, weight=2.0), autoencoder_losses, 2),
}


@functools.cache
def separate_gradients(name):
    """Compute the gradients of model and critic, each of its own loss."""
    _, losses, dim = OBJECTIVES[name]

    @jax.jit
    def gradients(model, critic):
        of_model = jax.grad(lambda model: losses(model, critic)[0])(model)
        return {"model": of_model, "critic": jax.grad(lambda critic: losses(model, critic)[1])(critic)}

    return gradients(**params_of(dim))


def check_gradients(name, objective):
    """Check that model and critic have the gradients of their own losses, in float64.

    Returns:
        Gradients of the loss, and of the mean losses of model and critic in aux.
    """

    def losses(params):
        loss, aux = objective(params, data(), KEY)
        return jnp.stack([loss, aux["model_loss"].mean(), aux["critic_loss"].mean()])

    with jax.enable_x64(True):
        rows = jax.jit(jax.jacrev(losses))(params_of(OBJECTIVES[name][2]))
        found = [jax.tree.map(operator.itemgetter(index), rows) for index in range(3)]
        close = functools.partial(np.testing.assert_allclose, rtol=1e-10, atol=1e-13)
        jax.tree.map(close, found[0], separate_gradients(name))
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
    exact = score(params["critic"], MODEL.decoder(params["model"], z).mean)
    np.testing.assert_allclose(mean["fake_score"], exact, rtol=1e-5)
    assert not np.allclose(sampled["fake_score"], mean["fake_score"], rtol=1e-3)


def narrow(params, z):
    return dist.Delta(MODEL.decoder(params, z).mean[:, :5], event_dim=1)


def coins(params, z):
    return dist.Bernoulli(logits=MODEL.decoder(params, z).mean).to_event(1)


@pytest.mark.parametrize("make", [gan, wasserstein_gan])
def test_models_and_critics_that_do_not_fit_are_refused(make):
    params, key = {"model": exact_params(), "critic": {}}, jax.eval_shape(lambda: KEY)
    for model, scores, complaint in [
        (MODEL, lambda _, x: x, r"one score for each example, \(4,\), got \(4, 6\)"),
        (MODEL._replace(decoder=narrow), lambda _, x: x[:, -1], r"shape \(5,\), the batch's have \(6,\)"),
        (MODEL._replace(decoder=coins), lambda _, x: x[:, -1], "decoder's draws must carry a gradient"),
    ]:
        objective = make(adversarial_model(model, (Partial(dict), scores)))
        with pytest.raises(ValueError, match=complaint):
            jax.eval_shape(objective, params, data(), key)


def test_a_model_without_a_critic_is_refused():
    with pytest.raises(TypeError, match="needs an AdversarialModel, got LatentModel"):
        gan(MODEL)
