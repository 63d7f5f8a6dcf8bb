"""Test estimates of the divergence of the posterior from the prior."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.tree_util import Partial

from jgen.distributions.multivariate_normal import MultivariateNormal
from jgen.objectives import elbo, kl, kl_by_coordinate, sampled_kl
from tests.helpers.linear_gaussian import MODEL, data, encoder, exact_params, inexact_params
from tests.helpers.many_keys import assert_mean, outcomes


def correlated(params, x):
    """Return a posterior that does not factorise."""
    mean = encoder(params, x).mean
    factor = jnp.array([[0.5, 0.0], [0.4, 0.3]], mean.dtype)
    return MultivariateNormal(mean, scale_tril=jnp.broadcast_to(factor[None], (x.shape[0], 2, 2)))


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("posterior", [encoder, pytest.param(correlated, marks=pytest.mark.weekly)])
def test_closed_form_and_sampled_divergences_agree(posterior):
    model, params, x = MODEL._replace(encoder=Partial(posterior)), inexact_params(), data()
    q = posterior(params, x)
    covariance = np.asarray(q.covariance_matrix[0] if posterior is correlated else np.diag(q.variance[0]))
    squares = np.trace(covariance) + (np.asarray(q.mean) ** 2).sum(1)
    exact = (squares - 2 - np.linalg.slogdet(covariance)[1]) / 2
    loss, aux = jax.jit(kl(model))(params, x, jax.random.key(0))
    np.testing.assert_allclose(aux["kl"], exact, rtol=1e-12)
    np.testing.assert_allclose(loss, exact.mean(), rtol=1e-12)
    sampled = outcomes(kl(model, by=sampled_kl), params, x)[1]["kl"]
    assert_mean(sampled, exact)
    assert np.asarray(sampled).std(0).min() > 0.1


def test_coordinates_of_a_posterior_that_does_not_factorise_are_refused():
    model, key = MODEL._replace(encoder=Partial(correlated)), jax.eval_shape(lambda: jax.random.key(0))
    with pytest.raises(ValueError, match="kl_by_coordinate"):
        jax.eval_shape(elbo(model, kl=kl_by_coordinate), exact_params(), data(), key)
