"""Test the fully connected decoder."""

import numpy as np

from jgen.decoders import MLP, NormalShared
from jgen.models.flax_functions import apply_of
from tests.helpers.decoder_params import some_params


def test_it_is_probabilistic_pca_without_hidden_layers():
    """The mean is z W + b, and the scale one number."""
    decoder = MLP((2, 3), NormalShared(start=0.5), hidden=())
    params = some_params(decoder)
    z = np.random.default_rng(0).normal(size=(4, 2)).astype(np.float32)
    distribution = apply_of(decoder)(params, z)
    dense = params["Dense_0"]
    affine = z @ np.asarray(dense["kernel"]) + np.asarray(dense["bias"])[None]
    np.testing.assert_allclose(distribution.mean, affine.reshape(4, 2, 3), rtol=1e-5, atol=1e-6)
    assert np.unique(distribution.base_dist.scale).size == 1
    assert set(params) == {"Dense_0", "head"}
