"""Priors that learn and priors that do not, against densities written out."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from scipy import stats

from jgen.distributions import gaussian
from jgen.encoders import Flow, MLPEncoder
from jgen.models import fixed_prior, mixture_prior, standard_prior, vae, vamp_prior
from tests.helpers.model_parts import Decoder, Encoder, random_params

KEY = jax.random.key(0)


def test_the_standard_prior_is_standard(x64, rng):  # noqa: ARG001
    z = rng.normal(size=3)
    found = standard_prior(3).distribution({}, None).log_prob(jnp.asarray(z))
    np.testing.assert_allclose(found, stats.norm.logpdf(z).sum())


def test_a_learned_mixture_is_the_mixture_of_its_parameters(x64, rng):  # noqa: ARG001
    prior = mixture_prior(2, 4)
    params = random_params(prior.init)
    z = rng.normal(size=(6, 2))
    weights = np.exp(params["logits"]) / np.exp(params["logits"]).sum()
    densities = stats.norm(params["means"], np.exp(params["log_scales"])).pdf(z[:, None]).prod(-1)
    truth = np.log(densities @ weights)
    found = jax.vmap(prior.distribution(params, None).log_prob)(jnp.asarray(z))
    np.testing.assert_allclose(found, truth, rtol=1e-10)


def test_a_learned_mixture_starts_with_equal_weights_and_unlike_means():
    params = mixture_prior(3, 5).init(KEY)
    assert np.ptp(params["logits"]) == 0
    assert len(np.unique(params["means"])) == 15


def test_the_mixture_of_posteriors_is_the_mean_of_the_encoders_flows_too(x64, rng):  # noqa: ARG001
    """A flow knows each pseudo-input apart: its density at z takes z once for each of them."""
    inputs, z = rng.normal(size=(3, 4)), rng.normal(size=(5, 2))
    encoder = MLPEncoder(2, hidden=(4,), posterior=Flow(num_layers=2, hidden=3))
    model = vae(Decoder((4,)), encoder, 2, (4,), prior=vamp_prior(inputs))
    params = random_params(model.init)
    params["prior"]["inputs"] = jnp.asarray(inputs)

    @jax.jit
    def both(params):
        apart = [model.encoder(params, inputs[k : k + 1]) for k in range(3)]
        each = jnp.stack([jax.vmap(law.log_prob)(z[:, None])[:, 0] for law in apart])  # [pseudo-input, row]
        prior = model.prior(params)
        draws = jax.vmap(prior.sample)(jax.random.split(KEY, 4))
        return jax.vmap(prior.log_prob)(z), jax.nn.logsumexp(each, axis=0) - jnp.log(3), draws

    found, truth, draws = both(params)
    np.testing.assert_allclose(found, truth, rtol=1e-10)
    assert draws.shape == (4, 2)


def test_pseudo_inputs_start_where_they_are_put_and_reach_the_encoder(x64, rng):  # noqa: ARG001
    inputs = rng.normal(size=(5, 2, 3))
    model = vae(Decoder((2, 3)), Encoder(2), 2, (2, 3), prior=vamp_prior(inputs))
    np.testing.assert_array_equal(vamp_prior(inputs).init(KEY)["inputs"], inputs)
    params = random_params(model.init)
    slope = jax.jit(jax.grad(lambda params: model.prior(params).log_prob(jnp.ones(2))))(params)
    sizes = jax.tree.map(lambda leaf: float(jnp.abs(leaf).max()), slope)
    assert sizes["prior"]["inputs"] > 0
    assert min(jax.tree.leaves(sizes["encoder"])) > 0
    assert max(jax.tree.leaves(sizes["decoder"])) == 0


def test_draws_have_the_moments_of_the_density():
    """Means of 20,000 draws, within 5 of their standard errors: two false alarms in a million."""
    prior = mixture_prior(2, 5)
    law = prior.distribution(random_params(prior.init), None)
    z = np.asarray(jax.jit(lambda key: law.sample(key, (20_000,)))(KEY))
    mean, variance = np.asarray(law.mean), np.asarray(law.variance)
    assert (abs(z.mean(0) - mean) < 5 * np.sqrt(variance / 20_000)).all()
    squares = (z - mean) ** 2
    assert (abs(squares.mean(0) - variance) < 5 * squares.std(0) / np.sqrt(20_000)).all()


def test_a_prior_fitted_afterwards_is_another_model_of_the_same_parameters():
    fitted = gaussian(jnp.ones(2), scale=jnp.full(2, 0.1))
    before, after = (
        vae(Decoder((3,)), Encoder(2), 2, (3,), prior=prior) for prior in (None, fixed_prior(fitted))
    )
    params = random_params(before.init)
    assert jax.tree.structure(params) == jax.tree.structure(random_params(after.init))
    assert after.prior(params).mean.tolist() == [1.0, 1.0]


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: fixed_prior(dist.Normal(jnp.zeros(2), 1.0)), ValueError, "to_event"),
        (lambda: fixed_prior(dist.Normal(0.0, 1.0)), ValueError, "over one latent vector"),
        (lambda: standard_prior(-1), ValueError, "negative"),
        (lambda: mixture_prior(2, 0), ValueError, "at least 1"),
        (lambda: mixture_prior(0, 2), ValueError, "at least 1"),
        (lambda: vamp_prior(np.ones(3)), ValueError, "pseudo-input"),
        (lambda: vamp_prior(np.ones((0, 3))), ValueError, "pseudo-input"),
        (lambda: vamp_prior(np.ones((2, 3), int)), TypeError, "floating-point"),
    ],
)
def test_mistakes_are_named(call, error, words):
    with pytest.raises(error, match=words):
        call()
