"""What does not fit is refused at trace time, by name and with both shapes."""

import jax
import jax.numpy as jnp
import numpyro.distributions as dist
import pytest
from jax.tree_util import Partial

from jgen.objectives import (
    adversarial_autoencoder,
    bce,
    contractive,
    decoder_gradient,
    dreg,
    elbo,
    gan,
    iwae,
    kl,
    latent_l2,
    mmd,
    mse,
    perceptual,
    reconstruction,
    renyi,
    scheduled,
    sliced_wasserstein,
    wasserstein_gan,
    weighted,
)
from jgen.objectives.recipe import versus
from jgen.training import adversarial_optimizer
from jgen.types import AdversarialModel
from tests.helpers.linear_gaussian import MODEL, data, encoder, exact_params

KEY = jax.eval_shape(lambda: jax.random.key(0))
OF_A_DENSITY = {
    "elbo": elbo,
    "iwae": lambda m: iwae(m, 2),
    "dreg": lambda m: dreg(m, 2),
    "renyi": lambda m: renyi(m, 2),
    "kl": kl,
}
OF_CODES = OF_A_DENSITY | {
    "reconstruction": reconstruction,
    "mse": mse,
    "bce": bce,
    "mmd": mmd,
    "sliced_wasserstein": sliced_wasserstein,
    "latent_l2": latent_l2,
    "decoder_gradient": decoder_gradient,
    "contractive": contractive,
    "perceptual": lambda m: perceptual(m, jnp.abs),
    "adversarial_autoencoder": lambda m: adversarial_autoencoder(versus(m, (Partial(dict), Partial(last)))),
}


def last(params, value):
    del params
    return value[:, -1]


def trace(objective, params=None, x=None):
    params = exact_params() if params is None else params
    if isinstance(objective.args[0], AdversarialModel):
        params = {"model": params, "critic": {}}
    return jax.eval_shape(objective, params, data() if x is None else x, KEY)


def point(params, x):
    return dist.Delta(encoder(params, x).mean, event_dim=1)


def no_gradient(params, x):
    return dist.Bernoulli(logits=encoder(params, x).mean).to_event(1)


def forgets_the_event(params, x):
    return encoder(params, x).base_dist


def batched_prior(params):
    del params
    return dist.Normal(jnp.zeros(2), 1.0)


@pytest.mark.parametrize("name", OF_CODES)
def test_codes_need_an_encoder_of_the_priors_size(name):
    make = OF_CODES[name]
    with pytest.raises(ValueError, match="no encoder"):
        trace(make(MODEL._replace(encoder=None)))
    other = exact_params()
    other["encoder"] = exact_params(6, 3)["encoder"]
    with pytest.raises(ValueError, match=r"encoder's latents have shape \(3,\) and the prior's \(2,\)"):
        trace(make(MODEL), other)
    with pytest.raises(ValueError, match=r"encoder does not take an input of shape \(4, 5\)"):
        trace(make(MODEL), x=data()[:, :5])


@pytest.mark.parametrize("name", OF_A_DENSITY)
def test_a_point_has_no_density(name):
    with pytest.raises(ValueError, match=r"Delta.*no density"):
        trace(OF_A_DENSITY[name](MODEL._replace(encoder=Partial(point))))


@pytest.mark.parametrize("make", [elbo, reconstruction, mmd])
def test_draws_must_carry_a_gradient(make):
    with pytest.raises(ValueError, match=r"encoder's draws must carry a gradient.*Independent"):
        trace(make(MODEL._replace(encoder=Partial(no_gradient))))


def test_parts_that_do_not_fit_are_named():
    params = exact_params()
    wide = params | {"decoder": exact_params(8, 2)["decoder"]}
    for make in (elbo, mse, reconstruction, lambda m: perceptual(m, jnp.abs)):
        with pytest.raises(ValueError, match=r"decoder's examples have shape \(8,\).*got \(4, 6\)"):
            trace(make(MODEL), wide)
    bad_bias = params | {"decoder": params["decoder"] | {"bias": jnp.zeros(5)}}
    with pytest.raises(ValueError, match=r"decoder does not take an input of shape \(4, 2\)"):
        trace(elbo(MODEL), bad_bias)
    with pytest.raises(ValueError, match=r"encoder must return one distribution per example.*to_event"):
        trace(elbo(MODEL._replace(encoder=Partial(forgets_the_event))))
    with pytest.raises(ValueError, match=r"prior must be one distribution.*to_event\(1\)"):
        trace(elbo(MODEL._replace(prior=Partial(batched_prior))))
    with pytest.raises(ValueError, match="bce needs a decoder with one logit"):
        trace(bce(MODEL))
    with pytest.raises(ValueError, match="2 examples, got 1"):
        trace(mmd(MODEL), x=data(1))


def test_numbers_are_checked():
    for options in ({"beta": -0.1}, {"beta": float("nan")}, {"free_bits": -1}, {"capacity": float("inf")}):
        with pytest.raises(ValueError, match=f"{next(iter(options))} must be finite and at least 0"):
            elbo(MODEL, **options)
    with pytest.raises(ValueError, match="alpha must be finite"):
        renyi(MODEL, 2, alpha=float("inf"))
    for make in (iwae, dreg, renyi, sliced_wasserstein):
        with pytest.raises(ValueError, match="must be at least 1; got 0"):
            make(MODEL, 0)
        with pytest.raises(TypeError, match=r"must be an int.*2\.0"):
            make(MODEL, 2.0)
    with pytest.raises(ValueError, match="critic_steps must be at least 1"):
        adversarial_optimizer(None, None, critic_steps=0)


def test_kinds_are_checked():
    game = versus(MODEL, (Partial(dict), Partial(last)))
    with pytest.raises(TypeError, match="LatentModel, got AdversarialModel"):
        elbo(game)
    for make in (gan, wasserstein_gan, adversarial_autoencoder):
        with pytest.raises(TypeError, match=r"Game.*got LatentModel"):
            make(MODEL)
    with pytest.raises(TypeError, match="features must be a function"):
        perceptual(MODEL, 3)
    with pytest.raises(TypeError, match="pair"):
        weighted(a=elbo(MODEL))
    with pytest.raises(ValueError, match="at least one part"):
        weighted()
    with pytest.raises(ValueError, match="weight of a"):
        weighted(a=(float("nan"), elbo(MODEL)))
    with pytest.raises(TypeError, match="beta must be a function"):
        scheduled(elbo, beta=1.0)
    with pytest.raises(ValueError, match="at least one schedule"):
        scheduled(elbo)


def flat_score(params, value):
    del params
    return value


def narrow(params, z):
    return dist.Delta(MODEL.decoder(params, z).mean[:, :5], event_dim=1)


def coins(params, z):
    return dist.Bernoulli(logits=MODEL.decoder(params, z).mean).to_event(1)


@pytest.mark.parametrize("make", [gan, wasserstein_gan])
def test_a_game_whose_players_do_not_fit(make):
    params = {"model": exact_params(), "critic": {}}

    def trace_game(model, score):
        return jax.eval_shape(make(versus(model, (Partial(dict), Partial(score)))), params, data(), KEY)

    with pytest.raises(ValueError, match=r"one score for each example, \(4,\), got \(4, 6\)"):
        trace_game(MODEL, flat_score)
    with pytest.raises(ValueError, match=r"makes examples of shape \(5,\), the batch's have \(6,\)"):
        trace_game(MODEL._replace(decoder=Partial(narrow)), last)
    with pytest.raises(ValueError, match="decoder's draws must carry a gradient"):
        trace_game(MODEL._replace(decoder=Partial(coins)), last)
