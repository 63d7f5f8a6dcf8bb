"""Check the learned mixture prior against its density written out."""

import jax
import jax.numpy as jnp
import numpy as np
from scipy import stats

from jgen.models import mixture_prior
from tests.helpers.model_parts import random_params

KEY = jax.random.key(0)


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
    params = mixture_prior(3, 5).init(KEY)
    assert np.ptp(params["logits"]) == 0
    assert len(np.unique(params["means"])) == 15


def test_draws_have_the_moments_of_the_density():
    """Means of 20,000 draws, within 5 of their standard errors: two false alarms in a million."""
    prior = mixture_prior(2, 5)
    mixture = prior.distribution(random_params(prior.init), None)
    z = np.asarray(jax.jit(lambda key: mixture.sample(key, (20_000,)))(KEY))
    mean, variance = np.asarray(mixture.mean), np.asarray(mixture.variance)
    assert (abs(z.mean(0) - mean) < 5 * np.sqrt(variance / 20_000)).all()
    squares = (z - mean) ** 2
    assert (abs(squares.mean(0) - variance) < 5 * squares.std(0) / np.sqrt(20_000)).all()
