"""Test the importance-weighted bound on a linear Gaussian model."""

import jax
import numpy as np
import numpyro.distributions as dist
import pytest

from jgen.objectives import elbo, iwae, sampled_kl
from tests.helpers import linear_gaussian
from tests.helpers.linear_gaussian import MODEL, data, decoder, encoder, inexact_params, log_prob
from tests.helpers.many_keys import assert_at_most, assert_mean, assert_rises, outcomes


@pytest.mark.usefixtures("x64")
def test_bounds_rise_to_log_p_with_the_number_of_particles():
    params, x = inexact_params(), data()
    exact = log_prob(params, x)
    elbo_truth = exact - linear_gaussian.posterior_gap(params, x)
    assert_mean(outcomes(elbo(MODEL, kl=sampled_kl), params, x)[1]["bound"], elbo_truth)
    few, many = (outcomes(iwae(MODEL, count), params, x)[1] for count in (4, 32))
    assert_mean(few["elbo"], elbo_truth)
    assert_rises(few["elbo"], few["bound"])
    assert_rises(few["bound"], many["bound"])
    assert_at_most(many["bound"], exact)
    assert_mean(np.exp(many["bound"]), np.exp(exact))  # the mean weight is unbiased
    assert ((many["ess"] > 1) & (many["ess"] < 32)).all()


def test_particles_are_decoded_in_one_call_and_averaged():
    calls = []

    def recorded(params, z):
        calls.append(z.shape)
        return decoder(params, z)

    params, x, key = inexact_params(), data(3), jax.random.key(2)
    _, aux = jax.jit(iwae(MODEL._replace(decoder=recorded), 5))(params, x, key)
    assert calls == [(15, 2)]

    @jax.jit
    def log_weight_of(key):
        q = encoder(params, x)
        z = q.sample(key)
        return dist.Normal().log_prob(z).sum(1) + decoder(params, z).log_prob(x) - q.log_prob(z)

    keys = jax.random.split(key, 5)
    log_weight = np.array([log_weight_of(each) for each in keys], np.float64)  # [particle, batch]
    np.testing.assert_allclose(aux["bound"], np.log(np.exp(log_weight).mean(0)), rtol=1e-5)
    np.testing.assert_allclose(aux["elbo"], log_weight.mean(0), rtol=1e-5)
    weight = np.exp(log_weight)
    np.testing.assert_allclose(aux["ess"], weight.sum(0) ** 2 / (weight**2).sum(0), rtol=1e-4)
