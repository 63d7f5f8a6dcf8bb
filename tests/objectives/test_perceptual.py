"""Test distances of features."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.tree_util import Partial

from jgen.objectives import perceptual
from tests.helpers.linear_gaussian import MODEL, POINT, data, encoder, inexact_params


def two_layers(weights, x):
    return {"first": x @ weights, "second": 2.0 * x[:, :, None]}


@pytest.mark.usefixtures("x64")
def test_it_is_the_squared_difference_of_features():
    params, x, weights = inexact_params(), data(), jnp.arange(18.0).reshape(6, 3) / 10
    loss, aux = jax.jit(perceptual(POINT, Partial(two_layers, weights)))(params, x, jax.random.key(0))
    off = np.asarray(x - MODEL.decoder(params, encoder(params, x).mean).mean)
    exact = ((off @ weights) ** 2).mean(1) + 4 * (off**2).mean(1)
    np.testing.assert_allclose(aux["perceptual"], exact, rtol=1e-12)
    np.testing.assert_allclose(loss, aux["perceptual"].mean(), rtol=1e-12)


def test_features_that_are_no_function_are_refused():
    with pytest.raises(TypeError, match="features must be a function"):
        perceptual(POINT, 3)
