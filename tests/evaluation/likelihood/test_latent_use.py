"""Check the use of latents where it is known: the optimum of probabilistic principal components."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from jax.tree_util import Partial

from jgen.evaluation.likelihood import latent_use
from jgen.evaluation.likelihood.decoder_model import decoder_model, over_batches
from jgen.models import ppca
from tests.helpers.linear_gaussian import LINEAR, data, exact_params, inexact_params
from tests.helpers.random_keys import fresh_key


def use_of(module, model, params, x):
    with jax.enable_x64(True):
        given = decoder_model(model, params, None, "float64")
        run = partial(over_batches, x=jnp.asarray(x), batch_size=13, first_index=0)
        return module.latent_use(run, given, fresh_key())


def check_ppca(module):
    r"""On its own rows the aggregated posterior has mean 0 and covariance I, Var E[z | x] is
    :math:`1 - s^2 / \lambda`, and the mean divergence :math:`\frac12 \log(\lambda / s^2)` a latent."""
    rows = np.random.default_rng(5).normal(size=(40, 6)) @ np.diag([3.0, 2.0, 1.5, 1.0, 0.5, 0.5])
    with jax.enable_x64(True):
        fit = ppca(rows, 2)
    found = use_of(module, fit.model, fit.params, rows)
    eigenvalues = np.linalg.eigvalsh(np.cov(rows.T, bias=True))[::-1]
    noise = eigenvalues[2:].mean()
    np.testing.assert_allclose(found.aggregate_covariance, np.eye(2), atol=1e-9)
    np.testing.assert_allclose(found.aggregate_mean, 0, atol=1e-9)
    np.testing.assert_allclose(found.variance, 1 - noise / eigenvalues[:2], rtol=1e-9)
    np.testing.assert_allclose(found.kl_by_latent, np.log(eigenvalues[:2] / noise) / 2, rtol=1e-9)
    assert float(found.kl.value) == pytest.approx(found.kl_by_latent.sum(), rel=1e-9)
    assert found.num_active == 2


def test_ppca_uses_its_latents_as_its_eigenvalues_tell():
    check_ppca(latent_use)


def test_a_collapsed_latent_is_not_active_and_costs_nothing():
    params = exact_params()
    part = params["encoder"]
    part["weight"][1], part["bias"][1], part["log_scale"][1] = 0.0, 0.0, 0.0
    found = use_of(latent_use, LINEAR, params, data(30))
    assert found.num_active == 1
    assert found.kl_by_latent[1] == pytest.approx(0.0, abs=1e-12)


def identity_flow(params, x):
    """Return the encoder through a transform that NumPyro has no moments of: the inverse of itself."""
    return dist.TransformedDistribution(
        LINEAR.encoder(params, x), [dist.transforms.ExpTransform(), dist.transforms.ExpTransform().inv]
    )


@pytest.mark.slow
@pytest.mark.usefixtures("unoptimised")
def test_moments_of_a_flow_come_from_draws():
    """Of a Gaussian in disguise: means over 64 draws of 1,000 examples, within 6 errors of its own."""
    x = np.random.default_rng(0).normal(size=(1000, 6))
    plain = use_of(latent_use, LINEAR, inexact_params(), x)
    drawn = use_of(latent_use, LINEAR._replace(encoder=Partial(identity_flow)), inexact_params(), x)
    error = np.sqrt(np.diag(plain.aggregate_covariance) / (64 * 1000))
    assert (abs(drawn.aggregate_mean - plain.aggregate_mean) < 6 * error).all()
    np.testing.assert_allclose(drawn.variance, plain.variance, rtol=0.05)
    assert float(drawn.kl.value) == pytest.approx(float(plain.kl.value), rel=0.05)
    assert drawn.kl_by_latent is None
