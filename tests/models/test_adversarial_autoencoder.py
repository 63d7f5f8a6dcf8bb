"""Check that the critic of an adversarial autoencoder scores codes."""

import jax.numpy as jnp

from jgen.models import adversarial_autoencoder
from tests.helpers.model_parts import Critic, Decoder, Encoder, random_params

SHAPE = (2, 3)


def test_the_critic_scores_codes():
    images, codes = jnp.ones((5, *SHAPE)), jnp.ones((5, 4))
    pair = adversarial_autoencoder(Decoder(SHAPE), Encoder(4), Critic(), 4, SHAPE)
    params = random_params(pair.init)
    assert pair.critic(params["critic"], codes).shape == (5,)
    assert params["critic"]["Dense_0"]["kernel"].shape == (4, 6)
    assert pair.model.encoder(params["model"], images).event_shape == (4,)
