"""Check priors without parameters."""

import jax
import jax.numpy as jnp
import numpy as np
from scipy import stats

from jgen.distributions import gaussian
from jgen.models import fixed_prior, standard_prior, vae
from tests.helpers.model_parts import Decoder, Encoder, random_params


def test_the_standard_prior_is_a_standard_normal(x64, rng):  # noqa: ARG001
    z = rng.normal(size=3)
    found = standard_prior(3).distribution({}, None).log_prob(jnp.asarray(z))
    np.testing.assert_allclose(found, stats.norm.logpdf(z).sum())


def test_a_fitted_prior_keeps_the_parameters_of_the_model():
    fitted = gaussian(jnp.ones(2), scale=jnp.full(2, 0.1))
    before, after = (
        vae(Decoder((3,)), Encoder(2), 2, (3,), prior=prior) for prior in (None, fixed_prior(fitted))
    )
    params = random_params(before.init)
    assert jax.tree.structure(params) == jax.tree.structure(random_params(after.init))
    assert after.prior(params).mean.tolist() == [1.0, 1.0]
