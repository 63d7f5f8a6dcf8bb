"""Check that the linear VAE can represent the optimum of probabilistic PCA."""

import jax
import jax.numpy as jnp
import numpy as np

from jgen.models import linear_vae, ppca
from tests.helpers.model_parts import random_params


def test_an_encoder_can_equal_the_exact_posterior(x64, digits):  # noqa: ARG001
    """The columns of W are orthogonal, so the posterior is diagonal and linear in x: an encoder can be it."""
    fit, x = ppca(digits, 3), jnp.asarray(digits[:5])
    model = linear_vae(64, 3)
    posterior = fit.model.encoder(fit.params, x)
    precision = np.asarray(fit.params["decoder"]["weight"]) / np.exp(2 * fit.params["decoder"]["log_scale"])
    weight = np.asarray(posterior.covariance_matrix[0]) @ precision.T
    bias = -weight @ np.asarray(fit.params["decoder"]["bias"])
    encoder = {"weight": weight, "bias": bias, "log_scale": jnp.log(posterior.variance[0]) / 2}
    params = fit.params | {"encoder": jax.tree.map(jnp.asarray, encoder)}
    found = model.encoder(params, x)
    np.testing.assert_allclose(found.mean, posterior.mean, atol=1e-9)
    np.testing.assert_allclose(found.variance, posterior.variance, rtol=1e-9)
    assert jax.tree.structure(params) == jax.tree.structure(random_params(model.init))
