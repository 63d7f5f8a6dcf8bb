"""Check the learned mixture prior against its density written out."""

import jax
import jax.numpy as jnp
import numpy as np
from scipy import stats

from jgen.models import mixture_prior
from tests.helpers.model_parts import random_params


def test_the_density_is_the_mixture_of_the_parameters(x64, rng):  # noqa: ARG001
    prior = mixture_prior(2, 4)
    params = random_params(prior.init)
    z = rng.normal(size=(6, 2))
    weights = np.exp(params["logits"]) / np.exp(params["logits"]).sum()
    densities = stats.norm(params["means"], np.exp(params["log_scales"])).pdf(z[:, None]).prod(-1)
    truth = np.log(densities @ weights)
    found = jax.vmap(prior.distribution(params, None).log_prob)(jnp.asarray(z))
    np.testing.assert_allclose(found, truth, rtol=1e-10)


def test_initial_weights_are_equal_and_means_differ():
    params = mixture_prior(3, 5).init(jax.random.key(0))
    assert np.ptp(params["logits"]) == 0
    assert len(np.unique(params["means"])) == 15
