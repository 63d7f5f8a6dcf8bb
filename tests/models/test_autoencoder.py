"""Check that the code of an autoencoder is the mean of its encoder."""

import jax
import numpy as np
import numpyro.distributions as dist
import pytest

from jgen.models import Network, autoencoder, vae
from tests.helpers.model_parts import Decoder, Encoder, nothing, random_params, unit_normal

KEY = jax.random.key(0)
SHAPE = (2, 3)
BARE = Network(nothing, unit_normal)


@pytest.fixture(scope="module")
def model():
    return vae(Decoder(SHAPE), Encoder(4), 4, SHAPE)


def test_the_code_is_the_mean_of_the_encoder():
    x = jax.random.normal(KEY, (5, *SHAPE))
    model, stochastic = (
        autoencoder(Decoder(SHAPE), Encoder(4), 4, SHAPE),
        vae(Decoder(SHAPE), Encoder(4), 4, SHAPE),
    )
    params = random_params(model.init)
    code = model.encoder(params, x)
    np.testing.assert_array_equal(code.sample(jax.random.key(1)), stochastic.encoder(params, x).mean)
    np.testing.assert_array_equal(code.sample(jax.random.key(2)), code.mean)
    assert (code.batch_shape, code.event_shape) == ((5,), (4,))

    def point(params, x):  # noqa: ARG001
        return dist.Delta(x, event_dim=1)

    model = autoencoder(BARE, Network(nothing, point), 2, (2,))
    np.testing.assert_array_equal(model.encoder({"encoder": {}}, x[:, 0, :2]).mean, x[:, 0, :2])
