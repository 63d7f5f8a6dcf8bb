"""Test the Gaussian heads against SciPy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats

from jgen.decoders.heads import Normal, NormalLearned, NormalShared


def test_log_prob_equals_that_of_scipy(rng):
    raw, x = rng.normal(size=(2, 3, 2)).astype(np.float32), rng.normal(size=(2, 3)).astype(np.float32)
    scale = 0.01 + np.log1p(np.exp(raw[..., 1].astype(float)))
    for head, width, spread in ((NormalLearned(minimum=0.01), 2, scale), (Normal(0.25), 1, 0.25)):
        truth = scipy.stats.norm(raw[..., 0], spread).logpdf(x).sum(-1)
        log_prob = head.apply({}, jnp.asarray(raw[..., :width])).log_prob(jnp.asarray(x))
        np.testing.assert_allclose(log_prob, truth, rtol=1e-5)


def test_the_shared_scale_has_a_start_and_a_minimum():
    head, raw = NormalShared(start=0.1, minimum=0.05), jnp.zeros((2, 3, 1))
    params = head.init(jax.random.key(0), raw)
    assert jax.tree.map(jnp.shape, params) == {"params": {"scale": ()}}
    np.testing.assert_allclose(head.apply(params, raw).base_dist.scale, 0.1, rtol=1e-6)
    low = head.apply({"params": {"scale": jnp.float32(-1e4)}}, raw)
    np.testing.assert_allclose(low.base_dist.scale, 0.05, rtol=1e-6)


def test_scales_that_are_not_positive_are_refused():
    for make, scale, complaint in [
        (Normal, 0.0, "scale must be positive"),
        (NormalShared, 1e-4, "start - minimum must be positive"),
        (NormalLearned, -1.0, "minimum must be positive"),
    ]:
        with pytest.raises(ValueError, match=complaint):
            make(scale)
