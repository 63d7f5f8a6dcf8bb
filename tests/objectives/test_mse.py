"""Test the squared error against the likelihood of a Normal."""

import numpy as np
import pytest

from jgen.objectives import mse, reconstruction
from tests.helpers.linear_gaussian import MODEL, POINT, data, encoder, inexact_params
from tests.helpers.many_keys import with_gradient


@pytest.mark.usefixtures("x64")
def test_it_is_equivalent_to_a_normal_of_fixed_scale():
    params, x, scale = inexact_params(), data(), 0.7
    (loss, aux), gradient = with_gradient(mse(POINT), params, x)
    mean = MODEL.decoder(params, encoder(params, x).mean).mean
    np.testing.assert_allclose(aux["squared_error"], ((x - mean) ** 2).mean(1), rtol=1e-12)
    (nats, exact), of_nats = with_gradient(reconstruction(POINT), params, x)
    normaliser = 6 * np.log(scale * np.sqrt(2 * np.pi))
    np.testing.assert_allclose(nats, 6 * loss / (2 * scale**2) + normaliser, rtol=1e-12)
    np.testing.assert_allclose(exact["reconstruction"].mean(), -nats, rtol=1e-12)
    scaled = 6 * gradient["encoder"]["weight"] / (2 * scale**2)
    np.testing.assert_allclose(of_nats["encoder"]["weight"], scaled, rtol=1e-10)
