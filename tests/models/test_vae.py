"""Check that each part of a VAE uses its own parameters."""

import jax.numpy as jnp
import numpy as np

from jgen.models import vae
from tests.helpers.model_parts import Decoder, Encoder, random_params

SHAPE = (2, 3)


def test_each_part_reads_its_own_parameters():
    model = vae(Decoder(SHAPE), Encoder(4), 4, SHAPE)
    params = random_params(model.init)
    assert set(params) == {"prior", "decoder", "encoder"}
    assert params["prior"] == {}
    x = jnp.ones((5, *SHAPE))
    posterior = model.encoder(params, x)
    direct = Encoder(4).apply({"params": params["encoder"]}, x)
    np.testing.assert_array_equal(posterior.mean, direct.mean)
    decoded = model.decoder(params, posterior.mean)
    direct = Decoder(SHAPE).apply({"params": params["decoder"]}, posterior.mean)
    np.testing.assert_array_equal(decoded.mean, direct.mean)
    assert (decoded.batch_shape, decoded.event_shape) == ((5,), SHAPE)
    assert (model.prior(params).batch_shape, model.prior(params).event_shape) == ((), (4,))
