"""Check that model and critic have their own parameters and inputs."""

import jax
import jax.numpy as jnp
import numpyro.distributions as dist

from jgen.models import Network, gan
from tests.helpers.model_parts import Critic, Decoder, random_params

KEY = jax.random.key(0)
SHAPE = (2, 3)


def test_a_generator_may_have_no_latent():
    def constant(params, z):
        mean = jnp.broadcast_to(params["mean"], (len(z), 2))
        return dist.Normal(mean, jnp.ones_like(mean)).to_event(1)

    pair = gan(Network(lambda key: {"mean": jnp.ones(2)}, constant), Critic(), 0, (2,))  # noqa: ARG005
    z = jax.vmap(pair.model.prior({"prior": {}}).sample)(jax.random.split(KEY, 3))
    assert z.shape == (3, 0)
    assert pair.model.decoder(pair.init(KEY)["model"], z).mean.shape == (3, 2)


def test_model_and_critic_have_their_own_parameters_and_inputs():
    images = jnp.ones((5, *SHAPE))
    pair = gan(Decoder(SHAPE, scale=0.0), Critic(), 4, SHAPE)
    params = random_params(pair.init)
    assert set(params) == {"model", "critic"}
    assert pair.model.encoder is None
    assert params["model"]["encoder"] == {}
    assert pair.critic(params["critic"], images).shape == (5,)
